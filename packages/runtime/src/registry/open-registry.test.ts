import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScrubber } from '@surfaces/core';
import {
  type AgentEvent,
  AgentId,
  ExternalId,
  newPlatformChatId,
  RequestId,
  SurfaceId,
} from '@surfaces/protocol';
import { type AgentTurn, createAgentClient, serveAgent } from '@surfaces/sdk';
import { generate } from 'selfsigned';
import { afterEach, expect, test, vi } from 'vitest';
import { createLogger } from '../logging.ts';
import { createMetrics } from '../metrics.ts';
import { isStartError } from '../start-error.ts';
import { type AgentRegistry, openRegistry, singleAgent } from './open-registry.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

const never = new AbortController().signal;
const id = (text: string) => AgentId.parse(text);
const file = () => join(mkdtempSync(join(tmpdir(), 'surfaces-registry-')), 'agents.yaml');

async function agent(name: string, onTurn = (turn: AgentTurn) => turn.write(`${name} heard ${turn.text}`)) {
  const server = await serveAgent({ onTurn, agent: name });
  open.push({ close: () => server.close({ drainMs: 0 }) });
  return server;
}

/** `closed` has the base URLs of the clients that were closed. */
async function opened(path: string, env: Record<string, string> = {}) {
  const log: string[] = [];
  const closed: string[] = [];
  const metrics = createMetrics();
  const scrub = createScrubber([]);
  const registry = await openRegistry({
    path,
    env,
    logger: createLogger({
      app: 't',
      level: 'debug',
      format: 'json',
      scrub,
      target: { write: (line) => log.push(line) },
    }),
    metrics,
    learn: scrub.learn,
    now: Date.now,
    pollMs: 10,
    createClient(agentId, { baseUrl }) {
      const client = createAgentClient({ agentId, baseUrl });
      const close = async () => {
        closed.push(baseUrl);
        await client.close();
      };
      return { ...client, close };
    },
  });
  open.push(registry);
  return {
    registry,
    closed,
    scrub,
    logged: (words: string) => log.filter((line) => line.includes(words)),
    reloads: async (outcome: string) => {
      const line = `surfaces_registry_reloads_total{outcome="${outcome}"} `;
      return Number((await metrics.render()).split(line)[1]?.split('\n')[0] ?? 0);
    },
  };
}

function ask(registry: AgentRegistry, agentId: string, text: string, requestId = 'r1') {
  const client = registry.client(id(agentId));
  if (client === undefined) throw new Error(`no agent ${agentId}`);
  const platformChatId = newPlatformChatId();
  const request = { platformChatId, requestId: RequestId.parse(requestId), text, attachments: [] };
  return { client, request, events: client.send(request, never) };
}

async function answer(events: AsyncIterable<AgentEvent>): Promise<string> {
  let text = '';
  for await (const event of events) if (event.kind === 'text') text += event.text;
  return text;
}

const assigned = (registry: AgentRegistry, surface: string, person: string) =>
  registry.assign(SurfaceId.parse(surface), ExternalId.parse(person));

test('people get their agents, others the default, and none where there is none', async () => {
  const path = file();
  const agents =
    'agents: [{id: a, base_url: "http://h/a", label: Anna}, {id: b, base_url: "http://h/b", workspace_path: w}]';
  const people = 'user_agents: {"telegram:1": [b, a], "@x:h": a}';
  writeFileSync(path, `${people}\ndefault_agent: a\n${agents}\n`);
  const { registry } = await opened(path);
  expect(assigned(registry, 'telegram', '1')).toEqual({ choices: ['b', 'a'], byDefault: false });
  expect(assigned(registry, 'matrix', '@x:h')).toEqual({ choices: ['a'], byDefault: false });
  expect(assigned(registry, 'discord', '1')).toEqual({ choices: ['a'], byDefault: true });
  expect(registry.info(id('a'))).toEqual({ id: 'a', label: 'Anna' });
  expect(registry.info(id('none'))).toBeUndefined();
  expect(registry.all().map(({ agentId }) => agentId)).toEqual(['a', 'b']);
  expect(registry.workspace(id('a'))).toBeUndefined();
  expect(registry.workspace(id('b'))).toEqual({ path: join(path, '../w'), shared: false });
  writeFileSync(path, `${people}\n${agents}\n`);
  await vi.waitFor(() => expect(assigned(registry, 'discord', '1')).toBeUndefined());
  expect(registry.status()).toEqual({ ok: true, detail: '2 agents, 2 people, others are refused' });
});

test('a file that is wrong from the beginning is an error that lists all of it', async () => {
  const path = file();
  writeFileSync(path, 'agents:\n  - id: a\n  - base_url: 7\n');
  const error = await opened(path).catch((reason: unknown) => reason);
  if (!isStartError(error)) throw error;
  expect(error.exitCode).toBe(78);
  expect(error.message.split('\n')).toEqual([
    'the agent registry is wrong.',
    `  ${path}:2:5 agents[0].base_url: is missing: expected text`,
    `  ${path}:3:5 agents[1].id: is missing: expected text`,
    `  ${path}:3:5 agents[1].base_url: expected text: put it into quotes`,
  ]);
});

test('a change gives a new client; what runs ends on the old one, which is closed then', async () => {
  const finish = Promise.withResolvers<void>();
  const [first, second, other] = await Promise.all([
    agent('first', async (turn) => {
      await turn.write('begun, ');
      await finish.promise;
      await turn.write('ended');
    }),
    agent('second'),
    agent('other'),
  ]);
  const path = file();
  const write = (a: string) =>
    writeFileSync(
      path,
      `default_agent: a\nagents: [{id: a, base_url: "${a}"}, {id: b, base_url: "${other.url}"}]\n`,
    );
  write(first.url);
  const { registry, closed, reloads } = await opened(path);
  const unchanged = registry.client(id('b'));
  const running = ask(registry, 'a', 'hello');
  const events = running.events[Symbol.asyncIterator]();
  expect(await events.next()).toMatchObject({ value: { text: 'begun, ' } });

  write(second.url);
  await vi.waitFor(() => expect(registry.client(id('a'))).not.toBe(running.client));
  expect(registry.client(id('b'))).toBe(unchanged);
  expect(await answer(ask(registry, 'a', 'new').events)).toBe('second heard new');
  // Whoever still holds the old client begins at the new one.
  const late = { ...running.request, platformChatId: newPlatformChatId(), requestId: RequestId.parse('r2') };
  expect(await answer(running.client.send(late, never))).toBe('second heard hello');
  expect(closed).toEqual([]);

  finish.resolve();
  expect(await events.next()).toMatchObject({ value: { text: 'ended' } });
  await events.next();
  await events.next();
  await vi.waitFor(() => expect(closed).toEqual([first.url]));
  expect(await reloads('applied')).toBe(1);
});

test('an agent that is removed while it asks a person still takes the answer', async () => {
  const asking = await agent('asking', async (turn) => {
    const options = [{ id: 'yes', label: 'Yes', kind: 'allow_once' as const }];
    await turn.write(await turn.confirm({ text: 'Shall I?', options }));
  });
  const path = file();
  const rest = 'id: b, base_url: "http://127.0.0.1:9/"';
  writeFileSync(path, `agents: [{id: a, base_url: "${asking.url}", workspace_path: w}, {${rest}}]\n`);
  const { registry, closed } = await opened(path);
  const { client, request, events: all } = ask(registry, 'a', 'do it');
  const events = all[Symbol.asyncIterator]();
  const { value: question } = await events.next();
  if (question?.kind !== 'confirm') throw new Error('no question');
  writeFileSync(path, `agents: [{${rest}}]\n`);
  await vi.waitFor(() => expect(registry.client(id('a'))).toBeUndefined());
  expect(registry.workspace(id('a'))?.path).toBe(join(path, '../w'));
  await client.reply(request.platformChatId, request.requestId, question.id, 'yes');
  expect(await events.next()).toMatchObject({ value: { kind: 'text', text: 'yes' } });
  expect(await events.next()).toMatchObject({ value: { kind: 'end' } });
  expect(closed).toEqual([]);
  await events.return?.();
  await vi.waitFor(() => expect(closed).toEqual([asking.url]));
  await vi.waitFor(() => expect(registry.workspace(id('a'))).toBeUndefined());
  await expect(answer(client.send(request, never))).rejects.toMatchObject({ code: 'refused' });
});

test('a version that is wrong is not used: said once, counted, shown in health', async () => {
  const path = file();
  const good = 'default_agent: a\nagents: [{id: a, base_url: "http://h/"}]\n';
  writeFileSync(path, good);
  const { registry, logged, reloads, closed } = await opened(path);
  const client = registry.client(id('a'));
  writeFileSync(path, 'default_agent: b\nagents: [{id: a, base_url: 7}]\n');
  await vi.waitFor(async () => expect(await reloads('refused')).toBe(1));
  expect(registry.client(id('a'))).toBe(client);
  const [line, ...more] = logged('is not used');
  expect(more).toEqual([]);
  expect(line).toContain(`${path}:1:1 default_agent: there is no agent`);
  expect(line).toContain(`${path}:2:18 agents[0].base_url: expected text`);
  expect(registry.status()).toMatchObject({
    ok: false,
    detail: expect.stringContaining(`${path}:1:1 default_agent`),
  });

  // The same mistakes in another text are no news.
  writeFileSync(path, 'default_agent: b\nagents: [{id: a, base_url: 7}] # still\n');
  writeFileSync(path, `${good}# well\n`);
  await vi.waitFor(() => expect(logged('as it was before')).toHaveLength(1));
  expect(registry.status()).toEqual({ ok: true, detail: '1 agent, 0 people, others have a' });
  expect(registry.client(id('a'))).toBe(client);
  expect(logged('is not used')).toHaveLength(1);
  expect(closed).toEqual([]);
});

test('a file that vanishes leaves the last version in force', async () => {
  const path = file();
  const version = (url: string) => `default_agent: a\nagents: [{id: a, base_url: "${url}"}]\n`;
  writeFileSync(path, version('http://h/1'));
  const { registry, reloads, logged } = await opened(path);
  rmSync(path);
  await vi.waitFor(async () => expect(await reloads('missing')).toBe(1));
  expect(registry.client(id('a'))?.baseUrl).toBe('http://h/1');
  expect(logged('is not there')).toHaveLength(1);
  writeFileSync(path, version('http://h/2'));
  await vi.waitFor(() => expect(registry.client(id('a'))?.baseUrl).toBe('http://h/2'));
});

test('a file replaced by rename, and one behind a link as Kubernetes turns it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-registry-'));
  const version = (n: number) => `default_agent: a\nagents: [{id: a, base_url: "http://h/${n}"}]\n`;
  const publish = (n: number) => {
    mkdirSync(join(directory, `..v${n}`));
    writeFileSync(join(directory, `..v${n}`, 'agents.yaml'), version(n));
    symlinkSync(`..v${n}`, join(directory, '..new'));
    renameSync(join(directory, '..new'), join(directory, '..data'));
  };
  publish(1);
  const path = join(directory, 'agents.yaml');
  symlinkSync('..data/agents.yaml', path);
  const { registry } = await opened(path);
  const baseUrl = () => registry.client(id('a'))?.baseUrl;
  expect(baseUrl()).toBe('http://h/1');
  publish(2);
  await vi.waitFor(() => expect(baseUrl()).toBe('http://h/2'));
  writeFileSync(`${path}.new`, version(3));
  renameSync(`${path}.new`, path);
  await vi.waitFor(() => expect(baseUrl()).toBe('http://h/3'));
});

test('a key is learnt before it is used, and never shown', async () => {
  const path = file();
  writeFileSync(path, 'agents: [{id: a, base_url: "http://h/"}]\n');
  const { registry, scrub, logged } = await opened(path, { KEY_OF_A: 'the-key-of-a' });
  expect(scrub('the-key-of-a')).toBe('the-key-of-a');
  writeFileSync(path, 'agents: [{id: a, base_url: "http://u:pa55word@h/", auth: {bearer_env: KEY_OF_A}}]\n');
  await vi.waitFor(() => expect(scrub('the-key-of-a pa55word')).toBe('[hidden] [hidden]'));
  expect(registry.client(id('a'))).toBeDefined();
  expect(logged('pa55word')).toEqual([]);
});

test('a certificate that ends soon is warned of; a renewed one is a new version', async () => {
  const path = file();
  const certificate = async (days: number) => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'surfaces' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notAfterDate: new Date(Date.now() + days * 24 * 3600 * 1000 - 60_000),
    });
    writeFileSync(join(path, '../key.pem'), key);
    writeFileSync(join(path, '../cert.pem'), cert);
  };
  await certificate(10);
  writeFileSync(
    path,
    'agents: [{id: a, base_url: "https://h/", auth: {cert: cert.pem, key: key.pem}}]\ndefault_agent: a\n',
  );
  const { registry, logged, closed } = await opened(path);
  const words = 'the certificate of a (auth.cert) expires in 10 days';
  expect(logged(words)).toHaveLength(1);
  expect(registry.status()?.detail).toContain(words);
  const client = registry.client(id('a'));
  await certificate(100);
  await vi.waitFor(() => expect(registry.client(id('a'))).not.toBe(client));
  await vi.waitFor(() => expect(closed).toEqual(['https://h/']));
  expect(registry.status()?.detail).not.toContain('expires');
});

test('without a file one agent serves everybody', async () => {
  const server = await agent('only');
  const registry = singleAgent(
    { id: id('agent-0'), label: 'Agent', access: { baseUrl: server.url }, workspacePath: '/w' },
    {
      createClient: (agentId, { baseUrl }) => createAgentClient({ agentId, baseUrl }),
      onCloseFailed: () => undefined,
    },
  );
  open.push(registry);
  expect(assigned(registry, 'web', 'anybody')).toEqual({ choices: ['agent-0'], byDefault: false });
  expect(registry.workspace(id('agent-0'))).toEqual({ path: '/w', shared: true });
  expect(registry.status()).toBeUndefined();
  expect(await answer(ask(registry, 'agent-0', 'hi').events)).toBe('only heard hi');
});
