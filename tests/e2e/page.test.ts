/**
 * The page in a real browser, against the whole app and its real agent process, as a person uses it.
 * Pictures of what is seen go to `SURFACES_SCREENSHOTS` or a new temporary directory.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveOrSkip } from '@surfaces/testkit';
import type { Browser } from 'playwright-core';
import { afterEach, beforeEach, expect, onTestFinished, type TestContext, test, vi } from 'vitest';
import { contrast } from './contrast.ts';
import { launchBrowser, Person } from './person.ts';
import { RunningApp } from './running-app.ts';

const PICTURES = process.env.SURFACES_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'surfaces-pictures-'));
mkdirSync(PICTURES, { recursive: true });

let app: RunningApp;
let browser: Browser;

beforeEach(async (context) => {
  browser = await launchBrowser(liveOrSkip(context as TestContext, 'chromium'));
  app = new RunningApp();
  await app.start();
}, 60_000);
afterEach(async () => {
  await browser?.close();
  await app?.dispose();
});

async function picture(person: Person, name: string): Promise<void> {
  await person.page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** What a screen reader was told, each text once in the order of saying. */
async function listen(person: Person): Promise<() => Promise<string[]>> {
  await person.page.evaluate(() => {
    const said: string[] = [];
    Object.assign(globalThis, { said });
    const region = document.querySelector('[aria-live=polite]');
    if (region === null) throw new Error('there is no live region');
    new MutationObserver(() => said.push(region.textContent ?? '')).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  return () => person.page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
}

test('a message, its growing answer, its final answer; a tool; the commands', async () => {
  const person = await Person.open(browser, app.url);
  await expect.poll(() => person.page.getByTestId('example').count()).toBe(4);
  const said = await listen(person);
  await person.composer.pressSequentially('slow 2');
  await person.composer.press('Enter');
  await person.message('person', 'accepted', 'slow 2').waitFor();
  const growing = person.message('agent', 'streaming', 'the river');
  await growing.waitFor();
  // It is the same element to the end: what was selected in it stays so.
  await growing.evaluate((element) => element.setAttribute('data-seen', 'yes'));
  const answer = await person.answer(/^the river takes its time and reaches the/);
  expect(await answer.getAttribute('data-seen')).toBe('yes');
  expect(await person.page.locator('[data-state=streaming]').count()).toBe(0);
  expect((await said()).filter((text) => text.includes('the river'))).toHaveLength(1);

  await person.say('search');
  await person.message('agent', 'streaming', 'Looking through the shelves').waitFor();
  await person.answer(/three books/);
  await person.say('/help');
  await person.answer(/What you can say/, 'system');
  await person.say('/nonsense');
  await person.answer(/do not know/, 'system');
  await person.say('   \n ');
  expect((await person.shown()).map(({ role }) => role)).toEqual([
    ...['person', 'agent', 'person', 'agent'],
    ...['person', 'system', 'person', 'system'],
  ]);
  expect(person.complaints).toEqual([]);
}, 60_000);

test('a first try by an example; questions of the agent are answered by a click', async () => {
  const person = await Person.open(browser, app.url);
  await person.page.getByTestId('example').nth(3).click();
  await person.page.getByTestId('confirm-option').nth(2).click();
  await person.answer(/Left as it is/);
  await person.say('confirm it');
  const options = person.page.getByTestId('confirm-option');
  await expect.poll(() => options.count()).toBe(6);
  await options.nth(3).click();
  await person.answer(/Done, as you wished/);
  expect(await options.nth(3).getAttribute('aria-pressed')).toBe('true');
}, 60_000);

test('stop ends an answer; a failed one is asked again', async () => {
  const person = await Person.open(browser, app.url);
  expect(await person.page.getByTestId('stop').count()).toBe(0);
  await person.say('slow 100');
  await person.message('agent', 'streaming', 'the river').waitFor();
  await person.page.getByTestId('stop').click();
  await person.answer(/Stopped/, 'system');
  await person.page.getByTestId('stop').waitFor({ state: 'detached' });
  await person.say('fail');
  const failed = person.message('system', 'failed', 'You asked me to fail');
  await failed.first().waitFor();
  await failed.first().getByTestId('retry').click();
  await expect.poll(() => failed.count()).toBe(2);
}, 60_000);

test('two browsers stay in step', async () => {
  const one = await Person.open(browser, app.url);
  const two = await Person.open(browser, app.url, { colorScheme: 'dark' });
  await one.say('slow 2');
  await two.message('agent', 'streaming', 'the river').waitFor();
  await two.say('from the second');
  await one.answer(/from the second/);
  await two.answer(/from the second/);
  const seen = await one.shown();
  expect(seen).toEqual(await two.shown());
  expect(seen).toHaveLength(4);
  await two.page.reload();
  await two.answer(/from the second/);
  expect(await two.shown()).toEqual(seen);
}, 60_000);

test('the server goes and comes back: nothing is missing, nothing is there twice', async () => {
  const person = await Person.open(browser, app.url);
  const other = await Person.open(browser, app.url);
  await person.say('before');
  await person.answer(/^before/);
  await app.stop('SIGKILL');
  await person.offline();
  await person.page.getByTestId('offline').waitFor();
  for (const text of ['first away', 'second away', 'third away']) await person.say(text);
  await person.message('person', 'sending', 'third away').waitFor();
  await picture(person, 'offline');
  // What is being written is kept over a reload, as are messages that were not sent.
  await person.composer.fill('half a thought');
  await app.start();
  await person.online();
  await other.online();
  const words = ['before', 'first away', 'second away', 'third away'];
  await person.answer(/^third away/);
  await other.answer(/^third away/);
  for (const one of [person, other]) {
    const shown = await one.shown();
    for (const role of ['person', 'agent']) {
      expect(shown.filter((message) => message.role === role).map(({ text }) => text)).toEqual(words);
    }
  }
  await person.page.reload();
  await person.answer(/^third away/);
  expect(await person.composer.inputValue()).toBe('half a thought');
  expect(await person.messages.count()).toBe(8);
}, 90_000);

test('what was not sent outlives the page', async () => {
  const person = await Person.open(browser, app.url);
  // The server takes no more of this page's frames, as one that is stuck.
  await person.page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      if (!String(frame).includes('"type":"message"')) server.send(frame);
    });
  });
  await person.page.reload();
  await person.online();
  await person.say('kept one');
  await person.say('kept two');
  await person.message('person', 'sending', 'kept two').waitFor();
  const page = await person.page.context().newPage();
  await page.goto(app.url);
  await page.locator('[data-role=agent][data-state=final]', { hasText: 'kept two' }).waitFor();
  const texts = await page.locator('[data-role=person] .bubble').allTextContents();
  expect(texts).toEqual(['kept one', 'kept two']);
  // The first page sees by the entries that they arrived.
  await expect.poll(() => person.message('person', 'accepted', 'kept').count()).toBe(2);
  expect(await person.message('person', 'sending', 'kept').count()).toBe(0);
}, 60_000);

test('by keyboard alone', async () => {
  const person = await Person.open(browser, app.url);
  const { keyboard } = person.page;
  const focused = () => person.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
  const tabTo = async (id: string, key: 'Tab' | 'Shift+Tab') => {
    for (let i = 0; i < 20 && (await focused()) !== id; i++) await keyboard.press(key);
    expect(await focused()).toBe(id);
  };
  expect(await focused()).toBe('composer');
  await keyboard.type('one');
  await keyboard.press('Shift+Enter');
  await keyboard.type('two');
  await keyboard.press('Enter');
  const answer = await person.answer(/one/);
  expect(await answer.innerText()).toMatch(/one\s+two/);
  await keyboard.type('confirm it');
  await keyboard.press('Enter');
  await person.page.getByTestId('confirm-option').first().waitFor();
  await tabTo('confirm-option', 'Shift+Tab');
  await keyboard.press('Enter');
  await person.answer(/Left as it is/);
  await tabTo('theme', 'Shift+Tab');
  await keyboard.press('Enter');
  expect(await person.page.evaluate(() => document.documentElement.dataset.theme)).toBe('light');
  const outline = await person.page.evaluate(
    () => getComputedStyle(document.activeElement as Element).outlineStyle,
  );
  expect(outline).toBe('solid');
}, 60_000);

test('Enter belongs to the input method while a word is being composed', async () => {
  const person = await Person.open(browser, app.url);
  const client = await person.page.context().newCDPSession(person.page);
  await person.composer.focus();
  await client.send('Input.imeSetComposition', { selectionStart: 1, selectionEnd: 1, text: '한' });
  await person.composer.dispatchEvent('keydown', { key: 'Enter', isComposing: true, keyCode: 229 });
  expect(await person.messages.count()).toBe(0);
  await client.send('Input.insertText', { text: '한글' });
  await person.composer.press('Enter');
  await person.answer(/한글/);
}, 60_000);

test('three languages, of the page and of what the system says', async () => {
  const person = await Person.open(browser, app.url, { locale: 'ko-KR' });
  expect(await person.page.evaluate(() => document.documentElement.lang)).toBe('ko');
  const language = person.page.getByTestId('language');
  const seen: string[] = [];
  await person.page.getByTestId('settings').click();
  expect(await language.inputValue()).toBe('ko');
  for (const [locale, help] of [
    ['ru', /Что можно/],
    ['en', /What you can say/],
    ['ko', /쓸 수 있는 명령/],
  ] as const) {
    if ((await language.count()) === 0) await person.page.getByTestId('settings').click();
    await language.selectOption(locale);
    await person.page.keyboard.press('Escape');
    seen.push((await person.composer.getAttribute('placeholder')) ?? '');
    await person.say('/help');
    await person.answer(help, 'system');
  }
  expect(new Set(seen).size).toBe(3);
  await person.page.reload();
  await person.online();
  await person.page.getByTestId('settings').click();
  expect(await language.inputValue()).toBe('ko');
}, 60_000);

test('a megabyte is not sent and not lost; a flood is refused and can be sent again', async () => {
  const person = await Person.open(browser, app.url);
  const huge = 'word '.repeat(200_000);
  await person.composer.evaluate((element, text) => {
    const field = element as HTMLTextAreaElement;
    field.value = text;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, huge);
  await person.page.getByText(/Too long: 1,000,000 characters, at most 100,000/).waitFor();
  await person.composer.press('Enter');
  expect(await person.messages.count()).toBe(0);
  await person.page.reload();
  await person.online();
  expect((await person.composer.inputValue()).length).toBe(huge.length);
  await person.composer.fill('');

  await person.say('slow 60');
  await person.message('agent', 'streaming', 'the river').waitFor();
  const refused = person.page.locator('[data-role=person][data-state=failed]');
  for (let i = 0; (await refused.count()) === 0 && i < 100; i++) await person.say(`flood ${i}`);
  await refused.first().waitFor();
  expect(await refused.first().getByRole('alert').innerText()).toMatch(/not taken/);
  await refused.first().scrollIntoViewIfNeeded();
  await picture(person, 'refused');
  const before = await refused.count();
  await person.page.getByTestId('stop').click();
  await vi.waitFor(
    async () => {
      if ((await refused.count()) >= before) await refused.first().getByTestId('retry').click();
      await expect.poll(() => refused.count(), { timeout: 1500 }).toBeLessThan(before);
    },
    { timeout: 30_000 },
  );
}, 120_000);

test('what looks like markup or a script is text', async () => {
  const person = await Person.open(browser, app.url);
  const evil = [
    '<img src=x onerror="window.broken=1"><script>window.broken=1</script>',
    '[press](javascript:window.broken=1) ![i](data:text/html,x) <a href="javascript:1">a</a>',
    '<svg/onload=window.broken=1>',
  ].join('\n\n');
  await person.say(evil);
  const answer = await person.answer(/onload/);
  expect(await answer.innerText()).toContain('<img src=x onerror="window.broken=1">');
  expect(await answer.locator('img, script, svg, a[href^=javascript], a[href^=data]').count()).toBe(0);
  expect(await person.page.evaluate(() => 'broken' in window)).toBe(false);
  expect(person.complaints).toEqual([]);
}, 60_000);

test('the reader stays where they are; earlier messages come when they are wanted', async () => {
  const person = await Person.open(browser, app.url);
  await person.say('long 300');
  await person.answer(/Line 300/);
  const box = person.page.locator('.scroll');
  const fromEnd = () =>
    box.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  await expect.poll(fromEnd).toBeLessThan(2);
  await person.say('slow 4');
  await person.message('agent', 'streaming', 'the river').waitFor();
  await expect.poll(fromEnd).toBeLessThan(2);
  await box.hover();
  await person.page.mouse.wheel(0, -3000);
  await person.page.getByTestId('to-end').waitFor();
  const line = (await person.message('agent', 'final', 'Line 300')).first();
  const before = (await line.boundingBox())?.y;
  await person.answer(/the river/);
  await person.page.getByRole('button', { name: 'New messages' }).waitFor();
  expect((await line.boundingBox())?.y).toBe(before);
  // Whoever sends sees what they sent, wherever they were.
  await person.say('here I am');
  await expect.poll(fromEnd).toBeLessThan(2);
  await person.answer(/here I am/);

  // More than one page of history.
  for (let i = 0; i < 26; i++) {
    await person.say(`/help again${i}x`);
    await person.message('person', 'accepted', `/help again${i}x`).waitFor();
  }
  await expect.poll(() => person.messages.count()).toBe(6 + 52);
  await person.page.reload();
  await person.online();
  expect(await person.messages.count()).toBe(50);
  await expect.poll(fromEnd).toBeLessThan(2);
  await expect
    .poll(async () => {
      await box.hover();
      await person.page.mouse.wheel(0, -20_000);
      return person.messages.count();
    })
    .toBe(58);
  expect((await person.shown()).at(0)).toEqual({ role: 'person', text: 'long 300' });
}, 120_000);

test('from another address: a key, the chat, and out again', async (context) => {
  const here = Object.values(networkInterfaces()).flat();
  const own = here.find((one) => one?.family === 'IPv4' && !one.internal)?.address;
  // Only there the page is not a secure context, where browsers have less to offer.
  if (own === undefined) return context.skip('needs a network address besides the loopback one');
  const key = 'a-long-key-of-one-person';
  const open = new RunningApp({ WEB_HOST: '0.0.0.0', WEB_ACCESS_KEYS: `ann:${key}` });
  onTestFinished(() => open.dispose());
  await open.start();
  const page = await (await browser.newContext({ locale: 'en-GB' })).newPage();
  await page.goto(open.url.replace('127.0.0.1', own));
  await page.getByLabel('Access key').fill(key);
  await page.keyboard.press('Enter');
  await page.getByTestId('composer').fill('hello from elsewhere');
  await page.getByTestId('send').click();
  await page.locator('[data-role=agent][data-state=final]', { hasText: 'hello from elsewhere' }).waitFor();
  await page.getByText('ann', { exact: true }).waitFor();
  await page.getByTestId('composer').fill('not for the next one');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Access key').fill(key);
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=connection][data-state=online]').waitFor();
  expect(await page.getByTestId('composer').inputValue()).toBe('');
}, 60_000);

test('light, dark, narrow: nothing sticks out, everything can be read', async () => {
  const light = await Person.open(browser, app.url, { viewport: { width: 1280, height: 860 } });
  await picture(light, 'empty');
  await light.say('Show me a table');
  await light.answer(/Three planets/);
  await light.say('code');
  await light.answer(/A greeting/);
  await picture(light, 'light');
  await light.say(`${'unbroken'.repeat(60)} https://example.org/${'path/'.repeat(40)}`);
  await light.answer(/unbroken/);
  await light.say('سلام، این یک متن فارسی است');
  await light.answer(/سلام/);
  for (const [name, colorScheme, width] of [
    ['dark', 'dark', 1280],
    ['phone', 'light', 360],
    ['phone-dark', 'dark', 360],
  ] as const) {
    const person = await Person.open(browser, app.url, { viewport: { width, height: 780 }, colorScheme });
    await person.answer(/سلام/);
    await picture(person, name);
    const sizes = await person.page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll('.scroll, .top')].map(
        (element) => element.scrollWidth - element.clientWidth,
      ),
    );
    expect(sizes).toEqual([0, 0, 0]);
    const colours = await person.page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body);
      return { backgroundColor, color };
    });
    expect(contrast(colours.backgroundColor, colours.color)).toBeGreaterThan(7);
    await person.close();
  }
}, 90_000);
