/** Who may have which agent, also when that changes while people talk. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { column, personOf } from './database.ts';
import { GivingAgent, RawAgent } from './hostile-agents.ts';
import type { BotMessage, Page } from './page.ts';
import { World } from './world.ts';

const BENS = 'bens-marmalade';
/** Nobody's in the beginning: shared by both later. */
let watched: GivingAgent;
let raw: RawAgent;
let world: World;
let anna: Page;
let ben: Page;

beforeAll(async () => {
  [watched, raw] = await Promise.all([GivingAgent.start('watched'), RawAgent.start('raw')]);
  world = await World.open({
    more: [watched.listed, raw.listed],
    people: { anna: ['watched', 'of-anna'], ben: ['watched', 'of-ben'] },
  });
  [anna, ben] = await Promise.all([world.page('anna'), world.page('ben')]);
}, 60_000);
afterAll(async () => {
  await world?.close();
  await Promise.all([watched, raw].map((agent) => agent?.close()));
});

function text(messages: readonly BotMessage[]): string {
  return messages.map(({ markdown }) => markdown).join('\n');
}

function heardBy(agent: GivingAgent, name: 'anna' | 'ben') {
  return agent.turns.filter(({ person }) => person?.id === personOf(world, name));
}

test('nobody chooses an agent that the registry does not give them, by number, name or button', async () => {
  await anna.say('hello');
  await ben.say(`${BENS} hello`);
  const listed = await anna.command('agent');
  expect(listed).toContain('of-anna');
  expect(listed).not.toMatch(/of-ben|shared|raw/);
  for (const args of ['0', '3', '4', '-1', '99', 'of-ben', 'Agent of-ben', 'shared', '1 3', '2e0']) {
    expect(await anna.command('agent', args), args).toContain('There is no such number');
  }
  for (const id of ['of-ben', 'shared', 'raw', '', 'agent-0', '3', 'of-anna/../of-ben']) {
    expect(await anna.press(`agent:x:${id}`), id).toContain('You cannot choose that agent');
  }
  expect(column(world, 'anna', 'SELECT agent FROM persons WHERE id = ?')).toEqual([]);
  const chat = await anna.newChat('still mine');
  expect(await anna.command('context', '', chat)).toContain('Agent watched');
  await anna.show('main');
  expect(column(world, 'anna', 'SELECT DISTINCT agent_id FROM chats WHERE owner = ?')).toEqual(['watched']);
});

test('a context that was saved with an agent is not found by its number with another', async () => {
  await ben.command('save', `${BENS} saved`);
  expect(await anna.command('load')).toContain('Nothing is saved');
  expect(await anna.command('load', '1')).toContain('Nothing is saved');
});

test('an agent that is taken from one hears nothing more of them; the next message goes to theirs, afresh', async () => {
  await anna.say('annas old words');
  const [before] = column(world, 'anna', 'SELECT platform_chat_id FROM chats WHERE owner = ? AND number = 1');
  const heard = heardBy(watched, 'anna').length;
  await world.assign({ anna: ['of-anna'], ben: ['watched', 'of-ben'] });
  for (const name of ['context', 'status', 'agent', 'load']) await anna.command(name);
  expect(text(await anna.say('history'))).toMatch(/\b1\b/);
  expect(text(anna.bot())).toContain('**Agent of-anna** answers here from now on');
  const [after] = column(world, 'anna', 'SELECT platform_chat_id FROM chats WHERE owner = ? AND number = 1');
  expect(after).not.toBe(before);
  expect(await anna.command('agent', '2')).toContain('There is no such number');
  for (const name of ['clear', 'save']) await anna.command(name);
  const files = [await anna.upload('annas.txt', 'annas')];
  expect(text(await anna.say('here', { files }))).toContain('annas.txt');
  expect(heardBy(watched, 'anna')).toHaveLength(heard);
  expect(world.directories('watched')).not.toContain(personOf(world, 'anna'));
  // His chat goes on where it was.
  expect(text(await ben.say(`${BENS} goes on`))).toContain(`watched heard: ${BENS} goes on`);
  expect(await anna.heard()).not.toContain(BENS);
});

test('an agent that worked when it was taken away ends its answer, and gets nothing that came meanwhile', async () => {
  await world.assign({ anna: ['raw'], ben: ['watched'] });
  const answered = anna.say('the last for raw');
  const last = await raw.asked('the last for raw');
  await world.assign({ anna: ['of-anna'], ben: ['watched'] });
  const files = [await anna.upload('later.txt', 'said later')];
  await anna.send('said meanwhile', { files });
  raw.answer(last, 'the end');
  expect(text(await answered)).toContain('the end');
  await expect.poll(() => text(anna.bot())).toContain('not available any more');
  const [retry] = anna
    .bot()
    .flatMap(({ buttons }) => buttons.slice(-1))
    .slice(-1);
  expect(await anna.press(retry?.action ?? '')).toMatch(/Asking again|answers here from now on/);
  await expect.poll(() => text(anna.bot())).toContain('later.txt');
  expect(raw.heard.filter(({ frame }) => frame.type === 'USER_MESSAGE')).toHaveLength(1);
  expect(world.directories('raw')).toEqual([]);
});

test('whom an agent is left to alone does not get the files of those who had it too', async () => {
  await world.assign({ anna: ['shared'], ben: ['shared'] });
  await anna.say('here', { files: [await anna.upload('annas-shared.txt', 'annas')] });
  await ben.say('here', { files: [await ben.upload(`${BENS}.txt`, BENS)] });
  const his = personOf(world, 'ben');
  writeFileSync(join(world.workspace('shared'), his, 'report.md'), BENS);
  await world.assign({ anna: ['shared'], ben: ['of-ben'] });
  const listed = text(await anna.say('files'));
  expect(listed).toContain('annas-shared.txt');
  expect(listed).not.toContain(BENS);
  for (const path of [`${his}/${BENS}.txt`, `${his}/report.md`, `/workspace/${his}/report.md`]) {
    for (const verb of ['send', 'read']) {
      const said = await anna.say(`${verb} ${path}`);
      expect(said.flatMap(({ file }) => file ?? [])).toEqual([]);
    }
  }
  expect(await anna.heard()).not.toMatch(/bens-marmalade(?!\.txt)/);
});

test('whoever is taken off the list is served no more, and their chats are not opened by others', async () => {
  await world.assign({ anna: ['of-anna'] });
  expect(await ben.send('am I still here')).toMatchObject({ type: 'refused', reason: 'not_served' });
  expect(await ben.command('chats')).toBe('refused: not_served');
  expect((await ben.http('/upload?name=a.txt', { method: 'POST', body: 'x' })).status).toBe(403);
  const turns = watched.turns.length;
  expect(await ben.press('retry')).toBe('refused: not_served');
  expect(watched.turns).toHaveLength(turns);
});
