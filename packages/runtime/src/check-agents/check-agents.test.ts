import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentTurn, type ServeAgentOptions, serveAgent } from '@surfaces/sdk';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkAgents } from './check-agents.ts';
import type { CheckReport } from './report.ts';
import { startProxy } from './testing-proxy.ts';

const open: { close(): Promise<void> }[] = [];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'surfaces-check-'));
});
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

async function agent(options: Partial<ServeAgentOptions> = {}) {
  const server = await serveAgent({ onTurn: (turn) => turn.write(`heard ${turn.text}`), ...options });
  open.push({ close: () => server.close({ drainMs: 0 }) });
  return server;
}

async function run(
  args: string[],
  env: Record<string, string> = {},
  signal = new AbortController().signal,
  isTerminal = false,
) {
  let out = '';
  let err = '';
  const code = await checkAgents(args, {
    env,
    directory,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTerminal,
    signal,
  });
  return { code, out, err };
}

async function report(args: string[], env: Record<string, string> = {}) {
  const { out, code } = await run([...args, '--json'], env);
  // What it must be is what the tests say.
  return { code, ...(JSON.parse(out) as CheckReport) };
}

function config(agents: readonly object[], more: object = {}): string {
  const path = join(directory, 'agents.yaml');
  writeFileSync(path, JSON.stringify({ default_agent: 'agent-0', ...more, agents }));
  return path;
}

describe('ten agents behind a proxy with path prefixes', () => {
  async function ten() {
    const disposed: string[] = [];
    const good = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        agent({
          agent: `a${i}`,
          ...(i === 0 ? { onDispose: async (id) => void disposed.push(id) } : {}),
          ...(i === 1 ? { bearer: 'the-key-of-agent-1' } : {}),
        }),
      ),
    );
    const dead = await serveAgent({ onTurn: async () => undefined });
    await dead.close();
    const routes = Object.fromEntries([
      ...good.map(({ url }, i) => [`agent_${i}`, { to: url }] as const),
      ['agent_6', 'silent'],
      ['agent_7', 401],
      ['agent_8', 'reset'],
    ] as const);
    const proxy = await startProxy({ ...routes, agent_9: { to: dead.url } });
    open.push(proxy);
    const agents = Array.from({ length: 10 }, (_, i) => ({
      id: `agent-${i}`,
      base_url: `${proxy.url}/agent_${i}${i % 2 ? '/' : ''}`,
      ...(i === 1 ? { auth: { bearer_env: 'KEY_1' } } : {}),
    }));
    return { proxy, disposed, agents };
  }

  test('exactly the right ones fail, each at its stage and with what to do', async () => {
    const { proxy, disposed, agents } = await ten();
    const path = config([...agents, { id: 'lost', base_url: `${proxy.url}/agent_10/` }]);
    const env = { KEY_1: 'the-key-of-agent-1' };
    const found = await report(['--config', path, '--timeout', '0.5'], env);
    expect(found.code).toBe(1);
    expect(found.ok).toBe(false);
    const seen = found.agents.map(({ agent: id, ok, stage }) => `${id} ${ok} ${stage}`);
    expect(seen).toEqual([
      ...Array.from({ length: 6 }, (_, i) => `agent-${i} true status`),
      'agent-6 false status',
      'agent-7 false connect',
      'agent-8 false connect',
      'agent-9 false connect',
      'lost false connect',
    ]);
    const [, , , , , , silent, key, reset, gateway, path404] = found.agents;
    expect(silent?.error).toContain('sent no STATUS within 500 ms');
    expect(silent?.advice).toContain('stays silent');
    expect(key?.advice).toContain('the key');
    expect(reset?.advice).toContain('cut off');
    expect(gateway).toMatchObject({ error: expect.stringContaining('502'), advice: expect.any(String) });
    expect(path404).toMatchObject({ error: expect.stringContaining('404') });
    expect(path404?.advice).toContain('the path is wrong');
    const host = proxy.url.replace('http:', 'ws:');
    expect(found.agents[3]?.url).toMatch(new RegExp(`^${host}/agent_3/v1/agent_ws/[1-9]\\d*/$`));
    // Each context is a random one of its own, and is given back where the agent takes it.
    expect(proxy.contexts.size).toBe(11);
    expect(proxy.contexts.has('0')).toBe(false);
    expect(disposed).toHaveLength(1);
    expect(proxy.silent()).toBe(0);
  });

  test('one that is silent holds up nobody', async () => {
    const { proxy, agents } = await ten();
    const path = config([agents[6] ?? {}, ...agents.slice(0, 6)], { default_agent: 'agent-2' });
    const stop = new AbortController();
    const env = { KEY_1: 'the-key-of-agent-1' };
    const running = run(['--config', path, '--timeout', '600', '--concurrency', '2'], env, stop.signal);
    // All others were asked while it is still waited for.
    await vi.waitFor(() => expect(proxy.asked.size).toBe(7));
    expect(proxy.silent()).toBe(1);
    stop.abort(new Error('asked to stop'));
    expect(await running).toMatchObject({ code: 130, out: '' });
    await vi.waitFor(() => expect(proxy.silent()).toBe(0));
  });

  test('no more than --concurrency are asked at once', async () => {
    const { proxy, agents } = await ten();
    const silent = Array.from({ length: 5 }, (_, i) => ({ ...agents[6], id: `s${i}` }));
    const path = config([...silent], { default_agent: 's0' });
    const stop = new AbortController();
    const running = run(['--config', path, '--timeout', '600', '--concurrency', '3'], {}, stop.signal);
    await vi.waitFor(() => expect(proxy.silent()).toBe(3));
    // A fourth would have come by the time that all three are there and a round trip has passed.
    await report(['--config', path, '--agent', 's4', '--timeout', '0.05']);
    expect(proxy.asked.get('agent_6')).toBe(4);
    stop.abort();
    expect((await running).code).toBe(130);
  });

  test('--base-url goes to another host, or stands for one agent', async () => {
    const { proxy, agents } = await ten();
    const elsewhere = agents.slice(0, 3).map(({ id, base_url }) => ({
      id,
      base_url: base_url.replace(proxy.url, 'https://agents.example.org'),
    }));
    const path = config(elsewhere);
    const all = await report(['--config', path, '--base-url', proxy.url, '--agent', 'agent-0']);
    expect(all).toMatchObject({ code: 0, agents: [{ agent: 'agent-0', ok: true }] });
    expect([...proxy.asked.keys()]).toEqual(['agent_0']);
    const one = ['--config', path, '--base-url', `${proxy.url}/agent_5/`];
    expect(await report([...one, '--agent', 'agent-2'])).toMatchObject({ code: 0 });
    expect(proxy.asked.has('agent_5')).toBe(true);
    expect(await run(one)).toMatchObject({ code: 2, err: expect.stringContaining('one agent only') });
    expect(await report(['--base-url', `${proxy.url}/agent_4`])).toMatchObject({ code: 0 });
    const secret = { AGENT_BEARER: 'the-key-of-agent-1' };
    expect(await report(['--base-url', `${proxy.url}/agent_1`], secret)).toMatchObject({ code: 0 });
    const wrong = await run(['--base-url', `${proxy.url}/agent_1`], { AGENT_BEARER: 'wrong-key-of-mine' });
    expect(wrong.code).toBe(1);
    expect(wrong.out).not.toContain('wrong-key-of-mine');
  });
});

describe('a message', () => {
  test('is answered', async () => {
    const path = config([{ id: 'agent-0', base_url: (await agent()).url }]);
    const found = await report(['--config', path, '--message', 'hello']);
    expect(found.agents[0]).toMatchObject({ ok: true, stage: 'message', answerMs: expect.any(Number) });
    expect(found.code).toBe(0);
  });

  test.each<[string, (turn: AgentTurn) => Promise<void>, RegExp]>([
    [
      'fails',
      async () => {
        throw new Error('inside');
      },
      /answered with an error/,
    ],
    [
      'never ends',
      async (turn) => {
        await turn.write('12345');
        await new Promise((resolve) => turn.signal.addEventListener('abort', resolve));
      },
      /did not end within 0.3 s; it had said 5 characters/,
    ],
  ])('that %s is a failure of its stage', async (_, onTurn, words) => {
    const path = config([{ id: 'agent-0', base_url: (await agent({ onTurn })).url }]);
    const found = await report(['--config', path, '--message', 'hello', '--timeout', '0.3']);
    expect(found).toMatchObject({ code: 1, agents: [{ ok: false, stage: 'message' }] });
    expect(found.agents[0]?.error).toMatch(words);
  });

  test('that is answered by a question is refused, and that is fine', async () => {
    const chosen: string[] = [];
    const onTurn = async (turn: AgentTurn) => {
      const options = [
        { id: 'do', label: 'Do it', kind: 'allow_once' as const },
        { id: 'not', label: 'No', kind: 'reject' as const },
      ];
      chosen.push(await turn.confirm({ text: 'Shall I?', options }));
    };
    const path = config([{ id: 'agent-0', base_url: (await agent({ onTurn })).url }]);
    expect((await report(['--config', path, '--message', 'delete all'])).code).toBe(0);
    expect(chosen).toEqual(['not']);
  });
});

describe('the shared mount', () => {
  const inside = (name: string) => join(directory, 'workspace', name);

  async function check(onTurn: (turn: AgentTurn) => Promise<void>, args = ['--message', 'look at this']) {
    mkdirSync(join(directory, 'workspace'), { recursive: true });
    const { url } = await agent({ onTurn });
    const path = config([{ id: 'agent-0', base_url: url, workspace_path: 'workspace' }]);
    const found = await report(['--config', path, ...args]);
    expect(readdirSync(join(directory, 'workspace')).filter((name) => name !== 'copy.txt')).toEqual([]);
    return found;
  }
  const attached = (turn: AgentTurn) => turn.attachments[0] ?? 'none';

  test('is proven by an agent that repeats what is in the file', async () => {
    const found = await check((turn) =>
      turn.write(`It says: ${readFileSync(inside(attached(turn)), 'utf8')}`),
    );
    expect(found.agents[0]).toEqual(expect.objectContaining({ ok: true, stage: 'mount' }));
    expect(found.agents[0]?.warning).toBeUndefined();
  });

  test('is proven by an agent that sends the file back, or a copy of it', async () => {
    const back = await check((turn) => turn.sendFile(attached(turn)));
    expect(back.agents[0]?.warning).toBeUndefined();
    const copy = await check(async (turn) => {
      await copyFile(inside(attached(turn)), inside('copy.txt'));
      await turn.sendFile('/workspace/copy.txt');
    });
    expect(copy.agents[0]?.warning).toBeUndefined();
  });

  test('is in doubt where the agent only repeats the name, or sends something else', async () => {
    const name = await check((turn) => turn.write(`You sent ${attached(turn)}`));
    expect(name).toMatchObject({ code: 0, ok: true });
    expect(name.agents[0]?.warning).toContain('did not show that it sees it');
    writeFileSync(join(directory, 'outside.txt'), 'word-');
    const other = await check((turn) => turn.sendFile('../outside.txt'));
    expect(other.agents[0]?.warning).toContain('did not show');
  });

  test('is not proven by what only looks like a file, nor waited for', async () => {
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    const pipe = await check((turn) => {
      renameSync(join(directory, 'pipe'), inside('copy.txt'));
      return turn.sendFile('copy.txt');
    });
    expect(pipe.agents[0]?.warning).toContain('did not show');
    rmSync(inside('copy.txt'));
    const link = await check(async (turn) => {
      await copyFile(inside(attached(turn)), join(directory, 'outside.txt'));
      symlinkSync(join(directory, 'outside.txt'), inside('copy.txt'));
      await turn.sendFile('copy.txt');
    });
    expect(link.agents[0]?.warning).toContain('did not show');
  });

  test('without a message it is only tried from here', async () => {
    const found = await check(async () => undefined, []);
    expect(found.agents[0]).toMatchObject({
      ok: true,
      stage: 'mount',
      warning: expect.stringContaining('--message'),
    });
  });

  test('that is not there is a failure, after the agent was reached', async () => {
    const { url } = await agent();
    const path = config([{ id: 'agent-0', base_url: url, workspace_path: 'gone' }]);
    const found = await report(['--config', path, '--message', 'x']);
    expect(found).toMatchObject({ code: 1, agents: [{ ok: false, stage: 'mount' }] });
    expect(found.agents[0]?.error).toMatch(/gone cannot be opened \(ENOENT\): mount the agent's directory/);
  });
});

describe('agents that want a certificate', () => {
  const write = (name: string, content: string) => {
    writeFileSync(join(directory, name), content);
    return name;
  };
  async function signed(by: { key: string; cert: string }) {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ca: by,
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    });
    return { cert, key };
  }
  async function authority(name: string) {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, critical: true },
      ],
    });
    return { cert, key };
  }

  test('get the one of the registry; another, or none, is refused', async () => {
    const [ours, foreign] = await Promise.all([authority('ours'), authority('foreign')]);
    const [server, caller, stranger] = await Promise.all([signed(ours), signed(ours), signed(foreign)]);
    const { url } = await agent({ tls: { ...server, ca: ours.cert }, bearer: 'the-key-of-all' });
    const ca = write('ca.pem', ours.cert);
    const certificate = (name: string, pair: { cert: string; key: string }) => ({
      cert: write(`${name}.pem`, pair.cert),
      key: write(`${name}.key`, pair.key),
    });
    const bearer_env = 'KEY';
    const path = config([
      { id: 'agent-0', base_url: url, auth: { ca, bearer_env, ...certificate('caller', caller) } },
      { id: 'foreign', base_url: url, auth: { ca, bearer_env, ...certificate('stranger', stranger) } },
      { id: 'none', base_url: url, auth: { ca, bearer_env } },
      { id: 'keyless', base_url: url, auth: { ca, cert: 'caller.pem', key: 'caller.key' } },
      { id: 'distrust', base_url: url, auth: { bearer_env } },
    ]);
    const found = await report(['--config', path, '--message', 'hello'], { KEY: 'the-key-of-all' });
    expect(found.agents.map(({ agent: id, ok, stage }) => `${id} ${ok} ${stage}`)).toEqual([
      'agent-0 true message',
      'foreign false connect',
      'none false connect',
      'keyless false connect',
      'distrust false connect',
    ]);
    expect(found.agents[1]?.advice).toContain('the key or the certificate is wrong');
    expect(found.agents[4]?.error).toContain('not signed by an authority that is trusted here');
    expect(JSON.stringify(found)).not.toMatch(/PRIVATE KEY|the-key-of-all/);
  });
});

test('an agent that talks and sends files without end is cut off', async () => {
  let written = 0;
  const { url } = await agent({
    onTurn: async (turn) => {
      const piece = 'x'.repeat(100_000);
      for (; written < 10_000; written++) await turn.write(piece);
    },
  });
  const path = config([{ id: 'agent-0', base_url: url }]);
  const found = await report(['--config', path, '--message', 'hello', '--timeout', '10']);
  expect(found.agents[0]).toMatchObject({
    ok: false,
    stage: 'message',
    error: expect.stringContaining('too much'),
  });
  expect(written).toBeLessThan(1_000);
});

describe('the registry', () => {
  test('entries that are wrong fail at stage config, and the others are asked', async () => {
    const path = config([
      { id: 'agent-0', base_url: 'http://h', auth: { bearer_env: 'NONE' } },
      { id: 'b', base_url: (await agent()).url },
      { id: 'c', base_url: 'https://h', auth: { ca: 'none.pem' } },
      { base_url: 'nonsense' },
      { id: 'd', base_url: (await agent({ bearer: 'the-key-of-d' })).url, auth: { bearer_env: 'KEY' } },
    ]);
    const env = { KEY: 'the-key-of-d' };
    const found = await report(['--config', path], env);
    expect(found).toMatchObject({ code: 1, ok: false, problems: [] });
    expect(found.agents.map(({ agent: id, ok, stage }) => `${id} ${ok} ${stage}`)).toEqual([
      'agent-0 false config',
      'c false config',
      'agents[3] false config',
      'b true status',
      'd true status',
    ]);
    expect(found.agents[0]?.error).toMatch(
      /agents\.yaml:1:\d+ agents\[0\]\.auth\.bearer_env: .*NONE is not set/,
    );
    expect((await report(['--config', path, '--agent', 'd'], env)).code).toBe(0);
    const wrong = await report(['--config', path, '--agent', 'c'], env);
    expect(wrong).toMatchObject({ code: 1, agents: [{ agent: 'c', stage: 'config' }] });
    expect((await run(['--config', path], env)).out).toContain('5 agents: 2 ok, 3 failed.');
  });

  test('that is wrong as a whole is a failure at stage config', async () => {
    const path = config(
      [
        { id: 'agent-0', base_url: 'http://h' },
        { id: 'b', base_url: 'http://h', auth: { bearer_env: 'NONE' } },
      ],
      { user_agents: { 'web:anna': 'nobody' } },
    );
    const found = await report(['--config', path]);
    expect(found.code).toBe(1);
    expect(found.agents).toMatchObject([{ agent: 'agents[1]', ok: false, stage: 'config' }]);
    expect(found.problems[1]).toMatch(/agents\.yaml:1:\d+ agents\[1\]\.auth\.bearer_env: .*NONE is not set/);
    const { out } = await run(['--config', path]);
    expect(out.split('\n').slice(-2)).toEqual(['No agent was asked.', '']);
  });

  test('is found where apps find it', async () => {
    mkdirSync(join(directory, 'config'));
    const path = config([{ id: 'agent-0', base_url: (await agent()).url }]);
    expect((await report([], { AGENTS_CONFIG: path })).code).toBe(0);
    expect((await run([])).err).toContain('name a registry with --config');
    writeFileSync(join(directory, 'config/agents.yaml'), readFileSync(path));
    expect((await report([])).code).toBe(0);
  });

  test('a file that is not there', async () => {
    const { code, out } = await run(['--config', 'none.yaml']);
    expect(code).toBe(1);
    expect(out).toContain('none.yaml is not there');
  });
});

test('for people there is a table with what to do, and a summary', async () => {
  const { url } = await agent();
  const path = config([
    { id: 'agent-0', base_url: url.replace('//', '//anna:pa55word@') },
    { id: 'down', base_url: 'http://127.0.0.1:9/?token=0123456789abcdef' },
  ]);
  const { code, out } = await run(['--config', path]);
  expect(code).toBe(1);
  expect(out).not.toMatch(/pa55word|0123456789abcdef/);
  const lines = out.replace(/\d{5,}|\b\d+ ms/g, 'N').split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^AGENT {4}RESULT {2}STAGE {4}STATUS IN {2}URL$/),
    expect.stringMatching(/^agent-0 {2}ok {6}status {3}N +ws:\/\/127\.0\.0\.1:N\/v1\/agent_ws\/N\/$/),
    expect.stringMatching(/^down {5}FAILED {2}connect {2}- +ws:\/\/127\.0\.0\.1:9\/v1\/agent_ws\/N\/\?…$/),
    expect.stringMatching(/^ {4}Could not reach the agent: .*ECONNREFUSED/),
    '    → nothing listens there: start the agent, or check host and port',
    '',
    '2 agents: 1 ok, 1 failed.',
    '',
  ]);
});

test.each([
  [['--colour'], "Unknown option '--colour'"],
  [['--timeout', '0'], '--timeout: expected a number from 0.001 to 3600, not "0".'],
  [['--timeout', 'soon'], '--timeout: expected a number'],
  [['--concurrency', '1.5'], '--concurrency: expected a whole number'],
  [['--base-url', 'ftp://u:pa55word@h'], '--base-url: The agent'],
  [['--base-url', 'http://h', '--agent', 'x'], '--agent chooses from a registry'],
  [['--message', ' '], '--message: expected some text'],
  [['file.yaml'], 'Unexpected argument'],
])('%j is wrong usage', async (args, words) => {
  const { code, err } = await run(args);
  expect(code).toBe(2);
  expect(err).toContain(words);
  expect(err).toContain('Try --help.');
  expect(err).not.toContain('pa55word');
});

test('an agent that is not there is wrong usage, with a guess', async () => {
  const path = config([{ id: 'agent-0', base_url: 'http://h' }]);
  const { code, err } = await run(['--config', path, '--agent', 'agent0']);
  expect(code).toBe(2);
  expect(err).toContain('there is no agent "agent0": did you mean "agent-0"?');
});

test('in a terminal progress is shown beside the result, and taken away again', async () => {
  const path = config([{ id: 'agent-0', base_url: (await agent()).url }]);
  const never = new AbortController().signal;
  const { out, err } = await run(['--config', path], {}, never, true);
  expect(err.split('\r\u001b[K')).toEqual(['', '0 of 1 checked…', '1 of 1 checked…', '']);
  expect(out).not.toContain('checked…');
});

test('--help', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('--concurrency N') });
});
