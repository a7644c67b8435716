/** Agents that are malicious: one that anna has alone, and two that serve her and ben. */
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { personOf } from './database.ts';
import { GivingAgent, RawAgent } from './hostile-agents.ts';
import type { Page } from './page.ts';
import { World } from './world.ts';

/** In every file of ben. */
const BENS = 'bens-marmalade';
/** So many files of one answer are looked at. */
const AT_ONCE = 20;

let mine: GivingAgent;
let both: GivingAgent;
let raw: RawAgent;
let world: World;
let anna: Page;
let ben: Page;
/** Their directories in the workspace of the agent that serves both. */
let annas: string;
let bens: string;
/** A file that is kept for ben, where it lies. */
let kept: string;

beforeAll(async () => {
  [mine, both, raw] = await Promise.all([
    GivingAgent.start('mine'),
    GivingAgent.start('both'),
    RawAgent.start('raw'),
  ]);
  world = await World.open({
    more: [mine.listed, both.listed, raw.listed],
    people: { anna: ['mine', 'both', 'raw'], ben: ['both', 'raw', 'of-ben', 'shared'] },
  });
  [anna, ben] = await Promise.all([world.page('anna'), world.page('ben')]);
  await anna.say('hello');
  const id = await ben.upload(`${BENS}.txt`, BENS);
  await ben.say('mine', { files: [id] });
  annas = join(both.listed.workspace, personOf(world, 'anna'));
  bens = join(both.listed.workspace, personOf(world, 'ben'));
  mkdirSync(annas);
  const files = join(world.app.dir, 'files');
  const owner = readdirSync(files).find((name) => readdirSync(join(files, name)).includes(id)) ?? '';
  kept = join(files, owner, id);
  for (const agent of ['of-ben', 'shared']) writeFileSync(join(world.workspace(agent), 'secret.txt'), BENS);
}, 60_000);
afterAll(async () => {
  await world?.close();
  await Promise.all([mine, both, raw].map((agent) => agent?.close()));
});

/** Asks an agent for files, also by paths with characters that no message can have. */
function give(...paths: readonly string[]): string {
  return `give ${JSON.stringify(paths)}`;
}

/** Goes to another of anna's agents, in a chat of its own. */
async function chatWith(page: Page, number: number): Promise<string> {
  await page.show('main');
  await page.command('agent', String(number));
  return await page.newChat(`with ${number}`);
}

/** None of these files is given, and of each the person is told so. */
async function allRefused(paths: readonly string[], chat = 'main'): Promise<void> {
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    const some = paths.slice(from, from + AT_ONCE);
    const said = await anna.say(give(...some), { chat });
    expect(
      said.flatMap(({ file }) => file ?? []),
      some.join('\n'),
    ).toEqual([]);
    expect(
      said
        .map(({ markdown }) => markdown)
        .join()
        .match(/could not send/g),
      some.join('\n'),
    ).toHaveLength(some.length);
  }
}

/** Why a file is not given; the same words for each path are what is to be seen. */
async function reasons(paths: readonly string[], chat = 'main'): Promise<ReadonlySet<string>> {
  const said = await anna.say(give(...paths), { chat });
  const lines = said
    .map(({ markdown }) => markdown)
    .join('\n')
    .split('\n\n');
  expect(lines).toHaveLength(paths.length);
  return new Set(lines.map((line, index) => line.replace(paths[index] ?? '', 'it')));
}

test('an agent of one person gives them no file from outside of its workspace', async () => {
  writeFileSync(join(mine.listed.workspace, 'own.txt'), 'annas own');
  const [given] = await anna.say(give('own.txt'));
  expect((await anna.http(`/files/${given?.file?.id}`)).text).toBe('annas own');
  const database = join(world.app.dir, 'surfaces.db');
  const targets = [
    '/etc/passwd',
    '/proc/self/environ',
    database,
    kept,
    `${kept}.json`,
    join(world.dir, 'agents.yaml'),
    join(world.workspace('of-ben'), 'secret.txt'),
    join(world.workspace('shared'), 'secret.txt'),
    join(bens, `${BENS}.txt`),
    '/agents/of-ben/secret.txt',
    '/workspace/../../secret.txt',
  ];
  const up = '../'.repeat(12);
  const said = [
    ...targets,
    ...targets.map((path) => `${up}${path}`),
    ...targets.map((path) => `/workspace/${up}${path}`),
    ...targets.map((path) => `/agents/mine/${up}${path}`),
    'file:///etc/passwd',
    '..',
    '.',
    '/',
    'own.txt\0',
    'own.txt/../../own.txt',
    '/proc/self/cwd/surfaces.db',
    `/proc/${process.pid}/environ`,
    'x'.repeat(10_000),
  ];
  await allRefused(said);
  expect(await anna.heard()).not.toMatch(/bens-marmalade(?!\.txt)|root:x|SQLite format|WEB_ACCESS_KEYS/);
});

test('no link in its workspace leads out, and none tells what there is outside', async () => {
  const { workspace } = mine.listed;
  const targets = {
    passwd: '/etc/passwd',
    environ: '/proc/self/environ',
    database: join(world.app.dir, 'surfaces.db'),
    kept,
    bens: join(world.workspace('of-ben'), 'secret.txt'),
    shared: join(bens, `${BENS}.txt`),
  };
  for (const [name, target] of Object.entries(targets)) {
    symlinkSync(target, join(workspace, name));
    symlinkSync(name, join(workspace, `${name}-again`));
    symlinkSync(join(target, '..'), join(workspace, `${name}-way`));
    const last = target.split('/').at(-1) ?? '';
    const ways = [name, `${name}-again`, `${name}-way/${last}`, `${name}-way/../${name}-way/${last}`];
    await allRefused(ways);
  }
  // The same words, whether what a link leads to is there or not.
  const absent = join(world.workspace('of-ben'), 'absent.txt');
  symlinkSync(absent, join(workspace, 'gone'));
  symlinkSync(join(absent, '..', 'no-way'), join(workspace, 'gone-way'));
  const ways = ['bens', 'gone', 'bens-way/absent.txt', 'bens-way/x/y', 'bens-way/secret.txt/x', 'gone-way/x'];
  expect([...(await reasons(ways))]).toHaveLength(1);
  expect(await anna.heard()).not.toMatch(/bens-marmalade(?!\.txt)|root:x|SQLite format|WEB_ACCESS_KEYS/);
});

test('an agent of both gives the one no file of the other', async () => {
  const his = personOf(world, 'ben');
  const name = `${BENS}.txt`;
  const chat = await chatWith(anna, 2);
  const here = { chat };
  writeFileSync(join(annas, 'own.txt'), 'annas own');
  const [given] = await anna.say(give(`${personOf(world, 'anna')}/own.txt`), here);
  expect((await anna.http(`/files/${given?.file?.id}`)).text).toBe('annas own');
  symlinkSync(bens, join(annas, 'way'));
  symlinkSync(join(bens, name), join(annas, 'link'));
  symlinkSync(bens, join(both.listed.workspace, 'his'));
  const her = personOf(world, 'anna');
  const paths = [
    `${his}/${name}`,
    `${her}/../${his}/${name}`,
    `${her}/way/${name}`,
    `${her}/link`,
    `his/${name}`,
    `/workspace/${his}/${name}`,
    `/agents/both/${his}/${name}`,
    `/agents/7/${his}/${name}`,
    join(bens, name),
    join(annas, 'link'),
    `../both/${his}/${name}`,
    `${his.toUpperCase()}/${name}`,
    her,
  ];
  await allRefused(paths, chat);
  // Not even whether there is such a file.
  const guesses = [`${his}/${name}`, `${his}/absent.txt`, 'nobody/absent.txt', `${his}/x/y`, his, 'nobody'];
  expect([...(await reasons(guesses, chat))]).toHaveLength(1);
  const [bens1] = await ben.say(give(`${his}/${name}`));
  expect((await ben.http(`/files/${bens1?.file?.id}`)).text).toBe(BENS);
  expect(await anna.http(`/files/${bens1?.file?.id}`)).toMatchObject({ status: 404 });
  expect(await anna.heard(chat)).not.toMatch(/bens-marmalade(?!\.txt)/);
});

test('a directory of the one that was turned to that of the other is not used', async () => {
  const chat = await chatWith(anna, 2);
  const before = readdirSync(bens);
  const aside = `${annas}-aside`;
  renameSync(annas, aside);
  symlinkSync(bens, annas);
  try {
    const path = `${personOf(world, 'anna')}/${BENS}.txt`;
    await allRefused([path], chat);
    const files = [await anna.upload('planted.txt', 'annas plant')];
    const said = (await anna.say('take it', { chat, files })).map(({ markdown }) => markdown).join();
    expect(said).not.toContain('heard');
    expect(readdirSync(bens)).toEqual(before);
  } finally {
    rmSync(annas);
    renameSync(aside, annas);
  }
  expect(await anna.heard(chat)).not.toMatch(/bens-marmalade(?!\.txt)/);
});

test('what comes for another request on the connection of one is nobody’s', async () => {
  const chat = await chatWith(anna, 3);
  const bensChat = await chatWith(ben, 2);
  const answered = ben.say('ben waits', { chat: bensChat });
  const his = await raw.asked('ben waits');
  const annas = anna.say('anna asks', { chat });
  const hers = await raw.asked('anna asks');
  expect(hers.requestId).not.toBe(his.requestId);
  expect(hers.socket).not.toBe(his.socket);
  const before = ben.frames.length;
  for (const request of [his.requestId, 'unknown', 'x'.repeat(128)]) {
    const options = [{ id: 'ok', label: 'OK', kind: 'allow_once' }];
    raw.send(hers.socket, request, { type: 'AGENT_EVENT_TEXT_CHUNK', text: 'forged' });
    raw.send(hers.socket, request, { type: 'AGENT_EVENT_CUSTOM_UPDATE', text: 'forged' });
    raw.send(hers.socket, request, { type: 'AGENT_EVENT_CONFIRM', id: 'forged', text: 'forged', options });
    raw.send(hers.socket, request, { type: 'AGENT_EVENT_SEND_FILE', path: 'forged' });
    raw.send(hers.socket, request, { type: 'RESUMED', state: 'done' });
    raw.send(hers.socket, request, { type: 'CONTEXT_DONE', ok: true });
    raw.send(hers.socket, request, { type: 'ERROR', code: 'forged', message: 'forged' });
    raw.send(hers.socket, request, { type: 'AGENT_EVENT_END' });
  }
  raw.answer(hers, 'for anna');
  expect((await annas).map(({ markdown }) => markdown)).toEqual(['for anna']);
  expect(JSON.stringify(ben.frames.slice(before))).not.toMatch(/forged|for anna/);
  raw.answer(his, 'for ben');
  expect((await answered).map(({ markdown }) => markdown)).toEqual(['for ben']);
  expect(await ben.heard(bensChat)).not.toMatch(/forged|for anna/);
  expect(await anna.heard(chat)).not.toMatch(/forged|for ben/);
});

test('questions that are called the same are two: each answer goes to the agent’s own connection', async () => {
  const chat = await chatWith(anna, 3);
  const bensChat = await chatWith(ben, 2);
  const [annas, bensSaid] = [anna.send('anna asked', { chat }), ben.send('ben asked', { chat: bensChat })];
  const [hers, his] = [await raw.asked('anna asked'), await raw.asked('ben asked')];
  await Promise.all([annas, bensSaid]);
  const options = [
    { id: 'ok', label: 'OK', kind: 'allow_once' },
    { id: 'no', label: 'No', kind: 'reject' },
  ];
  for (const { socket, requestId } of [hers, his]) {
    raw.send(socket, requestId, { type: 'AGENT_EVENT_CONFIRM', id: 'same', text: 'Shall I?', options });
  }
  const [button = '', foreign = ''] = [(await anna.question())[0], (await ben.question())[0]];
  expect(button).not.toBe(foreign);
  expect(await anna.press(foreign, chat)).toContain('There is no open question');
  await anna.press(button, chat);
  const replies = () => raw.heard.filter(({ frame }) => frame.type === 'CONFIRM_REPLY');
  await expect.poll(() => replies().length).toBe(1);
  expect(replies()[0]?.socket).toBe(hers.socket);
  expect(replies()[0]?.frame).toMatchObject({ request_id: hers.requestId, id: 'same', option: 'ok' });
  await ben.command('no', '', bensChat);
  await expect.poll(() => replies().length).toBe(2);
  expect(replies()[1]?.socket).toBe(his.socket);
  expect(replies()[1]?.frame).toMatchObject({ request_id: his.requestId, id: 'same', option: 'no' });
  raw.answer(hers, 'done');
  raw.answer(his, 'done');
});

test('a connection of a context that was left says nothing any more', async () => {
  const chat = await chatWith(anna, 3);
  const first = anna.say('before clear', { chat });
  const old = await raw.asked('before clear');
  raw.answer(old, 'old answer');
  await first;
  await anna.command('clear', '', chat);
  const second = anna.say('after clear', { chat });
  const fresh = await raw.asked('after clear');
  expect(fresh.socket).not.toBe(old.socket);
  for (const id of [old.requestId, fresh.requestId]) {
    raw.answer({ socket: old.socket, requestId: id }, 'forged');
  }
  raw.answer(fresh, 'fresh answer');
  expect((await second).map(({ markdown }) => markdown)).toEqual(['fresh answer']);
  expect(await anna.heard(chat)).not.toContain('forged');
});
