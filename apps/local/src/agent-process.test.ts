import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogger, isStartError } from '@surfaces/runtime';
import { afterEach, expect, test, vi } from 'vitest';
import { type AgentProcess, type AgentProcessOptions, startAgentProcess } from './agent-process.ts';

const entry = fileURLToPath(new URL('./testing-agent.ts', import.meta.url));
const parent = fileURLToPath(new URL('./testing-parent.ts', import.meta.url));
const running: AgentProcess[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((agent) => agent.stop()));
});

function options(mode = '', more: Partial<AgentProcessOptions> = {}) {
  const log: string[] = [];
  const logger = createLogger({
    app: 'test',
    level: 'debug',
    format: 'json',
    scrub: (text) => text,
    target: { write: (line) => log.push(line) },
  });
  const env = { ...process.env, AGENT_TEST_MODE: mode, WEB_ACCESS_KEYS: 'anna:secret', AGENT_BASE_URL: 'x' };
  const workspacePath = join(mkdtempSync(join(tmpdir(), 'agent-')), 'workspace');
  return { entry, dataDir: '/tmp/agent-data', workspacePath, logger, env, log, ...more };
}

async function start(given: AgentProcessOptions): Promise<AgentProcess> {
  const agent = await startAgentProcess(given);
  running.push(agent);
  return agent;
}

async function ask(url: string): Promise<{ pid: number; env: Record<string, string> }> {
  return (await fetch(url)).json() as Promise<{ pid: number; env: Record<string, string> }>;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('it listens, its lines are passed on, and it gets no secret of ours', async () => {
  const given = options();
  const agent = await start(given);
  const { pid, env } = await ask(agent.url);
  expect(pid).toBe(agent.pid);
  expect(env.AGENT_DATA_DIR).toBe('/tmp/agent-data');
  expect(env.AGENT_WORKSPACE).toBe(agent.workspacePath);
  expect(statSync(agent.workspacePath).isDirectory()).toBe(true);
  expect(env).not.toHaveProperty('WEB_ACCESS_KEYS');
  expect(env).not.toHaveProperty('AGENT_BASE_URL');
  await vi.waitFor(() => expect(given.log.join('')).toContain('[agent] the agent says hello'));
  await agent.stop();
  expect(isAlive(pid)).toBe(false);
});

test('killed, it comes back on the same port, each time after a longer pause', async () => {
  const given = options('', { backoff: { firstMs: 20, maxMs: 60 } });
  const agent = await start(given);
  const { url } = agent;
  const pids = new Set<number>();
  for (let kill = 0; kill < 4; kill++) {
    const { pid } = await ask(url);
    pids.add(pid);
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => expect((await ask(url)).pid).not.toBe(pid), { timeout: 10_000 });
  }
  expect(pids.size).toBe(4);
  expect(agent.url).toBe(url);
  const pauses = given.log.flatMap((line) => JSON.parse(line).restartInMs ?? []);
  expect(pauses).toEqual([20, 40, 60, 60]);
});

test('one that lived for long begins with the first pause again', async () => {
  const given = options('', { backoff: { firstMs: 20, maxMs: 1_000 }, steadyMs: 0 });
  const agent = await start(given);
  for (let kill = 0; kill < 2; kill++) {
    const { pid } = await ask(agent.url);
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => expect((await ask(agent.url)).pid).not.toBe(pid), { timeout: 10_000 });
  }
  expect(given.log.flatMap((line) => JSON.parse(line).restartInMs ?? [])).toEqual([20, 20]);
});

test('a port taken meanwhile is tried again, never in a tight loop', async () => {
  const given = options('', { backoff: { firstMs: 300, maxMs: 300 } });
  const agent = await start(given);
  const { pid } = await ask(agent.url);
  process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
  const taker = createServer((socket) => socket.destroy());
  taker.listen(Number(new URL(agent.url).port), '127.0.0.1');
  await once(taker, 'listening');
  await vi.waitFor(() => expect(given.log.join('')).toContain('EADDRINUSE'), { timeout: 10_000 });
  taker.close();
  await once(taker, 'close');
  await vi.waitFor(async () => expect((await ask(agent.url)).pid).not.toBe(pid), { timeout: 10_000 });
  expect(given.log.flatMap((line) => JSON.parse(line).restartInMs ?? []).length).toBeLessThan(10);
});

test('the parent killed, the agent ends', async () => {
  const child = fork(parent, [entry], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [message] = await once(child, 'message');
  const { url, pid } = message as { url: string; pid: number };
  expect((await ask(url)).pid).toBe(pid);
  child.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
});

test('one that does not heed SIGTERM is killed after a grace', async () => {
  const given = options('stubborn', { graceMs: 100 });
  const agent = await start(given);
  const pid = agent.pid ?? 0;
  await agent.stop();
  expect(isAlive(pid)).toBe(false);
  await vi.waitFor(() => expect(given.log.join('')).toContain('[agent] no'));
});

test('a first start that fails says why', async () => {
  const failure = await startAgentProcess(options('broken')).catch((error) => error);
  expect(isStartError(failure)).toBe(true);
  expect(failure.message).toContain('exit code 3');
  expect(failure.message).toContain('cannot read its model');
  expect(failure.message).toContain('AGENT_BASE_URL');
});

test('one that never listens is ended', async () => {
  const failure = await startAgentProcess(options('mute', { startTimeoutMs: 500 })).catch((error) => error);
  expect(failure.message).toContain('SIGKILL');
});

test('a start can be given up', async () => {
  const controller = new AbortController();
  const starting = startAgentProcess(options('mute', { signal: controller.signal, graceMs: 1_000 }));
  setTimeout(() => controller.abort(new Error('enough')), 50);
  await expect(starting).rejects.toThrow('enough');
  await expect(startAgentProcess(options('', { signal: controller.signal }))).rejects.toThrow('enough');
});

test('stopped while it waits to start again, it stays away', async () => {
  const given = options('', { backoff: { firstMs: 200, maxMs: 200 } });
  const agent = await start(given);
  process.kill(agent.pid ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(given.log.join('')).toContain('restartInMs'));
  await agent.stop();
  await new Promise((resolve) => setTimeout(resolve, 400));
  await expect(ask(agent.url)).rejects.toThrow();
});
