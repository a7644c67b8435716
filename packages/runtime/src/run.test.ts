import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AgentServer, type AgentTurn, serveAgent } from '@surfaces/sdk';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { EXIT } from './exit-codes.ts';

const entry = fileURLToPath(new URL('./testing-app.ts', import.meta.url));
let agent: AgentServer;
/** Turns whose text begins with `slow` wait until this is called. */
let release: () => void = () => undefined;
const begun: string[] = [];

beforeAll(async () => {
  agent = await serveAgent({ onTurn: answer });
});
afterAll(async () => {
  await agent.close();
});

async function answer(turn: AgentTurn): Promise<void> {
  begun.push(turn.text);
  await turn.write(`begin ${turn.text} `);
  if (turn.text.startsWith('slow')) {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
  }
  await turn.write('end');
}

interface App {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly shown: string[];
  readonly dir: string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  ready(): Promise<void>;
}

const apps: App[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.child.kill('SIGKILL');
    await app.ended;
  }
});

function start(env: Record<string, string> = {}, args: string[] = []): App {
  const dir = mkdtempSync(join(tmpdir(), 'surfaces-run-'));
  const child = fork(entry, args, {
    cwd: dir,
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      SURFACES_DATA_DIR: dir,
      AGENT_BASE_URL: agent.url,
      HEALTH_PORT: '0',
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const shown: string[] = [];
  child.on('message', (message: { shown?: string }) => {
    if (message.shown !== undefined) shown.push(message.shown);
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const app: App = {
    child,
    dir,
    shown,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    ready: () =>
      vi.waitFor(
        () => {
          if (child.exitCode !== null) throw new Error(`it ended: ${stderr}`);
          expect(stdout).toContain('Surfaces is ready: ');
        },
        { timeout: 15_000 },
      ),
  };
  apps.push(app);
  return app;
}

test('it says that it is ready, answers, and ends with 0 on SIGTERM', async () => {
  const app = start();
  await app.ready();
  expect(app.stdout()).toContain('Surfaces is ready: fake://room\nCtrl-C stops it.\n');
  app.child.send({ say: 'hello' });
  await vi.waitFor(() => expect(app.shown).toEqual(['begin hello end']));
  app.child.kill('SIGTERM');
  expect(await app.ended).toEqual({ code: EXIT.ok, signal: null });
  expect(app.stdout()).toContain('Stopping');
});

test('health and metrics of a running app', async () => {
  const app = start();
  await app.ready();
  app.child.send({ say: 'hello' });
  await vi.waitFor(() => expect(app.shown).toHaveLength(1));
  const url = /"url":"(http:[^"]+)","msg":"health/.exec(app.stderr())?.[1] ?? '';
  const healthz = await fetch(`${url}/healthz`);
  expect(healthz.status).toBe(200);
  expect(await healthz.json()).toMatchObject({
    status: 'ok',
    store: { ok: true },
    agents: { 'agent-0': { ok: true } },
    surfaces: { fake: { ok: true, detail: 'receiving' } },
  });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('surfaces_turns_total{outcome="answered"} 1');
  expect(metrics).toMatch(/surfaces_store_commit_seconds_count [1-9]/);
});

test('SIGTERM in mid-answer: the answer is finished first', async () => {
  const app = start();
  await app.ready();
  app.child.send({ say: 'slow one' });
  await vi.waitFor(() => expect(begun).toContain('slow one'));
  app.child.kill('SIGTERM');
  await vi.waitFor(() => expect(app.stdout()).toContain('Stopping'));
  // The same press, passed on twice by terminal and npm, is one.
  app.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(app.child.exitCode).toBe(null);
  release();
  expect(await app.ended).toEqual({ code: EXIT.ok, signal: null });
  expect(app.shown).toEqual(['begin slow one end']);
});

test('a second Ctrl-C ends at once, and the turn goes on at the next start', async () => {
  const app = start();
  await app.ready();
  app.child.send({ say: 'slow two' });
  await vi.waitFor(() => expect(begun).toContain('slow two'));
  app.child.kill('SIGINT');
  await vi.waitFor(() => expect(app.stdout()).toContain('Stopping'));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  app.child.kill('SIGINT');
  expect(await app.ended).toEqual({ code: EXIT.interrupted, signal: null });
  expect(app.shown).toEqual([]);
  release();
  const again = start({ SURFACES_DATA_DIR: app.dir });
  await again.ready();
  await vi.waitFor(() => expect(again.shown).toEqual(['begin slow two end']), { timeout: 10_000 });
});

test('a signal during the start ends it', async () => {
  const app = start();
  await once(app.child.stderr ?? app.child, 'data');
  app.child.kill('SIGTERM');
  expect(await app.ended).toEqual({ code: EXIT.ok, signal: null });
});

test('--help, --version and what does not exist', async () => {
  const help = start({ AGENT_BASE_URL: '' }, ['--help']);
  expect((await help.ended).code).toBe(EXIT.ok);
  expect(help.stdout()).toContain('An app for tests.');
  const version = start({}, ['--version']);
  expect((await version.ended).code).toBe(EXIT.ok);
  expect(version.stdout()).toBe('1.2.3\n');
  const wrong = start({}, ['--colour']);
  expect((await wrong.ended).code).toBe(EXIT.usage);
  expect(wrong.stderr()).toContain("'--colour'");
});

/** One clear report and no stack. */
async function refusal(app: App): Promise<{ code: number | null; text: string }> {
  const { code } = await app.ended;
  expect(app.stdout()).toBe('');
  expect(app.stderr()).not.toMatch(/^\s+at /m);
  const text = app
    .stderr()
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n');
  return { code, text };
}

test('wrong configuration, all of it at once, also of the surface and of .env', async () => {
  const app = start({ LOG_LEVEL: 'loud', AGENT_BASE_URL: '', FAKE_GREETING: 'too long' });
  expect(await refusal(app)).toEqual({
    code: EXIT.config,
    text: `Surfaces cannot start: the configuration is wrong.
  LOG_LEVEL ("loud"): expected one of debug, info, warn, error, silent
  AGENT_BASE_URL (not set): expected the URL of the agent, such as http://127.0.0.1:7000/, or a registry of agents in config/agents.yaml (see config/agents.example.yaml)
  FAKE_GREETING ("too long"): expected at most 5 characters
`,
  });
});

test('a second process on the same data directory names the first', async () => {
  const first = start();
  await first.ready();
  const { code, text } = await refusal(start({ SURFACES_DATA_DIR: first.dir }));
  expect(code).toBe(EXIT.inUse);
  expect(text).toContain(`pid ${first.child.pid}`);
  expect(text.trim().split('\n')).toHaveLength(1);
});

test('a data directory that cannot be written', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'surfaces-run-'));
  writeFileSync(join(dir, 'file'), '');
  const { code, text } = await refusal(start({ SURFACES_DATA_DIR: join(dir, 'file', 'below') }));
  expect(code).toBe(EXIT.notWritable);
  expect(text).toContain(join(dir, 'file'));
  expect(text.trim().split('\n')).toHaveLength(1);
});

test('the port of the health server in use', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const { code, text } = await refusal(start({ HEALTH_PORT: String(port) }));
  taken.close();
  expect(code).toBe(EXIT.unavailable);
  expect(text).toContain(`127.0.0.1:${port} is in use`);
});

test('the only surface cannot start', async () => {
  const { code, text } = await refusal(start({ TEST_CANNOT_START: '1' }));
  expect(code).toBe(EXIT.unavailable);
  expect(text).toMatch(/^Surfaces cannot start: .+\n$/);
});

test('a defect is logged, and the process ends with 70', async () => {
  const app = start({ TEST_DEFECT: '1' });
  expect(await app.ended).toEqual({ code: EXIT.internal, signal: null });
  expect(app.stderr()).toContain('a defect of the test');
});
