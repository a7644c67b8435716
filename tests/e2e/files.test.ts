/** Files on the page: up by button, drop and paste, with what goes wrong; down from the agent. */
import { readFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import { liveOrSkip } from '@surfaces/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeEach, expect, type TestContext, test } from 'vitest';
import { launchBrowser, Person } from './person.ts';
import { RunningApp } from './running-app.ts';

let app: RunningApp;
let browser: Browser;

beforeEach(async (context) => {
  browser = await launchBrowser(liveOrSkip(context as TestContext, 'chromium'));
  app = new RunningApp({ FILE_MAX_MB: '1' });
  await app.start();
}, 60_000);
afterEach(async () => {
  await browser?.close();
  await app?.dispose();
});

const CSV = { name: 'prices.csv', mimeType: 'text/csv', buffer: Buffer.from('city,price\nOslo,3\nRome,5\n') };

/** A picture of one colour, 16 by 16. */
function picture(): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8 + body.length);
    frame.writeUInt32BE(data.length, 0);
    body.copy(frame, 4);
    frame.writeUInt32BE(crc32(body), 4 + body.length);
    return frame;
  };
  const header = Buffer.from([0, 0, 0, 16, 0, 0, 0, 16, 8, 2, 0, 0, 0]);
  const rows = Buffer.alloc(16 * (1 + 16 * 3), 0x60).map((byte, i) => (i % 49 === 0 ? 0 : byte));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const upload = (person: Person, state: string) =>
  person.page.locator(`[data-testid=upload][data-state=${state}]`);

async function attach(person: Person, files: { name: string; mimeType: string; buffer: Buffer }[]) {
  const [chooser] = await Promise.all([
    person.page.waitForEvent('filechooser'),
    person.page.getByTestId('attach').click(),
  ]);
  await chooser.setFiles(files);
}

/** As a browser tells of files that are dropped or pasted. */
function give(page: Page, how: 'drop' | 'paste', name: string, text: string): Promise<void> {
  return page.evaluate(
    ([how, name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name, { type: 'text/plain' }));
      const event =
        how === 'drop'
          ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      document.querySelector('[data-testid=composer]')?.dispatchEvent(event);
    },
    [how, name, text] as const,
  );
}

test('files by button, drop and paste; the agent reads them and sends one back', async () => {
  const person = await Person.open(browser, app.url);
  await attach(person, [CSV]);
  await give(person.page, 'drop', 'dropped.txt', 'one\ntwo\nthree\n');
  await give(person.page, 'paste', 'pasted.txt', 'four\n');
  await expect.poll(() => upload(person, 'done').count()).toBe(3);
  await person.say('files');
  const sent = person.page.locator('[data-role=person] [data-testid=attachment]');
  await expect.poll(() => sent.count()).toBe(3);
  const answer = await person.answer(/prices\.csv/);
  expect(await answer.innerText()).toContain('dropped.txt');
  expect(await upload(person, 'done').count()).toBe(0);

  await person.say('report');
  const got = person.page.locator('[data-role=agent] [data-testid=attachment]');
  await got.waitFor();
  expect(await got.innerText()).toMatch(/report\.md/);
  const [download] = await Promise.all([
    person.page.waitForEvent('download'),
    got.getByTestId('download').click(),
  ]);
  expect(download.suggestedFilename()).toBe('report.md');
  expect(await readFile(await download.path(), 'utf8')).toContain('prices.csv');
  await person.page.reload();
  await expect.poll(() => person.page.getByTestId('attachment').count()).toBe(4);
  expect(person.complaints).toEqual([]);
}, 90_000);

test('a picture is shown, small in its place and larger by a click or a key', async () => {
  const person = await Person.open(browser, app.url);
  await attach(person, [{ name: 'grey.png', mimeType: 'image/png', buffer: picture() }]);
  await upload(person, 'done').waitFor();
  // Without a word.
  await person.page.getByTestId('send').click();
  const preview = person.page.getByTestId('attachment').getByTestId('preview');
  await preview.waitFor();
  const width = () => preview.locator('img').evaluate((image) => (image as HTMLImageElement).naturalWidth);
  await expect.poll(width).toBe(16);
  await preview.press('Enter');
  const dialog = person.page.getByTestId('image-dialog');
  await dialog.locator('img').waitFor();
  await person.page.keyboard.press('Escape');
  await expect.poll(() => dialog.count()).toBe(0);
  expect(person.complaints).toEqual([]);
}, 60_000);

test('what cannot be sent is named with its reason, and keeps the message until it is taken away', async () => {
  const person = await Person.open(browser, app.url);
  await attach(person, [
    { name: 'large.bin', mimeType: '', buffer: Buffer.alloc(1024 * 1024 + 1) },
    { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
    CSV,
  ]);
  await person.page.getByText('Too large: at most 1 MB can be sent.').waitFor();
  await person.page.getByText('This file is empty').waitFor();
  await upload(person, 'done').waitFor();
  await person.say('columns');
  // Nothing of it is cured by trying again.
  await person.page.getByText(/Remove what cannot; then send/).waitFor();
  expect(await person.page.getByTestId('upload-retry').count()).toBe(0);
  expect(await person.messages.count()).toBe(0);
  for (let left = 2; left > 0; left--) {
    await upload(person, 'failed').first().getByTestId('upload-cancel').click();
    await expect.poll(() => upload(person, 'failed').count()).toBe(left - 1);
  }
  await person.composer.press('Enter');
  await person.answer(/price/);
}, 60_000);

test('an upload that breaks is tried again; a reload says what it cut off and keeps what was up', async () => {
  const person = await Person.open(browser, app.url);
  const { page } = person;
  let breaks = true;
  await page.route(/\/upload\?/, (route) => (breaks ? route.abort('connectionreset') : route.continue()));
  await attach(person, [CSV]);
  await upload(person, 'failed').waitFor();
  breaks = false;
  await page.getByTestId('upload-retry').click();
  await upload(person, 'done').waitFor();
  // The next one is never answered.
  await page.unroute(/\/upload\?/);
  await page.route(/\/upload\?/, () => undefined);
  await attach(person, [{ ...CSV, name: 'never.csv' }]);
  await upload(person, 'sending').waitFor();
  await person.say('columns');
  await page.getByTestId('send-waits').waitFor();
  await page.reload();
  await page.getByText(/The page was left before all of it was sent/).waitFor();
  expect(await upload(person, 'failed').innerText()).toContain('never.csv');
  expect(await upload(person, 'done').innerText()).toContain('prices.csv');
  expect(await person.composer.inputValue()).toBe('columns');
  await upload(person, 'failed').getByTestId('upload-cancel').click();
  await person.composer.press('Enter');
  await person.answer(/price/);
}, 60_000);

test('a message waits for its files, also while another chat is open; each chat has its own', async () => {
  const person = await Person.open(browser, app.url);
  const { page } = person;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\/upload\?/, async (route) => {
    await held;
    await route.continue();
  });
  await attach(person, [CSV]);
  await person.say('columns');
  await page.getByTestId('send-waits').waitFor();
  // Without its file it is not sent by itself.
  await page.getByTestId('upload-cancel').click();
  await expect.poll(() => page.getByTestId('send-waits').count()).toBe(0);
  expect(await person.composer.inputValue()).toBe('columns');
  expect(await person.messages.count()).toBe(0);
  await attach(person, [CSV]);
  await person.composer.press('Enter');
  await page.getByTestId('send-waits').waitFor();
  const first = page.url();
  await page.getByTestId('new-chat').click();
  await expect.poll(() => page.url(), { timeout: 10_000 }).not.toBe(first);
  expect(await page.getByTestId('upload').count()).toBe(0);
  release();
  await page.goBack();
  await person.answer(/price/);
  expect(await person.page.locator('[data-role=person] [data-testid=attachment]').count()).toBe(1);
}, 60_000);
