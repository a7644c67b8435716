import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { request, type Server } from 'node:http';
import { connect, createServer } from 'node:net';
import { FakeSurface } from '@surfaces/core/testing';
import { type AgentClient, AgentId } from '@surfaces/protocol';
import { afterEach, expect, test } from 'vitest';
import { createHealth, type HealthOptions, type HealthReport } from './health.ts';
import { type HealthServer, type HealthServerOptions, startHealthServer } from './health-server.ts';
import { isStartError } from './start-error.ts';

const servers: HealthServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const never = () => new Promise<never>(() => undefined);

function agentThat(health: AgentClient['health']): Pick<HealthOptions, 'agents'>['agents'] {
  // Only what a health check may ask of an agent.
  return { all: () => [{ agentId: 'agent-0', health } as AgentClient] };
}

function health(options: Partial<HealthOptions> = {}) {
  return createHealth({
    store: { probe: async () => undefined },
    agents: agentThat(async () => ({ ok: true, url: 'ws://agent/', latencyMs: 4.4 })),
    surfaces: () => [],
    scrub: (text) => text.replaceAll('secret', '[hidden]'),
    isStopping: () => false,
    timeoutMs: 100,
    cacheMs: 0,
    ...options,
  });
}

test('all is well: every part says how it knows', async () => {
  expect(await health()()).toEqual({
    status: 'ok',
    store: { ok: true, detail: 'a write reaches the disk' },
    agents: { 'agent-0': { ok: true, detail: 'ws://agent/: answers in 4 ms' } },
    surfaces: {},
  });
});

test('each part that fails, throws or hangs is named, without secrets', async () => {
  const started = performance.now();
  const broken = await health({
    store: { probe: () => Promise.reject(new Error('disk full at secret')) },
    agents: agentThat(never),
    surfaces: () => [
      { name: 'fake', adapter: new FakeSurface() },
      { name: 'other', failed: 'a port in use, secret' },
    ],
  })();
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(broken).toEqual({
    status: 'failing',
    store: { ok: false, detail: 'disk full at [hidden]' },
    agents: { 'agent-0': { ok: false, detail: 'no answer within 100 ms' } },
    surfaces: {
      fake: { ok: false, detail: 'not receiving' },
      other: { ok: false, detail: 'a port in use, [hidden]' },
    },
  });
  const refusing = agentThat(async () => ({ ok: false, url: 'ws://agent/', error: 'refused secret' }));
  expect((await health({ agents: refusing })()).agents['agent-0']).toEqual({
    ok: false,
    detail: 'ws://agent/: refused [hidden]',
  });
});

test('one agent of several that is down is named, and the others are served', async () => {
  const answers = { ok: true, url: 'ws://one/' };
  const both = [...agentThat(async () => answers).all(), ...agentThat(never).all()];
  const agents = {
    all: () => both.map((agent, at) => ({ ...agent, agentId: AgentId.parse(`agent-${at}`) })),
  };
  expect(await health({ agents })()).toMatchObject({
    status: 'degraded',
    agents: { 'agent-0': { ok: true }, 'agent-1': { ok: false } },
  });
  const degraded = await serve({ health: async () => ({ ...report, status: 'degraded' }) });
  expect((await get(degraded, '/healthz')).status).toBe(200);
});

test('the registry says what is in force, without secrets; a version that is not used degrades it', async () => {
  const detail = '1 agent, 0 people. the new version is not used: secret';
  const report = await health({ registry: () => ({ ok: false, detail }) })();
  expect(report).toMatchObject({
    status: 'degraded',
    registry: { ok: false, detail: '1 agent, 0 people. the new version is not used: [hidden]' },
  });
  expect(await health({ registry: () => ({ ok: true, detail: 'well' }) })()).toMatchObject({ status: 'ok' });
  const failing = {
    registry: () => ({ ok: false, detail }),
    agents: agentThat(async () => ({ ok: false, url: 'ws://a/' })),
  };
  expect((await health(failing)()).status).toBe('failing');
  expect(await health({ registry: () => undefined })()).not.toHaveProperty('registry');
});

test('while it stops it is not healthy', async () => {
  expect((await health({ isStopping: () => true })()).status).toBe('stopping');
});

test('asked often, the parts are asked once; later again', async () => {
  let probes = 0;
  const store = { probe: async () => void probes++ };
  const often = health({ store, cacheMs: 50 });
  await Promise.all(Array.from({ length: 100 }, often));
  await often();
  expect(probes).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 80));
  await often();
  expect(probes).toBe(2);
});

test('the signal of a probe aborts when its time is over', async () => {
  let aborted = false;
  const agents = agentThat((signal) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return never();
  });
  await health({ agents, timeoutMs: 20 })();
  expect(aborted).toBe(true);
});

const report: HealthReport = { status: 'ok', store: { ok: true, detail: 'fine' }, agents: {}, surfaces: {} };

async function serve(options: Partial<HealthServerOptions> = {}): Promise<HealthServer> {
  const server = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    key: undefined,
    health: async () => report,
    metrics: { contentType: 'text/plain; version=0.0.4', render: async () => 'surfaces_turns 1\n' },
    ...options,
  });
  servers.push(server);
  return server;
}

async function get(server: HealthServer, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const sent = request(new URL(path, server.url), { headers, method }).end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode as number, body, headers: response.headers };
}

test('livez, healthz and metrics', async () => {
  const server = await serve();
  expect(await get(server, '/livez')).toMatchObject({ status: 200, body: 'ok\n' });
  const healthz = await get(server, '/healthz');
  expect(healthz.status).toBe(200);
  expect(JSON.parse(healthz.body)).toEqual(report);
  expect(await get(server, '/metrics?x=1')).toMatchObject({ status: 200, body: 'surfaces_turns 1\n' });
  expect((await get(server, '/')).status).toBe(404);
  expect((await get(server, '/livez', {}, 'POST')).status).toBe(405);
  expect(await get(server, '/livez', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
});

test('not healthy is 503; a defect is 500 and the server lives on', async () => {
  const failing = await serve({ health: async () => ({ ...report, status: 'failing' }) });
  expect((await get(failing, '/healthz')).status).toBe(503);
  const broken = await serve({ health: () => Promise.reject(new Error('secret')) });
  const answer = await get(broken, '/healthz');
  expect(answer.status).toBe(500);
  expect(answer.body).not.toContain('secret');
  expect((await get(broken, '/livez')).status).toBe(200);
});

test('other names and other pages are refused', async () => {
  const server = await serve();
  const host = new URL(server.url).host;
  for (const name of ['evil.example', 'localhost.evil.example', '10.0.0.1', '127.0.0.1.nip.io']) {
    expect((await get(server, '/metrics', { host: name })).status).toBe(421);
  }
  expect((await get(server, '/metrics', { host: 'a b' })).status).toBe(400);
  for (const name of ['localhost', 'localhost:9464', '127.0.0.1:1', '[::1]:80', 'LOCALHOST']) {
    expect((await get(server, '/metrics', { host: name })).status).toBe(200);
  }
  expect((await get(server, '/metrics', { origin: 'http://evil.example' })).status).toBe(403);
  expect((await get(server, '/metrics', { origin: `http://${host}` })).status).toBe(200);
});

test('through a proxy or under a public name only the key opens metrics and details', async () => {
  const server = await serve({ host: '0.0.0.0', key: 'the-health-key' });
  const local = { url: server.url.replace('0.0.0.0', '127.0.0.1'), close: server.close };
  expect((await get(local, '/metrics')).status).toBe(200);
  for (const stranger of [
    { host: 'surfaces.example' },
    { 'x-forwarded-for': '10.0.0.1' },
    { via: '1.1 x' },
    { 'cf-ray': '1' },
    { 'x-original-forwarded-for': '10.0.0.1' },
  ]) {
    expect((await get(local, '/livez', stranger)).status).toBe(200);
    expect(await get(local, '/metrics', stranger)).toMatchObject({ status: 401 });
    expect(JSON.parse((await get(local, '/healthz', stranger)).body)).toEqual({ status: 'ok' });
    expect((await get(local, '/metrics', { ...stranger, authorization: 'Bearer wrong' })).status).toBe(401);
    const withKey = { ...stranger, authorization: 'Bearer the-health-key' };
    expect((await get(local, '/metrics', withKey)).status).toBe(200);
    expect(JSON.parse((await get(local, '/healthz', withKey)).body)).toEqual(report);
  }
});

test('goes on when a connection could not be taken', async () => {
  const server = await serve();
  let listener: Server | undefined;
  // Tells which server a request came to.
  const found = (message: unknown) => {
    listener = (message as { server: Server }).server;
  };
  subscribe('http.server.request.start', found);
  await get(server, '/livez');
  unsubscribe('http.server.request.start', found);
  expect(listener?.emit('error', new Error('accept EMFILE'))).toBe(true);
  expect((await get(server, '/livez')).status).toBe(200);
});

test('a proxy that adds no header gives itself away by HTTP/1.0', async () => {
  const server = await serve();
  const { host, port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
  socket.end(`GET /metrics HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
});

test('a port in use and an address that is not ours say what to do', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const inUse = await serve({ port }).catch((error) => error);
  taken.close();
  expect(isStartError(inUse)).toBe(true);
  expect(inUse.message).toContain(`127.0.0.1:${port} is in use`);
  expect(inUse.message).toContain('HEALTH_PORT');
  const strange = await serve({ host: '203.0.113.7' }).catch((error) => error);
  expect(strange.message).toContain('HEALTH_HOST');
});
