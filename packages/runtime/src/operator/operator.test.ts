/** The door of a running app over its real socket, and the same operations when none runs. */
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Files, isStoreError } from '@surfaces/core';
import { type FakeMessenger, FakeSurface } from '@surfaces/core/testing';
import { serveAgent } from '@surfaces/sdk';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { EXIT } from '../exit-codes.ts';
import { deadLettersCommand, personCommand } from '../operator-commands/index.ts';
import { prepareApp, type RunningApp, startApp } from '../start.ts';
import { isStartError } from '../start-error.ts';
import { defineSurface } from '../surface.ts';
import { openDoor } from './door.ts';
import { knock } from './door-client.ts';
import type { Operator } from './operator.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

const signal = new AbortController().signal;
/** Each command without an app opens the store anew. Milliseconds. */
const LONG = 60_000;
const ann = { externalId: 'ann', name: 'Ann' };
const bob = { externalId: 'bob', name: 'Bob' };

interface Running {
  readonly app: RunningApp;
  readonly fake: FakeSurface;
  readonly files: Files;
}

async function agentOf(disposed: string[] = []) {
  const agent = await serveAgent({
    onTurn: (turn) => turn.write(`you said ${turn.text}`),
    onDispose: async (context) => void disposed.push(context),
  });
  open.push(agent);
  return agent;
}

function environment(directory: string, agent: string): Record<string, string> {
  const workspace = join(directory, 'workspace');
  mkdirSync(workspace, { recursive: true });
  return {
    SURFACES_DATA_DIR: directory,
    HEALTH_PORT: '0',
    AGENT_BASE_URL: agent,
    AGENT_WORKSPACE_PATH: workspace,
    LOG_LEVEL: 'error',
  };
}

async function start(env: Record<string, string>, messenger?: FakeMessenger): Promise<Running> {
  const fake = new FakeSurface(messenger);
  let files: Files | undefined;
  const surface = defineSurface({
    name: 'fake',
    schema: z.object({}),
    variables: {},
    create: (_, parts) => {
      files = parts.files;
      return fake;
    },
  });
  const prepared = prepareApp(
    { name: 'test', version: '1', summary: '', surfaces: [surface] },
    { env, directory: tmpdir(), isTerminal: false, logTarget: { write: () => undefined } },
  );
  const app = await startApp(prepared, signal);
  open.push({ close: () => app.stop(0) });
  if (files === undefined) throw new Error('no surface was made');
  return { app, fake, files };
}

async function converse({ fake }: Running, author: typeof ann, text: string): Promise<void> {
  const room = fake.messenger.room(author.externalId);
  fake.messenger.say(room, text, author);
  const shown = () => fake.messenger.shown(room).map(({ message }) => message.markdown);
  await vi.waitFor(() => expect(shown()).toContain(`you said ${text}`), 10_000);
}

/** A command as the process runs it. */
async function command(run: typeof personCommand, env: Record<string, string>, ...args: string[]) {
  const said = { out: '', err: '' };
  const code = await run(args, {
    env,
    directory: env.SURFACES_DATA_DIR ?? '',
    out: async (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    ask: undefined,
    signal,
  });
  return { code, ...said };
}

async function* bytes(text: string) {
  yield new TextEncoder().encode(text);
}

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Two people who each said something and have a file, in a running app. */
async function twoPeople(env: Record<string, string>) {
  const running = await start(env);
  await converse(running, ann, 'words of ann');
  await converse(running, bob, 'words of bob');
  const people = linesOf((await command(personCommand, env, 'list', '--json')).out);
  const idOf = (name: string) => people.find((one: { name: string }) => one.name === name).id;
  for (const name of ['Ann', 'Bob']) {
    await running.files.keep(idOf(name), { name: 'notes.txt' }, bytes(`notes of ${name}`), signal);
    mkdirSync(join(env.AGENT_WORKSPACE_PATH ?? '', idOf(name)));
  }
  return { ...running, annId: idOf('Ann'), bobId: idOf('Bob') };
}

test.each(['a running app', 'no app'])(
  'with %s: one person is exported and deleted, the other is untouched',
  async (how) => {
    const disposed: string[] = [];
    const agent = await agentOf(disposed);
    const env = environment(mkdtempSync(join(tmpdir(), 'surfaces-op-')), agent.url);
    const { app, fake, annId, bobId } = await twoPeople(env);
    if (how === 'no app') await app.stop(1_000);
    const person = (...args: string[]) => command(personCommand, env, ...args);
    expect(await person('show', 'fake:ann')).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 chat, 1 message'),
    });

    const before = (await person('export', bobId)).out;
    const out = join(env.SURFACES_DATA_DIR ?? '', 'export-of-ann');
    expect(await person('export', 'fake:ann', '--out', 'export-of-ann')).toMatchObject({ code: 0 });
    expect(readdirSync(out).toSorted()).toEqual(['files', 'records.jsonl']);
    expect(readFileSync(join(out, 'files/notes.txt'), 'utf8')).toBe('notes of Ann');
    const records = readFileSync(join(out, 'records.jsonl'), 'utf8');
    const kinds = linesOf(records).map(({ kind }: { kind: string }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['person', 'identity', 'chat', 'turn', 'answer', 'kept_file']));
    expect(records).toContain('words of ann');
    expect(records).not.toMatch(/bob/i);
    expect(linesOf(records).at(-1)).toMatchObject({ data: { name: 'notes.txt', path: 'files/notes.txt' } });
    expect(await person('export', annId, '--out', 'export-of-ann')).toMatchObject({ code: 1 });

    expect(await person('delete', annId)).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    const deleted = await person('delete', annId, '--yes');
    expect(deleted).toMatchObject({ code: 0, err: '', out: expect.stringContaining('1 chat') });
    expect(disposed).toHaveLength(1);
    expect(readdirSync(env.AGENT_WORKSPACE_PATH ?? '')).toEqual([bobId]);
    expect(await person('show', annId)).toMatchObject({ code: 1 });
    expect((await person('export', bobId)).out).toBe(before);
    expect(before).toContain('notes.txt');

    // The same messenger: what it names a message is never used again.
    const later = how === 'no app' ? await start(env, fake.messenger) : undefined;
    if (later) await converse(later, ann, 'back');
    const ids = linesOf((await person('list', '--json')).out).map(({ id }: { id: string }) => id);
    expect(ids).toContain(bobId);
    expect(ids).not.toContain(annId);
  },
  LONG,
);

test.each(['a running app', 'no app'])(
  'with %s: the person is gone from every workspace, and what cannot be reached is named',
  async (how) => {
    const agent = await agentOf();
    const { AGENT_BASE_URL, AGENT_WORKSPACE_PATH, ...env } = environment(
      mkdtempSync(join(tmpdir(), 'surfaces-op-')),
      agent.url,
    );
    const directory = env.SURFACES_DATA_DIR ?? '';
    const registry = join(directory, 'agents.yaml');
    env.AGENTS_CONFIG = registry;
    const entry = (id: string) => ({ id, base_url: agent.url, workspace_path: id });
    const [own, other, demo] = ['own', 'other', 'agent/workspace'].map((name) => join(directory, name));
    for (const path of [own, other, demo]) mkdirSync(path ?? '', { recursive: true });
    const write = (agents: readonly string[]) =>
      writeFileSync(
        registry,
        JSON.stringify({ user_agents: { 'fake:ann': agents[0] }, agents: agents.map(entry) }),
      );
    write(['other', 'own']);
    const before = await start(env);
    await converse(before, ann, 'words of ann');
    await before.app.stop(1_000);
    // From now on the agent that has the chat is in no registry, and "own" is hers alone.
    write(['own']);
    const { app } = await start(env);
    if (how === 'no app') await app.stop(1_000);
    const [{ id }] = linesOf((await command(personCommand, env, 'list', '--json')).out);
    for (const path of [own, other, demo]) {
      mkdirSync(join(path ?? '', id));
      writeFileSync(join(path ?? '', id, 'text.txt'), 'of ann');
    }
    writeFileSync(join(own ?? '', 'notes.txt'), 'of ann');

    const deleted = await command(personCommand, env, 'delete', id, '--yes');
    expect(deleted).toMatchObject({ code: 0 });
    expect([own, demo].map((path) => readdirSync(path ?? ''))).toEqual([['notes.txt'], []]);
    // Read anew, a workspace with a person's directory in it counts as one for several people.
    if (how === 'a running app') expect(deleted.err).toContain(`Note: ${own} is as it was`);
    expect(readdirSync(other ?? '')).toEqual([id]);
    expect(deleted.err).toContain(
      `Note: other is not known here any more: if it has a directory, delete ${id}`,
    );
  },
  LONG,
);

test.each(['a running app', 'no app'])(
  'with %s: dead letters are listed, shown, dropped, and delivered after all',
  async (how) => {
    const agent = await agentOf();
    const env = environment(mkdtempSync(join(tmpdir(), 'surfaces-op-')), agent.url);
    const running = await start(env);
    const { messenger } = running.fake;
    const room = messenger.room('ann');
    const texts = (from = messenger) => from.shown(room).map(({ message }) => message.markdown);
    const letters = (...args: string[]) => command(deadLettersCommand, env, ...args);
    expect((await letters()).out).toBe('There are no dead letters.\n');
    messenger.fail({ fault: 'refused', call: 'send', times: Number.POSITIVE_INFINITY });
    messenger.say(room, 'hello', ann);
    // The answer, and the notice that it did not come.
    await vi.waitFor(async () => expect(linesOf((await letters('--json')).out)).toHaveLength(2), 10_000);
    messenger.heal();
    if (how === 'no app') await running.app.stop(1_000);

    const [notice, answer] = linesOf((await letters('list', '--json')).out);
    expect(answer).toMatchObject({
      surface: 'fake',
      chat: expect.stringContaining('C1'),
      text: 'you said hello',
    });
    expect((await letters()).out).toContain('because: ');
    expect((await letters('show', answer.id)).out).toContain('you said hello');
    expect(await letters('drop', notice.id)).toMatchObject({ code: 0, out: '1 dead letter dropped.\n' });
    expect(await letters('replay', answer.id, 'no-such')).toMatchObject({ code: 1 });
    const shown = how === 'no app' ? (await start(env)).fake.messenger : messenger;
    await vi.waitFor(() => expect(texts(shown)).toEqual(['you said hello']), 10_000);
    await vi.waitFor(async () => expect((await letters()).out).toBe('There are no dead letters.\n'));
    expect(await letters('replay', '--all')).toMatchObject({ code: 0 });
  },
  LONG,
);

const nothing: Operator = {
  deadLetters: async () => [],
  deadLetter: async () => undefined,
  replay: async () => 0,
  drop: async () => 0,
  people: async () => [],
  holdings: async () => ({ chats: 0, messages: 0, history: 0, files: 0, fileBytes: 0, contexts: 0 }),
  // biome-ignore lint/correctness/useYield: it fails first
  records: async function* () {
    throw new Error('the disk is gone');
  },
  files: async function* () {
    yield { id: 'A'.repeat(20) as never, name: 'a', mediaType: 'x/y', size: 3 };
    throw new Error('the disk is gone');
  },
  read: async function* () {
    yield new Uint8Array(3);
  },
  forget: async () => ({ left: [], stays: [] }),
};
const logger = {
  debug: vi.fn(),
  info: vi.fn(),
  warn: vi.fn(),
  error: vi.fn(),
  child: vi.fn(),
  isDebug: () => false,
};
const status = async () => ({
  app: 'a',
  version: '1',
  pid: 1,
  surfaces: [],
  queued: 0,
  running: 0,
  deadLetters: 0,
});

async function door(dataDir: string) {
  const opened = await openDoor({ dataDir, operator: nothing, status, logger });
  open.push(opened);
  return opened;
}

test('the socket is for its user alone; a live one is refused, a stale one replaced', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'surfaces-op-'));
  const first = await door(dataDir);
  expect(first.place).toBe(join(dataDir, 'operator.sock'));
  expect(statSync(first.place).mode & 0o777).toBe(0o600);
  const refused = await openDoor({ dataDir, operator: nothing, status, logger }).catch((error) => error);
  expect(isStartError(refused) && refused.exitCode).toBe(EXIT.inUse);
  expect(await knock(dataDir, signal)).toMatchObject({ status: { app: 'a' } });
  await first.close();
  expect(existsSync(first.place)).toBe(false);
  expect(await knock(dataDir, signal)).toBeUndefined();

  // A crash leaves the socket and nobody behind it.
  const { execFileSync } = await import('node:child_process');
  const script = `require('net').createServer().listen(${JSON.stringify(first.place)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', script])).toThrow();
  expect(existsSync(first.place)).toBe(true);
  expect(await knock(dataDir, signal)).toBeUndefined();
  await door(dataDir);
  expect(await knock(dataDir, signal)).toBeDefined();
});

test('a path too long for a socket: it is elsewhere, found through the data directory', async () => {
  const dataDir = join(mkdtempSync(join(tmpdir(), 'surfaces-op-')), 'long'.repeat(30));
  const { place, close } = await door(dataDir);
  expect(Buffer.byteLength(place)).toBeLessThan(104);
  expect(readFileSync(join(dataDir, 'operator.place'), 'utf8')).toBe(`${place}\n`);
  expect(statSync(join(place, '..')).mode & 0o777).toBe(0o700);
  expect(await knock(dataDir, signal)).toBeDefined();
  await close();
  expect(existsSync(join(dataDir, 'operator.place'))).toBe(false);
  rmSync(join(place, '..'), { recursive: true });
});

test('what is cut off is an error, what is wrong is named, and nothing listens on the network', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'surfaces-op-'));
  const { place } = await door(dataDir);
  const live = await knock(dataDir, signal);
  const read = async () => {
    for await (const _ of live?.files('p' as never) ?? []);
  };
  await expect(read()).rejects.toThrow(/cut/);
  const ask = async (method: string, path: string, body = '') => {
    const asked = request({ socketPath: place, method, path });
    asked.end(body);
    const [response] = await once(asked, 'response');
    return response.resume().statusCode;
  };
  expect(await ask('GET', '/v1/people?limit=-1')).toBe(400);
  expect(await ask('POST', '/v1/replay', '{')).toBe(400);
  expect(await ask('POST', '/v1/replay', '{"ids": [1]}')).toBe(400);
  expect(await ask('GET', '/v1/%ff')).toBe(400);
  expect(await ask('GET', '/')).toBe(404);
  expect(await ask('PUT', '/v1/status')).toBe(404);
});

test('a store that a process uses without a door is refused, and an empty directory is named', async () => {
  const agent = await agentOf();
  const env = environment(mkdtempSync(join(tmpdir(), 'surfaces-op-')), agent.url);
  expect(await command(personCommand, env, 'list')).toMatchObject({
    code: 1,
    err: expect.stringContaining('SURFACES_DATA_DIR'),
  });
  await start(env);
  rmSync(join(env.SURFACES_DATA_DIR ?? '', 'operator.sock'));
  const refused = await command(personCommand, env, 'list');
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toContain(String(process.pid));
  expect(isStoreError(refused)).toBe(false);
});

test.each([
  ['goes away', (response: ServerResponse) => response.destroy(), /went away/],
  ['is of another version', (response: ServerResponse) => response.end('{"persons": []}'), /another version/],
])('an app that %s in the middle is told in words', async (_, answer, words) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'surfaces-op-'));
  const known = JSON.stringify(await status());
  const app = createHttpServer((asked, response) =>
    asked.url === '/v1/status' ? response.end(known) : answer(response),
  ).listen(join(dataDir, 'operator.sock'));
  open.push({ close: async () => void app.close() });
  await once(app, 'listening');
  const found = await command(personCommand, { SURFACES_DATA_DIR: dataDir }, 'list');
  expect(found).toEqual({ code: 1, out: '', err: expect.stringMatching(words) });
});

test('a file in the place of the socket is left alone', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'surfaces-op-'));
  const other = createServer().listen(join(dataDir, 'x'));
  await once(other, 'listening');
  mkdirSync(join(dataDir, 'operator.sock'));
  await expect(openDoor({ dataDir, operator: nothing, status, logger })).rejects.toThrow('remove it');
  other.close();
});
