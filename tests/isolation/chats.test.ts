/** Two people and one shared agent: no chat, question, list or button of the one is reached by the other. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientFrame } from '@surfaces/adapter-web';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { column, personOf, query } from './database.ts';
import type { Page } from './page.ts';
import { World } from './world.ts';

/** In everything that ben says, names and sends. */
const BENS = 'bens-marmalade';
const NO_QUESTION = 'There is no open question';

let world: World;
let anna: Page;
let ben: Page;
/** Ben's further chat. */
let bens: string;

beforeAll(async () => {
  world = await World.open();
  [anna, ben] = await Promise.all([world.page('anna'), world.page('ben')]);
  await anna.say('annas first words');
  await ben.say(`${BENS} first words`);
  await ben.command('save', `${BENS} saved`);
  bens = await ben.newChat(`${BENS} plans`);
  await ben.say(`${BENS} second words`, { chat: bens });
  await ben.send('', { chat: bens, files: [await ben.upload(`${BENS}-waits.txt`, BENS)] });
  await ben.show('main');
}, 60_000);
afterAll(() => world?.close());

/** What is stored for ben and shown to him, but for the question at hand. */
function storedOfBen(): readonly unknown[] {
  const id = personOf(world, 'ben');
  return [
    query(world, 'SELECT locale, streaming, agent FROM persons WHERE id = ?', id),
    query(
      world,
      'SELECT key, name, state, agent_id, platform_chat_id FROM chats WHERE owner = ? ORDER BY 1',
      id,
    ),
    query(world, 'SELECT id, name, platform_chat_id FROM contexts WHERE owner = ? ORDER BY 1', id),
    query(world, 'SELECT id, turn, state FROM attachments WHERE person = ? ORDER BY 1', id),
    query(world, 'SELECT id, state, outcome FROM turns WHERE person = ? ORDER BY 1', id),
    query(world, "SELECT source FROM timeline WHERE address LIKE '%ben%' ORDER BY 1"),
    query(world, "SELECT address, seq FROM marks WHERE address LIKE '%ben%' ORDER BY 1"),
    query(world, 'SELECT token, decision FROM confirmations WHERE person = ? ORDER BY 1', id),
  ];
}

test('a chat of the other is none, in every frame that names a chat, by every id that it has', async () => {
  const before = storedOfBen();
  const ids = [
    bens,
    ...column(world, 'ben', 'SELECT key FROM chats WHERE owner = ?'),
    ...column(world, 'ben', 'SELECT platform_chat_id FROM chats WHERE owner = ?'),
    personOf(world, 'ben'),
    'ben',
    'C2',
  ];
  for (const chat of ids) {
    const [errors, refused] = [anna.all('error').length, anna.all('refused').length];
    const id = () => randomUUID();
    const frames: ClientFrame[] = [
      { type: 'open', chat, after: 0 },
      { type: 'older', chat, before: 1_000_000 },
      { type: 'read', chat, seq: 1_000_000 },
      { type: 'message', id: id(), chat, text: 'annas intrusion', files: [] },
      { type: 'command', id: id(), chat, name: 'archive', args: '' },
      { type: 'command', id: id(), chat, name: 'rename', args: 'annas now' },
      { type: 'action', id: id(), chat, action: 'stop' },
    ];
    for (const frame of frames) anna.post(frame);
    await anna.command('context');
    expect(
      anna
        .all('error')
        .slice(errors)
        .map(({ code }) => code),
      chat,
    ).toEqual(Array(3).fill('no_chat'));
    const reasons = anna
      .all('refused')
      .slice(refused)
      .map(({ reason }) => reason);
    expect(reasons, chat).toEqual(Array(4).fill('no_chat'));
  }
  const hello = await world.page('anna', bens);
  expect(hello.all('opened').map(({ chat }) => chat)).toEqual(['main']);
  expect(await hello.heard()).not.toContain(BENS);
  for (const chat of ['web:ben', '../ben', 'main/../../ben', 'ben%00', `${bens}\0`, 'a'.repeat(65)]) {
    const before = anna.all('error').length;
    anna.post({ type: 'open', chat, after: 0 });
    await expect.poll(() => anna.all('error').length).toBe(before + 1);
  }
  expect(await anna.heard()).not.toContain(BENS);
  expect(storedOfBen()).toEqual(before);
});

test('two messages that are called the same are two, each with its own answer in its own chat', async () => {
  const id = randomUUID();
  const said = await ben.say(`${BENS} twin`, { id });
  expect(said.map(({ markdown }) => markdown).join()).toContain(`${BENS} twin`);
  const mine = await anna.say('annas twin', { id });
  expect(mine.map(({ markdown }) => markdown).join()).toContain('annas twin');
  const texts = (name: 'anna' | 'ben') => column(world, name, 'SELECT text FROM turns WHERE person = ?');
  expect(texts('anna').filter((text) => text.includes('twin'))).toEqual(['annas twin']);
  expect(texts('ben').filter((text) => text.includes('twin'))).toEqual([`${BENS} twin`]);
  expect(await anna.heard()).not.toContain(BENS);
  expect(await ben.heard()).not.toContain('annas');
});

test('what grows, is said and is listed at one page does not show at the other', async () => {
  const answer = ben.say('slow 2');
  await ben.until('draft', () => true);
  expect(await anna.command('stop')).toContain('nothing to stop');
  expect(await anna.press('stop')).toContain('nothing to stop');
  const before = anna.frames.length;
  const all = await answer;
  expect(ben.all('draft').length).toBeGreaterThan(2);
  expect(all.at(-1)?.last).toBe(true);
  await ben.command('rename', `${BENS} first`);
  await ben.press('settings:x:streaming-off');
  await ben.press('settings:x:streaming-on');
  // Her own list may still be on its way.
  expect(anna.frames.slice(before).filter(({ type }) => type !== 'chats')).toEqual([]);
  expect(await anna.heard()).not.toContain(BENS);
});

test('a question is answered by nobody but whom it was put to', async () => {
  await ben.send('', { files: [await ben.upload(`${BENS}.txt`, BENS)] });
  await ben.say('what is this');
  const file = join(world.workspace('shared'), personOf(world, 'ben'), `${BENS}.txt`);
  expect(existsSync(file)).toBe(true);
  const after = ben.last;
  await ben.send(`delete ${BENS}.txt`);
  const buttons = await ben.question(after);
  const waiting = storedOfBen();

  expect(await anna.command('yes')).toContain(NO_QUESTION);
  expect(await anna.command('no')).toContain(NO_QUESTION);
  for (const button of buttons) expect(await anna.press(button)).toContain(NO_QUESTION);
  const [, token = ''] = buttons[0]?.split(':') ?? [];
  for (const action of [
    `confirm:${token}`,
    `confirm:${token}:`,
    'confirm::once',
    `confirm:${token.toUpperCase()}:once`,
  ]) {
    expect(await anna.press(action)).toContain(NO_QUESTION);
  }
  // A question of her own makes her nobody who may answer his.
  const own = anna.last;
  await anna.send('confirm');
  const annas = await anna.question(own);
  for (const button of buttons) expect(await anna.press(button)).toContain(NO_QUESTION);
  expect(await ben.press(annas[0] ?? '')).toContain(NO_QUESTION);
  expect(await anna.command('no')).not.toContain(NO_QUESTION);
  expect(storedOfBen()).toEqual([...waiting.slice(0, 5), ...storedOfBen().slice(5, 7), waiting[7]]);
  expect(existsSync(file)).toBe(true);

  const decided = ben.last;
  expect(await ben.command('yes')).not.toContain(NO_QUESTION);
  await expect
    .poll(() => ben.bot(decided).some(({ turnId, last }) => turnId !== undefined && last))
    .toBe(true);
  expect(existsSync(file)).toBe(false);
  expect(await anna.heard()).not.toContain(BENS);
});

test('a button made of ids of the other does nothing', async () => {
  // Lists of his, so that their names are known too.
  for (const list of ['load', 'agent', 'settings', 'chats']) await ben.command(list);
  const lists = ben.bot().flatMap(({ buttons }) => buttons.map(({ action }) => action));
  expect(lists.filter((action) => action.startsWith('load:'))).not.toEqual([]);
  const before = storedOfBen();
  const ofBen = (sql: string) => column(world, 'ben', sql);
  const saved = ofBen('SELECT id FROM contexts WHERE owner = ?');
  const files = ofBen('SELECT id FROM attachments WHERE person = ? AND turn IS NULL');
  const keys = ofBen('SELECT key FROM chats WHERE owner = ?');
  const turns = ofBen('SELECT id FROM turns WHERE person = ?');
  expect([saved, files, keys, turns].map((list) => list.length > 0)).toEqual(Array(4).fill(true));
  const [, list = 'x'] = lists.find((action) => action.startsWith('load:'))?.split(':') ?? [];
  for (const id of saved) expect(await anna.press(`load:${list}:${id}`)).toContain('not in your list');
  for (const id of keys) expect(await anna.press(`chat:x:${id}`)).toContain('not in your list');
  for (const id of files) expect(await anna.press(`remove:x:${id}`)).toContain('not wait');
  for (const id of turns.slice(0, 3)) expect(await anna.press(`retry:${id}`)).toContain('nothing');
  expect(await anna.press('agent:x:of-ben')).toMatch(/not|cannot|any more/);
  expect(await anna.press(`load:${list}:cancel`)).not.toContain(BENS);
  expect(storedOfBen()).toEqual(before);
  expect(await anna.heard()).not.toContain(BENS);
});

test('lists, numbers and words of the one say nothing of the other', async () => {
  const before = storedOfBen();
  const said: string[] = [];
  for (const [name, args] of [
    ['chats', ''],
    ['chats', '2'],
    ['chats', 'C2'],
    ['load', ''],
    ['load', '1'],
    ['list', ''],
    ['remove', '1'],
    ['remove', 'all'],
    ['context', ''],
    ['status', ''],
    ['agent', ''],
    ['stop', ''],
    ['settings', ''],
    ['start', ''],
    ['help', ''],
  ] as const) {
    said.push(await anna.command(name, args));
  }
  const words = said.join('\n');
  expect(words).not.toContain(BENS);
  expect(words).not.toContain('of-ben');
  expect(words).toContain('Agent of-anna');
  // Typed as words they are the same commands.
  for (const text of ['/load 1', '/chats 2', '/remove all']) await anna.send(text);
  expect(await anna.heard()).not.toContain(BENS);
  expect(storedOfBen()).toEqual(before);
  const [list] = anna.all('chats').slice(-1);
  expect(list?.chats.map(({ id }) => id)).toEqual(['main']);
});
