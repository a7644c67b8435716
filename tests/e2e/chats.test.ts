/** Several chats on the page, its commands and settings, by pointer and by keyboard alone. */
import { liveOrSkip } from '@surfaces/testkit';
import type { Browser, Locator } from 'playwright-core';
import { afterEach, beforeEach, expect, type TestContext, test } from 'vitest';
import { launchBrowser, Person } from './person.ts';
import { RunningApp } from './running-app.ts';

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

const chats = (person: Person): Locator => person.page.getByTestId('chat-item');
const named = (person: Person, name: string): Locator => chats(person).filter({ hasText: name });
const shownName = (person: Person): Promise<string> => person.page.locator('.top h1').innerText();
const focused = (person: Person) =>
  person.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));

/** A new chat, open and with its welcome there. */
async function newChat(person: Person): Promise<void> {
  const before = person.page.url();
  await person.page.getByTestId('new-chat').click();
  await expect.poll(() => person.page.url(), { timeout: 10_000 }).not.toBe(before);
  await person.message('system', 'final', /./).first().waitFor();
}

test('chats stay apart: what is said, what is being written, where one was', async () => {
  const person = await Person.open(browser, app.url);
  await person.say('apples, in the first chat');
  await person.answer(/^apples/);
  await named(person, 'apples').waitFor();
  const first = person.page.url();
  await person.composer.fill('half a thought on apples');
  await newChat(person);
  expect(await person.composer.inputValue()).toBe('');
  await expect.poll(() => focused(person)).toBe('composer');
  await person.say('pears, in the second');
  await person.answer(/^pears/);
  expect((await person.shown()).filter(({ text }) => text.includes('apples'))).toEqual([]);

  await named(person, 'apples').click();
  await person.message('agent', 'final', 'apples').waitFor();
  expect(person.page.url()).toBe(first);
  expect(await person.composer.inputValue()).toBe('half a thought on apples');
  expect((await person.shown()).filter(({ text }) => text.includes('pears'))).toEqual([]);
  expect(await named(person, 'apples').getAttribute('aria-current')).toBe('page');

  // The address says which chat it is: back, forward and a reload lead to it.
  await person.page.goBack();
  await person.message('agent', 'final', 'pears').waitFor();
  await person.page.goForward();
  await person.message('agent', 'final', 'apples').waitFor();
  await person.page.reload();
  await person.message('agent', 'final', 'apples').waitFor();
  expect(await person.composer.inputValue()).toBe('half a thought on apples');
  await person.page.goto(`${app.url}#nobody-has-this-one`);
  await person.page.reload();
  await person.message('agent', 'final', 'pears').waitFor();
  expect(person.complaints).toEqual([]);
}, 90_000);

test('an answer that comes while another chat is read is marked there, until it is seen', async () => {
  const person = await Person.open(browser, app.url);
  await person.say('slow 3');
  await person.message('agent', 'streaming', 'the river').waitFor();
  await named(person, 'slow 3').waitFor();
  await newChat(person);
  const slow = named(person, 'slow 3');
  await expect.poll(() => slow.getAttribute('data-busy'), { timeout: 10_000 }).toBe('false');
  await expect.poll(() => slow.getAttribute('data-unread'), { timeout: 10_000 }).toBe('true');
  await expect.poll(() => person.page.title()).toMatch(/^\(1\) /);
  expect(await person.message('agent', 'final', 'the river').count()).toBe(0);
  await slow.click();
  await person.answer(/^the river/);
  await expect.poll(() => slow.getAttribute('data-unread')).toBe('false');
  await expect.poll(() => person.page.title()).not.toMatch(/^\(/);
}, 90_000);

test('what is written in one chat goes there, whatever is open when it is sent', async () => {
  const person = await Person.open(browser, app.url);
  await person.say('first');
  await person.answer(/^first/);
  await newChat(person);
  await app.stop('SIGKILL');
  await person.offline();
  await person.say('for the second chat');
  await named(person, 'first').click();
  await person.say('for the first chat');
  await app.start();
  await person.online();
  await person.answer(/^for the first chat/);
  const said = (await person.shown()).filter(({ role }) => role === 'person');
  expect(said.map(({ text }) => text)).toEqual(['first', 'for the first chat']);
  await named(person, 'for the second chat').click();
  await person.answer(/^for the second chat/);
}, 90_000);

test('renamed in place, archived, and brought back by writing', async () => {
  const person = await Person.open(browser, app.url);
  const { page } = person;
  await person.say('one');
  await person.answer(/^one/);
  expect(await page.getByTestId('archive').isDisabled()).toBe(true);
  await newChat(person);
  await person.say('two');
  await person.answer(/^two/);
  await named(person, 'two').hover();
  await page
    .locator('li', { has: named(person, 'two') })
    .getByTestId('rename')
    .click();
  await page.getByTestId('rename-field').fill('given up');
  await page.keyboard.press('Escape');
  await named(person, 'two').waitFor();
  await page
    .locator('li', { has: named(person, 'two') })
    .getByTestId('rename')
    .click();
  const name = 'عنوان 🎉 <b>bold</b>';
  await page.getByTestId('rename-field').fill(name);
  await page.keyboard.press('Enter');
  await expect.poll(() => shownName(person)).toBe(name);
  await page.reload();
  await person.online();
  await expect.poll(() => shownName(person)).toBe(name);

  await page
    .locator('li', { has: named(person, name) })
    .getByTestId('archive')
    .click();
  await page.getByTestId('archived-chat').waitFor();
  expect(await person.composer.getAttribute('placeholder')).toMatch(/bring this chat back/);
  expect(await named(person, name).getAttribute('data-state')).toBe('archived');
  await named(person, 'one').click();
  await expect.poll(() => chats(person).count()).toBe(1);
  await page.getByTestId('archived').click();
  await named(person, name).click();
  await person.say('three');
  await person.answer(/^three/);
  await expect.poll(() => named(person, name).getAttribute('data-state')).toBe('active');
  expect(await page.getByTestId('archived-chat').count()).toBe(0);
}, 90_000);

test('commands are completed from their start, and written out ones just sent', async () => {
  const person = await Person.open(browser, app.url);
  const { keyboard } = person.page;
  const options = person.page.getByTestId('completion');
  await keyboard.type('/');
  await expect.poll(() => options.count()).toBeGreaterThan(10);
  expect(await person.composer.getAttribute('role')).toBe('combobox');
  await keyboard.type('re');
  const names = (await options.allInnerTexts()).map((text) => /^\/\S+/.exec(text)?.[0]);
  expect(names.every((name) => name?.startsWith('/re'))).toBe(true);
  expect(names).toContain('/rename');
  await keyboard.press('ArrowDown');
  const active = (await person.composer.getAttribute('aria-activedescendant')) ?? '';
  const chosen = person.page.locator(`[id="${active}"]`);
  expect(await chosen.getAttribute('aria-selected')).toBe('true');
  expect(await chosen.innerText()).toContain(names[1] ?? '-');
  await keyboard.press('Escape');
  expect(await options.count()).toBe(0);
  expect(await person.composer.inputValue()).toBe('/re');

  await person.composer.fill('/');
  await person.composer.fill('');
  await keyboard.type('/rena');
  await keyboard.press('Tab');
  expect(await person.composer.inputValue()).toBe('/rename ');
  await keyboard.type('By command');
  await keyboard.press('Enter');
  await expect.poll(() => shownName(person), { timeout: 10_000 }).toBe('By command');
  await keyboard.type('/HELP');
  await keyboard.press('Enter');
  await person.answer(/What you can say/, 'system');
}, 60_000);

test('by keyboard alone: another chat by name, by place, in the list; a name; the help', async () => {
  const person = await Person.open(browser, app.url);
  const { keyboard } = person.page;
  for (const text of ['alpha', 'beta', 'gamma']) {
    if (text !== 'alpha') await newChat(person);
    await person.say(text);
    await person.answer(new RegExp(`^${text}`));
    await named(person, text).waitFor();
  }
  await keyboard.press('Control+k');
  await keyboard.type('ALPH');
  await keyboard.press('Enter');
  await person.message('agent', 'final', 'alpha').waitFor();
  await expect.poll(() => focused(person)).toBe('composer');
  // The newest is above: gamma, beta, alpha.
  await keyboard.press('Alt+ArrowUp');
  await person.message('agent', 'final', 'beta').waitFor();
  await keyboard.press('Alt+ArrowDown');
  await person.message('agent', 'final', 'alpha').waitFor();

  for (let i = 0; i < 30 && (await focused(person)) !== 'chat-item'; i++) await keyboard.press('Shift+Tab');
  await keyboard.press('Home');
  await keyboard.press('F2');
  await keyboard.type('delta');
  await keyboard.press('Enter');
  await named(person, 'delta').waitFor();
  await expect.poll(() => focused(person)).toBe('chat-item');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await person.message('agent', 'final', 'beta').waitFor();
  await keyboard.press('Control+Slash');
  await person.page.getByTestId('help-dialog').waitFor();
  await keyboard.press('Escape');
  await expect.poll(() => person.page.getByTestId('help-dialog').count()).toBe(0);
  await expect.poll(() => focused(person)).toBe('composer');
}, 90_000);

test('settings hold at once, here and in other browsers', async () => {
  const person = await Person.open(browser, app.url);
  const other = await Person.open(browser, app.url);
  await person.page.getByTestId('settings').click();
  await person.page.getByTestId('language').selectOption('ru');
  await expect.poll(() => other.composer.getAttribute('placeholder')).toBe('Напишите сообщение');
  await person.page.getByTestId('streaming').click();
  await expect.poll(() => person.page.getByTestId('streaming').isChecked()).toBe(false);
  await person.page.keyboard.press('Escape');
  await other.page.getByTestId('settings').click();
  await expect.poll(() => other.page.getByTestId('streaming').isChecked()).toBe(false);
  // Without streaming nothing of the answer is shown before all of it.
  await person.page.evaluate(() => {
    Object.assign(globalThis, { grew: false });
    new MutationObserver(() => {
      if (document.querySelector('[data-state=streaming]') !== null)
        Object.assign(globalThis, { grew: true });
    }).observe(document.body, { childList: true, subtree: true, attributes: true });
  });
  await person.say('slow 2');
  await person.answer(/./);
  expect(await person.page.evaluate(() => (globalThis as unknown as { grew: boolean }).grew)).toBe(false);
}, 60_000);

test('on a phone the chats are in a drawer', async () => {
  const person = await Person.open(browser, app.url, { viewport: { width: 360, height: 740 } });
  const { page } = person;
  await person.say('pocket');
  await person.answer(/^pocket/);
  await page.getByTestId('show-chats').click();
  await named(person, 'pocket').waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => named(person, 'pocket').isVisible()).toBe(false);
  await page.getByTestId('show-chats').click();
  await page.getByTestId('new-chat').click();
  await person.message('system', 'final', /./).first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
}, 60_000);
