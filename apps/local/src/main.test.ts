/** The whole app as `npm start` runs it: page, core, store, and the demo agent as its child. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServerFrame } from '@surfaces/adapter-web';
import { afterEach, expect, test, vi } from 'vitest';

const entry = fileURLToPath(new URL('./main.ts', import.meta.url));
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface App {
  readonly child: ChildProcess;
  readonly dir: string;
  readonly output: () => string;
  readonly log: () => string;
  readonly ended: Promise<number | null>;
}

function start(env: Record<string, string> = {}): App {
  const dir = env.SURFACES_DATA_DIR ?? mkdtempSync(join(tmpdir(), 'surfaces-local-'));
  const child = spawn(process.execPath, [entry], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group, so that a test can do what Ctrl-C in a terminal does.
    detached: true,
    env: {
      PATH: process.env.PATH,
      SURFACES_DATA_DIR: dir,
      WEB_PORT: '0',
      HEALTH_PORT: '0',
      LOG_FORMAT: 'json',
      ...env,
    },
  });
  let output = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  closers.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, dir, output: () => output, log: () => log, ended };
}

async function ready(app: App): Promise<string> {
  return vi.waitFor(
    () => {
      const url = /Surfaces is ready: (\S+)/.exec(app.output())?.[1];
      if (url === undefined) throw new Error(`not ready: ${app.log()}`);
      return url;
    },
    { timeout: 15_000 },
  );
}

function fieldOf(app: App, message: string, field: string): unknown {
  const lines = app
    .log()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${message}"`));
  return JSON.parse(lines.at(-1) ?? '{}')[field];
}

const agentPid = (app: App) => Number(fieldOf(app, 'the demo agent listens', 'agentPid'));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A page: says things and keeps what it is sent. */
async function open(url: string) {
  const frames: ServerFrame[] = [];
  const socket = new WebSocket(new URL('ws', url.replace(/^http/, 'ws')));
  closers.push(() => socket.close());
  socket.addEventListener('message', ({ data }) => frames.push(ServerFrame.parse(JSON.parse(String(data)))));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', chat: 'main', after: null }));
  const entries = () => frames.flatMap((frame) => (frame.type === 'entries' ? frame.entries : []));
  return {
    entries,
    answers: () => entries().flatMap((entry) => (entry.by === 'bot' ? entry.message.markdown : [])),
    say: (text: string) =>
      socket.send(JSON.stringify({ type: 'message', id: randomUUID(), chat: 'main', text })),
    drafted: () => frames.flatMap((frame) => (frame.type === 'draft' ? frame.text : [])).join(''),
    accepted: () => frames.filter((frame) => frame.type === 'accepted').length,
  };
}

test('a message goes to the agent and its answer comes back; health agrees; SIGTERM ends all of it', async () => {
  const app = start();
  const url = await ready(app);
  expect(app.output()).toBe(`Surfaces is ready: ${url}\nCtrl-C stops it.\n`);
  expect((await fetch(url)).status).toBe(200);
  const page = await open(url);
  page.say('just some words to repeat');
  await vi.waitFor(() => expect(page.answers().join()).toContain('just some words to repeat'), 10_000);
  expect(page.accepted()).toBe(1);

  const health = await fetch(`${fieldOf(app, 'health and metrics are served', 'url')}/healthz`);
  expect(await health.json()).toMatchObject({
    status: 'ok',
    agents: { 'agent-0': { ok: true } },
    surfaces: { web: { ok: true } },
  });

  const pid = agentPid(app);
  expect(isAlive(pid)).toBe(true);
  app.child.kill('SIGTERM');
  expect(await app.ended).toBe(0);
  expect(isAlive(pid)).toBe(false);
});

test('the agent killed comes back and answers; after a restart everything is still there', async () => {
  const app = start();
  const url = await ready(app);
  const page = await open(url);
  page.say('first words');
  await vi.waitFor(() => expect(page.answers().join()).toContain('first words'), 10_000);
  const pid = agentPid(app);
  process.kill(pid, 'SIGKILL');
  page.say('second words');
  await vi.waitFor(() => expect(page.answers().join()).toContain('second words'), 15_000);
  expect(agentPid(app)).not.toBe(pid);
  app.child.kill('SIGTERM');
  expect(await app.ended).toBe(0);

  const again = start({ SURFACES_DATA_DIR: app.dir });
  const later = await open(await ready(again));
  await vi.waitFor(() => expect(later.entries()).toHaveLength(4));
  expect(later.answers().join()).toMatch(/first words.*second words/s);
});

test('the app killed takes the agent with it', async () => {
  const app = start();
  await ready(app);
  const pid = agentPid(app);
  app.child.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000);
});

/** The agent has begun to answer: a draft with text in it was shown. */
const growing = (page: Awaited<ReturnType<typeof open>>) =>
  vi.waitFor(() => expect(page.drafted()).toMatch(/\w/), 10_000);

test('Ctrl-C in mid-answer reaches every process, twice; the answer is finished first', async () => {
  const app = start();
  const page = await open(await ready(app));
  page.say('slow 2');
  await growing(page);
  const press = () => process.kill(-(app.child.pid ?? 0), 'SIGINT');
  press();
  await vi.waitFor(() => expect(app.output()).toContain('Stopping'));
  // npm passes the same press on once more.
  press();
  expect(page.answers()).toEqual([]);
  expect(await app.ended).toBe(0);
  const again = start({ SURFACES_DATA_DIR: app.dir });
  const later = await open(await ready(again));
  await vi.waitFor(() => expect(later.answers()).toHaveLength(1));
  expect(page.answers()).toEqual(later.answers());
  expect(later.answers()[0]).toMatch(/^the river takes its time/);
});

test('the app killed in mid-answer: the turn is finished once at the next start', async () => {
  const app = start();
  const page = await open(await ready(app));
  page.say('slow 2');
  await growing(page);
  app.child.kill('SIGKILL');
  await app.ended;
  const again = start({ SURFACES_DATA_DIR: app.dir });
  const later = await open(await ready(again));
  await vi.waitFor(() => expect(later.answers().join()).toContain('the river takes its time'), 15_000);
  expect(later.entries().filter(({ by }) => by === 'person')).toHaveLength(1);
  expect(later.answers().join().split('the river takes its time')).toHaveLength(2);
});

test('the port of the page in use: one line that says what to do, and no agent left behind', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  closers.push(() => taken.close());
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const app = start({ WEB_PORT: String(port) });
  expect(await app.ended).toBe(69);
  const lines = app
    .log()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(new RegExp(`^Surfaces cannot start: .*${port}.*WEB_PORT`));
  expect(isAlive(agentPid(app))).toBe(false);
});

test('wrong settings of page and app are named together, keys never', async () => {
  const app = start({ WEB_PORT: 'eighty', LOG_LEVEL: 'loud', WEB_ACCESS_KEYS: 'anna:the-secret,anna:other' });
  expect(await app.ended).toBe(78);
  expect(app.log()).toContain('WEB_PORT ("eighty"): expected a number');
  expect(app.log()).toContain('LOG_LEVEL ("loud")');
  expect(app.log()).toContain('WEB_ACCESS_KEYS: the same name is there twice');
  expect(app.log()).not.toContain('the-secret');
});
