import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError, type StoreErrorCode, SurfaceError } from '@surfaces/core';
import { FakeSurface } from '@surfaces/core/testing';
import { type AgentServer, serveAgent } from '@surfaces/sdk';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { EXIT } from './exit-codes.ts';
import { type AppOptions, prepareApp, type RunningApp, startApp } from './start.ts';
import { exitCodeOf, isStartError, StartError } from './start-error.ts';
import { defineSurface } from './surface.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

const signal = new AbortController().signal;

async function echoAgent(key?: string): Promise<AgentServer> {
  const agent = await serveAgent({
    onTurn: (turn) => turn.write(`you said ${turn.text}`),
    ...(key === undefined ? {} : { bearer: key }),
  });
  open.push(agent);
  return agent;
}

function surfaceOf(fake: FakeSurface) {
  return defineSurface({ name: fake.surface, schema: z.object({}), variables: {}, create: () => fake });
}

function prepare(surfaces: FakeSurface[], env: Record<string, string> = {}, more: Partial<AppOptions> = {}) {
  const log: string[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-start-'));
  const prepared = prepareApp(
    { name: 'test', version: '1', summary: '', surfaces: surfaces.map(surfaceOf), ...more },
    {
      env: { SURFACES_DATA_DIR: directory, HEALTH_PORT: '0', ...env },
      directory,
      isTerminal: false,
      logTarget: { write: (line) => log.push(line) },
    },
  );
  return { prepared, log };
}

async function start(...args: Parameters<typeof prepare>): Promise<{ app: RunningApp; log: string[] }> {
  const { prepared, log } = prepare(...args);
  const app = await startApp(prepared, signal);
  open.push({ close: () => app.stop(0) });
  return { app, log };
}

async function healthOf(app: RunningApp) {
  const response = await fetch(`${app.healthUrl}/healthz`);
  // What is expected of it is said where it is used.
  return { status: response.status, report: (await response.json()) as Record<string, unknown> };
}

test('of several surfaces one cannot start: it is reported, the others run', async () => {
  const agent = await echoAgent();
  const good = new FakeSurface({ surface: 'good' });
  const bad = new FakeSurface({ surface: 'bad' });
  bad.messenger.fail({ fault: 'cannot_start', call: 'start' });
  const { app, log } = await start([bad, good], { AGENT_BASE_URL: agent.url });
  expect(app.addresses).toEqual(['good']);
  expect(log.some((line) => line.includes('"surface":"bad"') && line.includes('cannot start'))).toBe(true);
  const room = good.messenger.room('r');
  good.messenger.say(room, 'hello');
  await vi.waitFor(() => expect(good.messenger.shown(room)[0]?.message.markdown).toBe('you said hello'));
  const { status, report } = await healthOf(app);
  expect(status).toBe(503);
  expect(report.surfaces).toMatchObject({ good: { ok: true }, bad: { ok: false } });
});

test('none can start: that is an error, and everything is closed again', async () => {
  const agent = await echoAgent();
  const surfaces = ['one', 'two'].map((surface) => {
    const fake = new FakeSurface({ surface });
    fake.messenger.fail({ fault: 'cannot_start', call: 'start' });
    return fake;
  });
  const { prepared } = prepare(surfaces, { AGENT_BASE_URL: agent.url });
  const error = await startApp(prepared, signal).catch((failure) => failure);
  expect(isStartError(error)).toBe(true);
  expect(exitCodeOf(error)).toBe(EXIT.unavailable);
  // The directory is free again: the faults are used up, so that it starts now.
  const app = await startApp(prepared, signal);
  await app.stop(0);
});

test('the own agent is started with a key of its own, and stopped last', async () => {
  const agent = await echoAgent('the-key-of-the-agent');
  const fake = new FakeSurface();
  const stop = vi.fn(async () => undefined);
  const ownAgent = vi.fn(async () => ({ url: agent.url, key: 'the-key-of-the-agent', stop }));
  const { app } = await start([fake], {}, { ownAgent });
  const room = fake.messenger.room('r');
  fake.messenger.say(room, 'hello');
  await vi.waitFor(() => expect(fake.messenger.shown(room)).toHaveLength(1));
  expect(stop).not.toHaveBeenCalled();
  await Promise.all([app.stop(1_000), app.stop(0)]);
  expect(stop).toHaveBeenCalledTimes(1);
  await start([new FakeSurface()], { AGENT_BASE_URL: agent.url }, { ownAgent });
  expect(ownAgent).toHaveBeenCalledTimes(1);
});

test('an agent that is down does not keep the app from starting; health says so', async () => {
  const agent = await echoAgent();
  await agent.close();
  const fake = new FakeSurface();
  const { app } = await start([fake], { AGENT_BASE_URL: agent.url.replace('//', '//user:pa55word@') });
  const { status, report } = await healthOf(app);
  expect(status).toBe(503);
  expect(report).toMatchObject({
    status: 'failing',
    store: { ok: true },
    agents: { 'agent-0': { ok: false } },
    surfaces: { fake: { ok: true } },
  });
  expect(JSON.stringify(report)).not.toContain('pa55word');
});

test('the registry says who is served by whom, and a new version counts at once', async () => {
  const [first, second] = await Promise.all([echoAgent('the-key-of-the-first'), echoAgent()]);
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-start-'));
  const file = join(directory, 'agents.yaml');
  const version = (url: string, auth = '') =>
    `default_agent: a\nagents: [{id: a, base_url: "${url}"${auth}}]\n`;
  writeFileSync(file, version(first.url, ', auth: {bearer_env: KEY_OF_FIRST}'));
  const fake = new FakeSurface();
  const env = { AGENTS_CONFIG: file, KEY_OF_FIRST: 'the-key-of-the-first', AGENT_BASE_URL: 'http://unused/' };
  const { app, log } = await start([fake], env);
  expect(log.join('')).toContain('AGENT_BASE_URL is not used');
  const room = fake.messenger.room('r');
  fake.messenger.say(room, 'hello');
  const shown = () => fake.messenger.shown(room).map(({ message }) => message.markdown);
  await vi.waitFor(() => expect(shown()).toContain('you said hello'));
  expect((await healthOf(app)).report.registry).toEqual({
    ok: true,
    detail: '1 agent, 0 people, others have a',
  });

  writeFileSync(file, version(second.url));
  await vi.waitFor(
    () => expect(log.join('')).toContain('a new version of the agent registry is in force'),
    10_000,
  );
  await first.close();
  fake.messenger.say(room, 'again');
  await vi.waitFor(() => expect(shown()).toContain('you said again'));
  expect(log.join('')).not.toContain('the-key-of-the-first');
});

test('a registry that is wrong is an error that names the places', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-start-'));
  mkdirSync(join(directory, 'config'));
  const file = join(directory, 'config/agents.yaml');
  writeFileSync(file, 'agents:\n  - id: a\n    base_url: http://h/\n    auth: {bearer_env: NOT_SET}\n');
  const { prepared } = prepare([new FakeSurface()], { AGENTS_CONFIG: file });
  const error = await startApp(prepared, signal).catch((failure) => failure);
  expect(exitCodeOf(error)).toBe(EXIT.config);
  expect(error.message).toContain(
    `${file}:4:12 agents[0].auth.bearer_env: the environment variable NOT_SET is not set`,
  );
});

test('PostgreSQL that cannot be reached: where, what to do, and no password', async () => {
  const agent = await echoAgent();
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const address = closed.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await new Promise((resolve) => closed.close(resolve));
  const { prepared, log } = prepare([new FakeSurface()], {
    AGENT_BASE_URL: agent.url,
    DATABASE_URL: `postgres://anna:pa55word@127.0.0.1:${port}/chats`,
  });
  const error = await startApp(prepared, signal).catch((failure) => failure);
  expect(exitCodeOf(error)).toBe(EXIT.unavailable);
  expect(error.message).toContain(`127.0.0.1:${port}/chats`);
  expect(error.message + log.join('')).not.toContain('pa55word');
});

test('a start that is given up closes what it opened', async () => {
  const agent = await echoAgent();
  const controller = new AbortController();
  controller.abort(new Error('asked to stop'));
  const { prepared } = prepare([new FakeSurface()], { AGENT_BASE_URL: agent.url });
  await expect(startApp(prepared, controller.signal)).rejects.toThrow('asked to stop');
  await (await startApp(prepared, signal)).stop(0);
});

test('each way a start can fail has its exit code', () => {
  const codes: Record<StoreErrorCode, number> = {
    in_use: 75,
    lease_lost: 75,
    newer: 65,
    not_writable: 73,
    disk_full: 74,
    failed: 74,
    conflict: 70,
    unreachable: 69,
    closed: 70,
  };
  for (const [code, exit] of Object.entries(codes)) {
    expect(exitCodeOf(new StoreError(code as StoreErrorCode, ''))).toBe(exit);
  }
  expect(exitCodeOf(new SurfaceError('cannot_start', ''))).toBe(69);
  expect(exitCodeOf(new StartError('', 78))).toBe(78);
  expect(exitCodeOf(new Error('a defect'))).toBeUndefined();
  expect(exitCodeOf(undefined)).toBeUndefined();
});
