/** The commands of operators as processes, beside the whole app as a process and without one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const APP = pathOf('../../local/src/main.ts');
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function run(entry: string, args: string[], dir: string, env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [entry, ...args], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, SURFACES_DATA_DIR: dir, ...env },
  });
  const said = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    said.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said.err += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  closers.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, said, ended };
}

const person = (dir: string, ...args: string[]) => run(pathOf('./person.ts'), args, dir).ended;
const letters = (dir: string, ...args: string[]) => run(pathOf('./dead-letters.ts'), args, dir).ended;

async function startApp(dir: string) {
  const env = {
    WEB_PORT: '0',
    HEALTH_PORT: '0',
    LOG_FORMAT: 'json',
    WEB_ACCESS_KEYS: 'anna:the-key-of-anna-1234',
  };
  const app = run(APP, [], dir, env);
  const url = await vi.waitFor(
    () => {
      const found = /Surfaces is ready: (\S+)/.exec(app.said.out)?.[1];
      if (found === undefined) throw new Error(`not ready: ${app.said.err}`);
      return found;
    },
    { timeout: 30_000 },
  );
  return { ...app, url };
}

/** A page. Without a key whoever opens it is `local`. */
async function open(url: string, key?: string) {
  const frames: { type: string; [key: string]: unknown }[] = [];
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  // Node's takes headers; the types are those of browsers.
  const Socket = WebSocket as unknown as new (url: URL, options: object) => WebSocket;
  const socket = new Socket(new URL('ws', url.replace(/^http/, 'ws')), { headers });
  closers.push(() => socket.close());
  const closed = once(socket, 'close').then(([event]) => (event as { code: number }).code);
  socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', chat: 'main', after: null }));
  return {
    closed,
    text: () => JSON.stringify(frames.filter(({ type }) => type === 'entries')),
    say: (text: string, files: string[] = []) =>
      socket.send(JSON.stringify({ type: 'message', id: randomUUID(), chat: 'main', text, files })),
  };
}

async function upload(url: string, name: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(new URL(`upload?name=${name}`, url), {
    method: 'POST',
    body: 'one\n',
    headers,
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

const SEEN = { timeout: 30_000 };

test('a person of a running app is exported and deleted; their open page begins anew; the other is untouched', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'surfaces-cli-'));
  const { url, child, ended } = await startApp(dir);
  const anna = { authorization: 'Bearer the-key-of-anna-1234' };
  const [local, other] = [await open(url), await open(url, 'the-key-of-anna-1234')];
  const file = await upload(url, 'mine.txt');
  local.say('words of local', [file]);
  other.say('words of anna', [await upload(url, 'hers.txt', anna)]);
  await vi.waitFor(() => expect(local.text()).toContain('"by":"bot"'), SEEN);
  await vi.waitFor(() => expect(other.text()).toContain('"by":"bot"'), SEEN);

  const listed = (await person(dir, 'list')).out;
  for (const name of ['web:anna', 'web:local']) expect(listed).toContain(name);
  const exported = await person(dir, 'export', 'web:local', '--out', 'out');
  expect(exported).toMatchObject({ code: 0, err: '' });
  const records = readFileSync(join(dir, 'out/records.jsonl'), 'utf8');
  expect(records).toContain('words of local');
  expect(records).not.toContain('anna');
  expect(readFileSync(join(dir, 'out/files/mine.txt'), 'utf8')).toBe('one\n');
  const before = await person(dir, 'export', 'web:anna');

  expect(await person(dir, 'delete', 'web:local', '--yes')).toMatchObject({ code: 0, err: '' });
  expect(await local.closed).toBe(1001);
  expect((await fetch(new URL(`files/${file}`, url))).status).toBe(404);
  const again = await open(url);
  again.say('I am new here', [await upload(url, 'new.txt')]);
  await vi.waitFor(() => expect(again.text()).toContain('"by":"bot"'), SEEN);
  expect(again.text()).not.toContain('words of local');
  expect(await person(dir, 'export', 'web:anna')).toEqual(before);
  expect(before.out).toContain('words of anna');
  expect((await letters(dir)).out).toBe('There are no dead letters.\n');

  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  // The same without the app, whose own agent does not run then.
  const alone = await person(dir, 'delete', 'web:anna', '--yes');
  expect(alone).toMatchObject({
    code: 0,
    err: expect.stringContaining('1 context could not be ended at agent-0'),
  });
  const left = await person(dir, 'list', '--json');
  expect(left.out.trim().split('\n')).toHaveLength(1);
  expect(left.out).toContain('local');
  const workspaces = readdirSync(join(dir, 'agent/workspace'));
  expect(workspaces).toEqual([JSON.parse(left.out).id]);
}, 120_000);

test('wrong usage, an unknown person, help', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'surfaces-cli-'));
  expect(await person(dir, '--help')).toMatchObject({ code: 0, err: '' });
  expect(await letters(dir, '--help')).toMatchObject({ code: 0, err: '' });
  for (const args of [[], ['delete'], ['show', 'a', 'b'], ['list', '--out', 'x'], ['list', '--nonsense']]) {
    expect(await person(dir, ...args)).toMatchObject({ code: 2, out: '' });
  }
  for (const args of [['replay'], ['drop', 'a', '--all'], ['show'], ['list', '--limit', 'x'], ['eat']]) {
    expect(await letters(dir, ...args)).toMatchObject({ code: 2, out: '' });
  }
  const nowhere = await person(dir, 'list');
  expect(nowhere).toMatchObject({ code: 1, err: expect.stringContaining('SURFACES_DATA_DIR') });
  expect(existsSync(join(dir, 'surfaces.db'))).toBe(false);
}, 120_000);
