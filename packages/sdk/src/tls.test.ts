import { once } from 'node:events';
import { createServer } from 'node:https';
import { AgentId, isAgentError, newPlatformChatId, RequestId } from '@surfaces/protocol';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAgentClient } from './client/create-agent-client.ts';
import type { AgentClientOptions } from './client/options.ts';
import { authority, issue, type Pair } from './fixtures/certificates.ts';
import type { ServeAgentOptions } from './host/options.ts';
import { serveAgent } from './host/serve-agent.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

let ours: Pair;
let foreign: Pair;
let server: Pair;
let caller: Pair;

beforeAll(async () => {
  [ours, foreign] = await Promise.all([authority('our authority'), authority('another authority')]);
  [server, caller] = await Promise.all([issue(ours, 'localhost'), issue(ours, 'surfaces')]);
});

async function host(options: Partial<ServeAgentOptions>) {
  const agent = await serveAgent({ onTurn: (turn) => turn.write(`you said ${turn.text}`), ...options });
  open.push(agent);
  return agent;
}

function clientOf(baseUrl: string, options: Partial<AgentClientOptions>) {
  const client = createAgentClient({ agentId: AgentId.parse('a'), baseUrl, ...options });
  open.push(client);
  return client;
}

async function ask(client: ReturnType<typeof clientOf>): Promise<string> {
  let text = '';
  const request = {
    platformChatId: newPlatformChatId(),
    requestId: RequestId.parse('r1'),
    text: 'hello',
    attachments: [],
  };
  for await (const event of client.send(request, new AbortController().signal)) {
    if (event.kind === 'text') text += event.text;
  }
  return text;
}

async function failure(client: ReturnType<typeof clientOf>) {
  const error = await ask(client).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isAgentError(error)) throw new Error('no AgentError', { cause: error });
  return error;
}

/** Both ways to ask say the same, and neither shows a key. */
async function expectFailure(
  client: ReturnType<typeof clientOf>,
  code: string,
  message: RegExp,
): Promise<void> {
  const error = await failure(client);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  const health = await client.health(new AbortController().signal);
  expect(health).toMatchObject({ ok: false, code, error: error.message });
  expect(JSON.stringify([error.message, String(error.stack), health])).not.toContain('PRIVATE KEY');
}

describe('the certificate of the agent', () => {
  test('is trusted by the authority that is given, and by no other', async () => {
    const agent = await host({ tls: server });
    expect(agent.url).toMatch(/^https:/);
    expect(await ask(clientOf(agent.url, { tls: { ca: ours.cert } }))).toBe('you said hello');
    const untrusted = /not signed by an authority that is trusted here/;
    await expectFailure(clientOf(agent.url, { tls: { ca: foreign.cert } }), 'unreachable', untrusted);
    await expectFailure(clientOf(agent.url, {}), 'unreachable', untrusted);
  });

  test('that has expired', async () => {
    const agent = await host({ tls: await issue(ours, 'localhost', { days: -1 }) });
    await expectFailure(clientOf(agent.url, { tls: { ca: ours.cert } }), 'unreachable', /has expired/);
  });

  test('that is for another host', async () => {
    const agent = await host({ tls: await issue(ours, 'other.example', { ip: '192.0.2.1' }) });
    const client = clientOf(agent.url, { tls: { ca: ours.cert } });
    await expectFailure(client, 'unreachable', /for another host name/);
  });

  test('where there is no TLS at all', async () => {
    const agent = await host({});
    const client = clientOf(agent.url.replace('http:', 'https:'), { tls: { ca: ours.cert } });
    await expectFailure(client, 'unreachable', /no TLS at this address/);
  });
});

describe('mutual TLS', () => {
  test('lets in who has a certificate of the authority', async () => {
    const agent = await host({ tls: { ...server, ca: ours.cert } });
    const client = clientOf(agent.url, { tls: { ca: ours.cert, ...caller } });
    expect(await ask(client)).toBe('you said hello');
  });

  test.each([
    ['none', async () => ({})],
    ['one of another authority', async () => issue(foreign, 'surfaces')],
    ['one that has expired', async () => issue(ours, 'surfaces', { days: -1 })],
  ])('refuses %s, also where only health is asked for', async (_, make) => {
    const agent = await host({ tls: { ...server, ca: ours.cert } });
    const client = clientOf(agent.url, { tls: { ca: ours.cert, ...(await make()) } });
    await expectFailure(client, 'refused', /answered 401/);
    expect(await failure(client)).toMatchObject({ status: 401 });
  });

  test('and a bearer token are both wanted where both are asked for', async () => {
    const agent = await host({ tls: { ...server, ca: ours.cert }, bearer: 'the-key-of-the-agent' });
    const tls = { ca: ours.cert, ...caller };
    expect(await ask(clientOf(agent.url, { tls, bearer: 'the-key-of-the-agent' }))).toBe('you said hello');
    await expectFailure(clientOf(agent.url, { tls, bearer: 'a-wrong-key' }), 'refused', /answered 401/);
    const noCertificate = { tls: { ca: ours.cert }, bearer: 'the-key-of-the-agent' };
    await expectFailure(clientOf(agent.url, noCertificate), 'refused', /answered 401/);
  });

  test('at a server that breaks the handshake off instead', async () => {
    const strict = createServer({ ...server, ca: ours.cert, requestCert: true, rejectUnauthorized: true });
    strict.listen(0, '127.0.0.1');
    await once(strict, 'listening');
    open.push({ close: () => new Promise((resolve) => strict.close(resolve)) });
    const address = strict.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const client = clientOf(`https://127.0.0.1:${port}/`, { tls: { ca: ours.cert } });
    await expectFailure(client, 'refused', /does not accept our certificate .*required/);
  });
});

test('an address that is open to others is guarded by the certificates of callers', async () => {
  const agent = await host({ host: '0.0.0.0', tls: { ...server, ca: ours.cert } });
  expect((await failure(clientOf(agent.url, { tls: { ca: ours.cert } }))).code).toBe('refused');
  await expect(host({ host: '0.0.0.0', tls: server })).rejects.toThrow(/tls\.ca/);
});
