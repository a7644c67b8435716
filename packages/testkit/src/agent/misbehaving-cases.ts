/** Agents that refuse, stall, lie and break off, played frame by frame. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type AgentErrorCode, isAgentError, PlatformChatId } from '@surfaces/protocol';
import {
  type AgentBench,
  type AgentCase,
  gate,
  hear,
  request,
  type SuiteClientOptions,
  textOf,
  within,
} from './harness.ts';
import { type RawFrame, type RawPeer, rawAgent } from './raw-peers.ts';

const STATUS = { type: 'STATUS' };
const END = { type: 'AGENT_EVENT_END' };
const chunk = (text: string, rest: object = {}): RawFrame => ({
  type: 'AGENT_EVENT_TEXT_CHUNK',
  text,
  ...rest,
});

/** An agent that answers each message with these frames. */
function answering(
  bench: AgentBench,
  frames: (message: RawFrame) => (RawFrame | string | Buffer)[],
): Promise<string> {
  return rawAgent(bench, async (peer) => {
    peer.send(STATUS);
    for (;;) peer.send(...frames(await peer.next('USER_MESSAGE')));
  });
}

/** The answer is right although some frames are of no use; each of those is counted with its reason. */
function tolerated(name: string, frames: (RawFrame | string)[], reasons: string[], text = 'good'): AgentCase {
  return {
    name: `tolerated: ${name}`,
    async run(bench) {
      const url = await answering(bench, () => frames);
      const client = bench.client(url);
      const platformChatId = PlatformChatId.parse('6');
      for (let i = 1; i <= 2; i++) {
        const { events, error } = await hear(client, request('x', { platformChatId }));
        assert.equal(error, undefined);
        assert.equal(textOf(events), text);
        assert.equal(events.filter((event) => event.kind === 'end').length, 1);
        // Frames after the end are read after it: a message to the agent and back is long enough.
        await client.health(new AbortController().signal);
      }
      assert.deepEqual(bench.ignored, [...reasons, ...reasons]);
    },
  };
}

function fatal(
  name: string,
  code: AgentErrorCode,
  agent: (bench: AgentBench) => Promise<string>,
  options: Partial<SuiteClientOptions> = {},
  check: (heard: { text: string; ms: number }) => void = () => {},
): AgentCase {
  return {
    name: `${code}: ${name}`,
    async run(bench) {
      const client = bench.client(await agent(bench), options);
      const began = performance.now();
      const { events, error } = await within(8000, 'the failure', hear(client, request('x')));
      assert.ok(isAgentError(error), `an AgentError, not ${String(error)}`);
      assert.equal(error.code, code);
      check({ text: textOf(events), ms: performance.now() - began });
    },
  };
}

const speaking =
  (script: (peer: RawPeer, connection: number) => Promise<void> | void) =>
  (bench: AgentBench): Promise<string> =>
    rawAgent(bench, script);

export const misbehavingCases: readonly AgentCase[] = [
  tolerated(
    'an unknown event',
    [chunk('go'), { type: 'AGENT_EVENT_DREAM', x: 1 }, chunk('od'), END],
    ['unknown_type'],
  ),
  tolerated(
    'a known event of the wrong shape',
    [{ type: 'AGENT_EVENT_TEXT_CHUNK', text: 5 }, chunk('good'), END],
    ['malformed'],
  ),
  tolerated(
    'JSON that is no frame',
    ['42', '[]', 'null', '{"a":1}', chunk('good'), END],
    ['malformed', 'malformed', 'malformed', 'malformed'],
  ),
  tolerated('a second END', [chunk('good'), END, END], ['after_end']),
  tolerated(
    'events after END',
    [chunk('good'), END, chunk('late'), { type: 'ERROR', code: 'x', message: '' }],
    ['after_end', 'after_end'],
  ),
  tolerated('a second STATUS', [STATUS, chunk('good'), END], ['unexpected']),
  tolerated(
    'events of another request',
    [chunk('bad', { request_id: 'other' }), chunk('good'), END],
    ['late'],
  ),
  tolerated(
    'null for what is absent, figures that make no sense',
    [
      chunk('good', { request_id: null, seq: null }),
      { ...END, tokens_used: 'many', cost: -1, request_id: null },
    ],
    [],
  ),
  tolerated('an empty chunk', [chunk(''), chunk('good'), END], []),
  {
    name: 'an error of the agent itself is an event, the connection stays',
    async run(bench) {
      let turns = 0;
      const url = await answering(bench, () =>
        ++turns === 1 ? [{ type: 'ERROR', code: 'overloaded', message: 'later' }] : [chunk('good'), END],
      );
      const client = bench.client(url);
      const platformChatId = PlatformChatId.parse('8');
      const { events } = await hear(client, request('x', { platformChatId }));
      assert.deepEqual(events, [{ kind: 'error', seq: 1, code: 'overloaded', message: 'later' }]);
      assert.equal(textOf((await hear(client, request('y', { platformChatId }))).events), 'good');
    },
  },
  fatal('garbage in mid-answer', 'protocol', (b) => answering(b, () => [chunk('a'), '{"type": oops'])),
  fatal('a binary frame', 'protocol', (b) => answering(b, () => [chunk('a'), Buffer.from([1, 2, 3])])),
  fatal('a frame over the limit', 'protocol', (b) => answering(b, () => [chunk('z'.repeat(1024 * 1024))])),
  fatal(
    'closes in mid-answer',
    'interrupted',
    speaking(async (peer) => {
      peer.send(STATUS);
      await peer.next();
      peer.send(chunk('half'));
      peer.ws.close();
    }),
    {},
    ({ text }) => assert.equal(text, 'half'),
  ),
  fatal(
    'never sends STATUS',
    'no_status',
    speaking(() => {}),
    { statusTimeoutMs: 50 },
  ),
  fatal(
    'sends nothing after the message',
    'first_event_timeout',
    speaking((peer) => peer.send(STATUS)),
    {
      firstEventTimeoutMs: 50,
    },
  ),
  fatal('falls silent', 'idle_timeout', (b) => answering(b, () => [chunk('a')]), { idleTimeoutMs: 50 }),
  fatal(
    'falls silent while a tool runs, after the longer limit',
    'idle_timeout',
    (b) => answering(b, () => [{ type: 'AGENT_EVENT_TOOL_CALL_CHUNK', name: 't' }]),
    { idleTimeoutMs: 20, toolIdleTimeoutMs: 300 },
    ({ ms }) => assert.ok(ms >= 290, `gave up after ${ms} ms`),
  ),
  fatal(
    'another connection took over',
    'replaced',
    speaking(async (peer) => {
      peer.send({ ...STATUS, features: ['resume', 'idempotent'] });
      await peer.next('USER_MESSAGE');
      peer.ws.close(4001);
    }),
  ),
  fatal(
    'says ERROR instead of STATUS',
    'refused',
    speaking((peer) => {
      peer.send({ type: 'ERROR', code: 'auth', message: 'no' });
    }),
  ),
  fatal('answers the upgrade with 401, asked once', 'refused', async (bench) => {
    let asked = 0;
    bench.after(async () => assert.equal(asked, 1));
    return rawAgent(
      bench,
      () => {},
      () => {
        asked++;
        return 401;
      },
    );
  }),
  fatal(
    'a port where nobody listens',
    'unreachable',
    async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
    },
    { connectWindowMs: 100 },
    ({ ms }) => assert.ok(ms >= 50 && ms < 4000, `took ${ms} ms`),
  ),
  fatal(
    'breaks off again and again without a new event',
    'interrupted',
    speaking(async (peer, connection) => {
      peer.send({ ...STATUS, features: ['resume'] });
      const { request_id } = await peer.next(connection === 1 ? 'USER_MESSAGE' : 'RESUME');
      if (connection === 1) peer.send(chunk('a', { request_id, seq: 1 }));
      peer.ws.terminate();
    }),
    { reconnectWindowMs: 200 },
  ),
  fatal(
    'forgets the request every time',
    'interrupted',
    speaking(async (peer) => {
      peer.send({ ...STATUS, features: ['idempotent'] });
      const { request_id } = await peer.next('USER_MESSAGE');
      peer.send(chunk('a', { request_id }));
      setTimeout(() => peer.ws.terminate(), 5);
    }),
    { maxRestarts: 2 },
    ({ text }) => assert.equal(text, 'aaa'),
  ),
  fatal(
    'leaves out an event, again when asked for it',
    'protocol',
    speaking(async (peer, connection) => {
      peer.send({ ...STATUS, features: ['resume'] });
      const { request_id } = await peer.next(connection === 1 ? 'USER_MESSAGE' : 'RESUME');
      if (connection > 1) peer.send({ type: 'RESUMED', request_id, state: 'running' });
      else peer.send(chunk('a', { request_id, seq: 1 }));
      peer.send(chunk('c', { request_id, seq: 3 }));
    }),
    {},
    ({ text }) => assert.equal(text, 'a'),
  ),
  {
    name: 'a left out event is fetched again',
    async run(bench) {
      const url = await rawAgent(bench, async (peer, connection) => {
        peer.send({ ...STATUS, features: ['resume'] });
        const { request_id, after_seq } = await peer.next(connection === 1 ? 'USER_MESSAGE' : 'RESUME');
        if (connection === 1)
          peer.send(chunk('a', { request_id, seq: 1 }), chunk('c', { request_id, seq: 3 }));
        else {
          assert.equal(after_seq, 1);
          peer.send(
            { type: 'RESUMED', request_id, state: 'running' },
            chunk('b', { request_id, seq: 2 }),
            chunk('c', { request_id, seq: 3 }),
            { ...END, request_id, seq: 4 },
          );
        }
      });
      const { events, error } = await hear(bench.client(url), request('x'));
      assert.equal(error, undefined);
      assert.equal(textOf(events), 'abc');
    },
  },
  {
    name: 'events that come again on resume are left out',
    async run(bench) {
      const url = await rawAgent(bench, async (peer, connection) => {
        peer.send({ ...STATUS, features: ['resume'] });
        const { request_id } = await peer.next(connection === 1 ? 'USER_MESSAGE' : 'RESUME');
        const all = ['a', 'b', 'c'].map((text, i) => chunk(text, { request_id, seq: i + 1 }));
        if (connection === 1) {
          peer.send(...all.slice(0, 2));
          peer.ws.close();
        } else {
          peer.send({ type: 'RESUMED', request_id, state: 'done' }, ...all, { ...END, request_id, seq: 4 });
        }
      });
      const { events, error } = await hear(bench.client(url), request('x'));
      assert.equal(error, undefined);
      assert.deepEqual(
        events.map((event) => event.seq),
        [1, 2, 3, 4],
      );
      assert.equal(textOf(events), 'abc');
      assert.deepEqual(bench.ignored, ['duplicate', 'duplicate']);
    },
  },
  {
    name: 'a break after a silence longer than the window is no reason to give up',
    async run(bench) {
      const url = await rawAgent(bench, async (peer, connection) => {
        peer.send({ ...STATUS, features: ['resume'] });
        const { request_id } = await peer.next(connection === 1 ? 'USER_MESSAGE' : 'RESUME');
        if (connection === 1) setTimeout(() => peer.ws.terminate(), 150);
        else peer.send({ type: 'RESUMED', request_id, state: 'running' }, { ...END, request_id, seq: 1 });
      });
      const { events, error } = await hear(bench.client(url, { reconnectWindowMs: 100 }), request('x'));
      assert.equal(error, undefined);
      assert.equal(events.length, 1);
    },
  },
  {
    name: 'a server that says 503 is asked again until it is up',
    async run(bench) {
      const url = await rawAgent(
        bench,
        async (peer) => {
          peer.send(STATUS);
          await peer.next();
          peer.send(chunk('up'), END);
        },
        (attempt) => (attempt < 3 ? 503 : undefined),
      );
      assert.equal(
        textOf((await hear(bench.client(url, { connectWindowMs: 3000 }), request('x'))).events),
        'up',
      );
    },
  },
  {
    name: 'an idle close that crosses a message: the message is sent again',
    async run(bench) {
      const url = await rawAgent(bench, async (peer, connection) => {
        peer.send(STATUS);
        await peer.next();
        if (connection === 1) peer.ws.close(4002);
        else peer.send(chunk('here'), END);
      });
      const { events, error } = await hear(bench.client(url), request('x'));
      assert.equal(error, undefined);
      assert.equal(textOf(events), 'here');
    },
  },
  {
    name: 'a connection that answers no ping is dead, and left for a new one',
    async run(bench) {
      const second = gate<number>();
      const url = await rawAgent(bench, async (peer, connection) => {
        peer.send({ ...STATUS, features: ['resume'] });
        const frame = await peer.next(connection === 1 ? 'USER_MESSAGE' : 'RESUME');
        const { request_id } = frame;
        if (connection === 1) {
          peer.send(chunk('a', { request_id, seq: 1 }));
          // Reads nothing any more, so it answers no ping; the connection itself stays open.
          peer.ws.pause();
        } else {
          second.open(connection);
          peer.send({ type: 'RESUMED', request_id, state: 'running' }, { ...END, request_id, seq: 2 });
        }
      });
      const { events, error } = await within(
        5000,
        'the answer',
        hear(bench.client(url, { pingIntervalMs: 40 }), request('x')),
      );
      assert.equal(error, undefined);
      assert.equal(events.length, 2);
      assert.equal(await second.opened, 2);
    },
  },
  {
    name: 'a caller that stops listening does not cancel the agent',
    async run(bench) {
      const cancelled: string[] = [];
      const url = await rawAgent(bench, async (peer) => {
        peer.send({ ...STATUS, features: ['cancel', 'resume', 'idempotent'] });
        const { request_id } = await peer.next('USER_MESSAGE');
        peer.send(chunk('a', { request_id, seq: 1 }));
        await peer.closed;
        for (const { type } of peer.frames) if (type === 'CANCEL') cancelled.push(type);
        cancelled.push('closed');
      });
      const client = bench.client(url);
      for await (const event of client.send(request('x'), new AbortController().signal)) {
        assert.equal(event.kind, 'text');
        break;
      }
      await client.close();
      await within(
        2000,
        'the close',
        (async () => {
          while (cancelled.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
        })(),
      );
      assert.deepEqual(cancelled, ['closed']);
    },
  },
];
