import { once } from 'node:events';
import { AgentId, newPlatformChatId, RequestId } from '@surfaces/protocol';
import { afterEach, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { rawAgent } from '../fixtures/raw-agent.ts';
import { createAgentClient } from './create-agent-client.ts';
import type { AgentClientOptions } from './options.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function agent(script: Parameters<typeof rawAgent>[0]) {
  const raw = await rawAgent(script);
  cleanups.push(() => raw.close());
  return raw;
}

function connect(baseUrl: string, options: Partial<AgentClientOptions> = {}) {
  const client = createAgentClient({ agentId: AgentId.parse('a'), baseUrl, backoffMs: 5, ...options });
  cleanups.push(() => client.close());
  return client;
}

const request = (rest = {}) => ({
  platformChatId: newPlatformChatId(),
  requestId: RequestId.parse('r1'),
  text: 'x',
  attachments: [],
  ...rest,
});
const status = (features: unknown) => JSON.stringify({ type: 'STATUS', features });
const never = new AbortController().signal;

test('a request that was given up while it connected leaves no open connection behind', async () => {
  const opened = Promise.withResolvers<WebSocket>();
  const raw = await agent({ opened: (ws) => opened.resolve(ws) });
  const client = connect(raw.url, { connectionIdleMs: 30 });
  const stop = new AbortController();
  const next = client.send(request(), stop.signal)[Symbol.asyncIterator]().next();
  const ws = await opened.promise;
  stop.abort(new Error('stop'));
  await expect(next).rejects.toThrow('stop');
  ws.send(status([]));
  await once(ws, 'close', { signal: AbortSignal.timeout(2000) });
});

test('a fork that was given up while it connected leaves no open connection behind', async () => {
  const opened = Promise.withResolvers<WebSocket>();
  const raw = await agent({ opened: (ws) => opened.resolve(ws) });
  const client = connect(raw.url, { connectionIdleMs: 30 });
  const stop = new AbortController();
  const fork = client.fork(newPlatformChatId(), newPlatformChatId(), stop.signal);
  const ws = await opened.promise;
  stop.abort(new Error('stop'));
  ws.send(status(['fork']));
  await expect(fork).rejects.toThrow('stop');
  await once(ws, 'close', { signal: AbortSignal.timeout(2000) });
});

test('an agent that goes away when it is told to cancel has no more than the grace', async () => {
  const raw = await agent({
    opened: (ws) => ws.send(status(['cancel', 'resume'])),
    frame(ws, { type, request_id }) {
      if (type === 'USER_MESSAGE') {
        ws.send(JSON.stringify({ type: 'AGENT_EVENT_TEXT_CHUNK', text: 'a', request_id, seq: 1 }));
      }
      if (type === 'CANCEL') void raw.close();
    },
  });
  const client = connect(raw.url, { cancelGraceMs: 100, reconnectWindowMs: 20_000 });
  const stop = new AbortController();
  const events = client.send(request(), stop.signal)[Symbol.asyncIterator]();
  await events.next();
  stop.abort(new Error('stop'));
  const began = performance.now();
  await expect(events.next()).rejects.toThrow('stop');
  expect(performance.now() - began).toBeLessThan(1500);
});

test('a tool that runs while this process is started again keeps its longer limit', async () => {
  const raw = await agent({
    opened: (ws) => ws.send(status(['resume'])),
    frame(ws, { type, request_id }) {
      if (type !== 'RESUME') return;
      ws.send(JSON.stringify({ type: 'RESUMED', state: 'running', request_id }));
      setTimeout(() => ws.send(JSON.stringify({ type: 'AGENT_EVENT_END', request_id, seq: 3 })), 300);
    },
  });
  const client = connect(raw.url, { idleTimeoutMs: 50, toolIdleTimeoutMs: 5000 });
  const asked = request({ resumeAfter: 2 });
  const event = await client.send(asked, never)[Symbol.asyncIterator]().next();
  expect(event.value).toMatchObject({ kind: 'end', seq: 3 });
});

test('STATUS with fields that make no sense is a STATUS', async () => {
  const strange = { type: 'STATUS', protocol: 1, agent: 7, features: ['cancel', 5, null, 'x'.repeat(500)] };
  const raw = await agent({ opened: (ws) => ws.send(JSON.stringify(strange)) });
  expect(await connect(raw.url).health(never)).toMatchObject({ ok: true, features: ['cancel'] });
  const plain = await agent({ opened: (ws) => ws.send(status('cancel')) });
  expect(await connect(plain.url).health(never)).toMatchObject({ ok: true, features: [] });
});

test('close ends a probe that waits for STATUS', async () => {
  const opened = Promise.withResolvers<WebSocket>();
  const raw = await agent({ opened: (ws) => opened.resolve(ws) });
  const client = connect(raw.url);
  const health = client.health(never);
  const ws = await opened.promise;
  const gone = once(ws, 'close', { signal: AbortSignal.timeout(2000) });
  const [result] = await Promise.allSettled([health, client.close()]);
  expect(result).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
  await gone;
});
