import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentId } from '@surfaces/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linesOf } from './open-registry.ts';
import { readAside } from './read-aside.ts';
import { type Registry, readRegistry } from './read-registry.ts';

const EXAMPLE = new URL('../../../../config/agents.example.yaml', import.meta.url);

function write(text: string | Buffer): string {
  const path = join(mkdtempSync(join(tmpdir(), 'surfaces-registry-')), 'agents.yaml');
  writeFileSync(path, text);
  return path;
}

async function problems(text: string | Buffer, env: Record<string, string> = {}): Promise<string[]> {
  return linesOf('agents.yaml', await readRegistry(write(text), env, Date.now()));
}

async function read(text: string, env: Record<string, string> = {}): Promise<Registry> {
  const path = write(text);
  const reading = await readRegistry(path, env, Date.now());
  if (reading.registry === undefined) throw new Error(linesOf(path, reading).join('\n'));
  return reading.registry;
}

const ids = (registry: Registry) => registry.agents.map(({ id }) => id);

test('the example is right, also with what it shows as comments', async () => {
  const text = readFileSync(EXAMPLE, 'utf8');
  expect(ids(await read(text))).toEqual(['analyst', 'writer', 'archivist']);
  const shown = text.replace(/^ {4}# (?=auth:| {2}(ca|cert|key|bearer_env):)/gm, '    ');
  expect(shown).toContain('\n      bearer_env: WRITER_KEY');
  // Its certificates are nobody's: all that is missing are the three files.
  const found = await problems(shown, { ANALYST_KEY: 'a-long-key', WRITER_KEY: 'another-key' });
  expect(found).toHaveLength(3);
  for (const line of found) expect(line).toMatch(/auth\.(ca|cert|key): .*certificates.* is not there$/);
});

test('a full registry', async () => {
  const registry = await read(
    `
default_agent: agent-0
user_agents:
  "matrix:@alice:example.org": agent-0
  "@bob:example.org": agent-1
  telegram:123456: [agent-1, agent-0]
agents:
  - {id: agent-0, label: Analyst, base_url: "http://u:pa55word@h/agent_0/", workspace_path: /agents/0}
  - {id: agent-1, base_url: wss://h/, auth: {bearer_env: AGENT_1_KEY}}
`,
    { AGENT_1_KEY: ' the-key \n' },
  );
  expect(registry.agents).toEqual([
    {
      id: 'agent-0',
      label: 'Analyst',
      access: { baseUrl: 'http://u:pa55word@h/agent_0/' },
      workspace: { path: '/agents/0', shared: true },
      ends: [],
    },
    { id: 'agent-1', label: 'agent-1', access: { baseUrl: 'wss://h/', bearer: 'the-key' }, ends: [] },
  ]);
  expect(Object.fromEntries(registry.people)).toEqual({
    'matrix:@alice:example.org': ['agent-0'],
    'matrix:@bob:example.org': ['agent-1'],
    'telegram:123456': ['agent-1', 'agent-0'],
  });
  expect(registry.others).toEqual({ id: 'agent-0', byDefault: true });
  expect(registry.secrets).toEqual(expect.arrayContaining(['pa55word', 'the-key']));
});

test('everything that is wrong is named at once, with line, column and key', async () => {
  expect(
    await problems(`default_agent: agent-9
user_agents:
  "123456": agent-0
  "matrix:alice": agent-0
  "@carol:example.org": [agent-0, agent0, agent-0]
  "matrix:@carol:example.org": agent-0
  "web:dora": []
  "web:emil": 7
agents:
  - id: agent-0
    base_url: ftp://user:pa55word@h/
    workspace_pth: /agents/0
  - id: agent-0
    label: 12
    base_url: http://h/
    auth: { bearer_env: NOT_SET, key: gone.key }
  - label: none
colour: red
`),
  ).toEqual([
    'agents.yaml:1:1 default_agent: there is no agent "agent-9": did you mean "agent-0"?',
    'agents.yaml:3:3 user_agents["123456"]: which surface? Expected surface:id, such as "telegram:123456" or "discord:123456"',
    'agents.yaml:4:3 user_agents["matrix:alice"]: expected a Matrix id, @name:server, behind the colon',
    'agents.yaml:5:35 user_agents["@carol:example.org"][1]: there is no agent "agent0": did you mean "agent-0"?',
    'agents.yaml:5:43 user_agents["@carol:example.org"][2]: "agent-0" is in this list already',
    'agents.yaml:6:3 user_agents["matrix:@carol:example.org"]: matrix:@carol:example.org is listed already, written in another way',
    'agents.yaml:7:3 user_agents["web:dora"]: expected at least one entry',
    'agents.yaml:8:3 user_agents["web:emil"]: expected the id of an agent, or a list of ids',
    `agents.yaml:11:5 agents[0].base_url: The agent's address "***@h/" cannot be used: it must begin with http://, https://, ws:// or wss://. Example: http://127.0.0.1:7000/`,
    'agents.yaml:12:5 agents[0].workspace_pth: unknown key: did you mean workspace_path?',
    'agents.yaml:13:5 agents[1].id: "agent-0" is the id of another agent already',
    'agents.yaml:14:5 agents[1].label: expected text: put it into quotes',
    'agents.yaml:16:5 agents[1].auth: certificates need a base_url of https:// or wss://',
    'agents.yaml:16:13 agents[1].auth.bearer_env: the environment variable NOT_SET is not set',
    expect.stringMatching(/^agents\.yaml:16:34 agents\[1\]\.auth\.key: .*gone\.key is not there$/),
    'agents.yaml:16:34 agents[1].auth.key: needs `cert`, its certificate, too',
    'agents.yaml:17:5 agents[2].id: is missing: expected text',
    'agents.yaml:17:5 agents[2].base_url: is missing: expected text',
    'agents.yaml:18:1 colour: unknown key; known here: default_agent, user_agents, agents',
  ]);
});

describe('a file that is none', () => {
  test.each([
    ['', 'agents.yaml:1:1: is empty: it must have `agents`'],
    ['# nothing\n', 'agents.yaml:1:1: is empty: it must have `agents`'],
    ['agents: []', 'agents.yaml:1:1 agents: expected at least one agent'],
    ['agents:', 'agents.yaml:1:1 agents: is missing: expected a list'],
    ['- a', 'agents.yaml:1:1: expected keys with values'],
    ['hello', 'agents.yaml:1:1: expected keys with values: put'],
  ])('%j', async (text, expected) => {
    expect((await problems(text))[0]).toContain(expected.replace(': put', ''));
  });

  test('is broken YAML: where', async () => {
    expect((await problems('agents:\n  - id: "a\n'))[0]).toMatch(/^agents\.yaml:\d:\d+: /);
  });

  test('is in UTF-16, or begins with a byte order mark', async () => {
    expect(await problems(Buffer.from('agents: []', 'utf16le'))).toEqual([
      'agents.yaml:1:1: is not text in UTF-8: save it as such',
    ]);
    expect(ids(await read('\ufeffagents: [{id: a, base_url: "http://h"}]'))).toEqual(['a']);
  });

  test('names a key twice', async () => {
    const text = 'agents: [{id: a, base_url: "http://h"}]\nuser_agents:\n  web:x: a\n  web:x: a\n';
    expect(await problems(text)).toEqual(['agents.yaml:4:3 web:x: this key stands here twice']);
  });

  test('is a bomb of aliases', async () => {
    const lines = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`)}]`);
    const found = await problems(['a0: &a0 [x]', ...lines.slice(1)].join('\n'));
    expect(found[0]).toContain('agents.yaml:1:1');
  });

  test('is a directory, or is not there', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'surfaces-registry-'));
    const lines = async (path: string) => linesOf('x', await readRegistry(path, {}, 0));
    expect(await lines(directory)).toEqual(['x is a directory, not a file']);
    expect(await lines(join(directory, 'none'))).toEqual(['x is not there']);
  });
});

test('aliases and anchors lead to the right place', async () => {
  const text = `agents:\n  - &a {id: a, base_url: "http://h"}\n  - *a\n`;
  expect(await problems(text)).toEqual([
    'agents.yaml:2:9 agents[1].id: "a" is the id of another agent already',
  ]);
});

test('a workspace that does not exist yet is shared with who reaches the same place by a link above it', async () => {
  const place = mkdtempSync(join(tmpdir(), 'surfaces-registry-'));
  mkdirSync(join(place, 'real'));
  symlinkSync(join(place, 'real'), join(place, 'link'));
  const { agents } = await read(`
user_agents: {web:ann: a, web:bob: b, web:carl: c}
agents:
  - {id: a, base_url: "http://h", workspace_path: ${place}/real/new/ws}
  - {id: b, base_url: "http://h", workspace_path: ${place}/link/new/ws}
  - {id: c, base_url: "http://h", workspace_path: ${place}/real/other}
`);
  expect(agents.map(({ workspace }) => workspace?.shared)).toEqual([true, true, false]);
});

test('one list of agents may stand for hundreds of people', async () => {
  const text = (people: number) =>
    [
      'agents: [{id: a, base_url: "http://h"}, {id: b, base_url: "http://h"}]',
      'user_agents:',
      '  web:first: &team [a, b]',
      ...Array.from({ length: people }, (_, i) => `  web:p${i}: *team`),
    ].join('\n');
  expect((await read(text(500))).people.get('web:p499')).toEqual(['a', 'b']);
  // Each is looked for from the beginning of the file.
  expect(await problems(text(1200))).toEqual([
    'agents.yaml:1:1: has too many aliases (*name): write out what they stand for',
  ]);
});

test('what a file says cannot steer a terminal', async () => {
  const found = await problems(
    'agents: [{id: a, base_url: "http://h"}]\ndefault_agent: "b\\e[2J\\u009b1m"\n',
  );
  expect(found).toEqual(['agents.yaml:2:1 default_agent: there is no agent "b [2J 1m"']);
});

test('a surface that is nearly ours is doubted, one of one’s own is not', async () => {
  const path = write(
    'agents: [{id: a, base_url: "http://h"}]\nuser_agents: {"telegramm:1": a, "sms:1": a}\n',
  );
  const { warnings, registry } = await readRegistry(path, {}, 0);
  expect(warnings.map(({ message }) => message)).toEqual([
    'the surface "telegramm" is not one of ours: did you mean "telegram"?',
  ]);
  expect(registry?.people.size).toBe(2);
});

test('that nobody is served is worth a warning', async () => {
  const path = write('agents: [{id: a, base_url: "http://h"}]');
  expect((await readRegistry(path, {}, 0)).warnings[0]?.message).toContain('nobody is served');
});

describe('which workspaces are shared', () => {
  const shared = async (people: string, agents: string) =>
    Object.fromEntries(
      (await read(`${people}\nagents:\n${agents}`)).agents.map(({ id, workspace }) => [
        id,
        workspace?.shared,
      ]),
    );
  const agent = (id: string, path: string) =>
    `  - {id: ${id}, base_url: "http://h/", workspace_path: ${path}}\n`;

  test('those of exactly one person are not', async () => {
    const agents = agent('a', '/w/a') + agent('b', '/w/b') + agent('c', '/w/c') + agent('d', '/w/d');
    const people = 'default_agent: d\nuser_agents: {"web:x": [a, b], "web:y": b, "web:z": d}';
    expect(await shared(people, agents)).toEqual({ a: false, b: true, c: true, d: true });
  });

  test('one directory of two agents with different people is', async () => {
    const agents = agent('a', '/w/one') + agent('b', '/w/one/') + agent('c', '/w/one-more');
    const people = 'user_agents: {"web:x": a, "web:y": b, "web:z": c}';
    expect(await shared(people, agents)).toEqual({ a: true, b: true, c: false });
  });

  test('so is one inside another', async () => {
    const agents = agent('a', '/w') + agent('b', '/w/b');
    expect(await shared('user_agents: {"web:x": a, "web:y": b}', agents)).toEqual({ a: true, b: true });
    expect(await shared('user_agents: {"web:x": [a, b]}', agents)).toEqual({ a: false, b: false });
  });

  test('one in which people have directories stays shared, whoever is left', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'surfaces-workspace-'));
    const people = 'user_agents: {"web:x": [a, b]}';
    const agents = agent('a', join(directory, 'a')) + agent('b', join(directory, 'b'));
    for (const name of ['a', 'b', 'b/src', 'b/p-1', 'b/0mwqje2kf']) mkdirSync(join(directory, name));
    expect(await shared(people, agents)).toEqual({ a: false, b: false });
    mkdirSync(join(directory, 'b', '0mwqje2kf-46d1c46a-1d06-4b75-861d'));
    expect(await shared(people, agents)).toEqual({ a: false, b: true });
    mkdirSync(join(directory, 'a', `p-${'0f'.repeat(20)}`));
    expect(await shared(people, agents)).toEqual({ a: true, b: true });
  });

  test('a link to a directory is the directory', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'surfaces-workspace-'));
    mkdirSync(join(directory, 'real'));
    symlinkSync(join(directory, 'real'), join(directory, 'link'));
    const agents = agent('a', join(directory, 'real')) + agent('b', join(directory, 'link'));
    expect(await shared('user_agents: {"web:x": a, "web:y": b}', agents)).toEqual({ a: true, b: true });
  });

  test('a relative path begins at the file', async () => {
    const path = write(`agents:\n${agent('a', '../w')}`);
    const { registry } = await readRegistry(path, {}, 0);
    expect(registry?.agents[0]?.workspace?.path).toBe(join(path, '../../w'));
  });
});

test('a workspace that is not there is worth a warning: it may be mounted later', async () => {
  const path = write('default_agent: a\nagents:\n  - {id: a, base_url: "http://h", workspace_path: none}\n');
  const { warnings, registry } = await readRegistry(path, {}, 0);
  expect(registry).toBeDefined();
  expect(warnings).toMatchObject([{ line: 3, key: 'agents[0].workspace_path' }]);
});

test('the key of an agent must be such that it can be sent', async () => {
  const text = 'agents: [{id: a, base_url: "http://h", auth: {bearer_env: KEY}}]';
  const [line] = await problems(text, { KEY: 'secret\nvalue' });
  expect(line).toContain('the key in KEY has characters that cannot be sent');
  expect(line).not.toContain('secret');
  expect(await problems(text, { KEY: '  ' })).toHaveLength(1);
});

test('whatever is written there, it is read or named, never thrown', async () => {
  const key = fc.constantFrom('agents', 'user_agents', 'default_agent', 'id', 'base_url', 'auth', 'ca', 'x');
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('a', 'http://h', '@a:b', 'web:x'),
      fc.anything({ maxDepth: 0, withBigInt: false }),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(key, fc.string()), tie('any'), { maxKeys: 4 }),
    ),
  })).any;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        value.map((v) => JSON.stringify(v) ?? ''),
        fc.string(),
      ),
      async (text) => {
        const reading = await readRegistry(write(text), {}, 0);
        expect(reading.registry === undefined).toBe(reading.problems.length > 0);
        for (const { line, column } of reading.problems) expect(Math.min(line, column)).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300 },
  );
});

test('a registry of 20,000 people, half of them wrong, is read and named', async () => {
  const people = Array.from(
    { length: 20_000 },
    (_, i) => `  "web:p${i}": ${i % 2 ? AgentId.parse('a') : 'b'}`,
  );
  const text = `user_agents:\n${people.join('\n')}\nagents: [{id: a, base_url: "http://h"}]\n`;
  const path = write(text);
  const reading = await readAside(path, {}, 0);
  // In a thread of its own, with the same result.
  expect(reading).toEqual(await readRegistry(path, {}, 0));
  const lines = linesOf('agents.yaml', reading);
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe('… and 9900 more');
});
