/** The client and a host that behave, together. */
import assert from 'node:assert/strict';
import { isAgentError, PlatformChatId, WIRE_FEATURES, type WireFeature } from '@surfaces/protocol';
import { type AgentCase, gate, HEALTH, hear, request, type SuiteTurn, textOf, within } from './harness.ts';
import { rawAgent } from './raw-peers.ts';

const echo = async (turn: SuiteTurn): Promise<void> => turn.write(turn.text);
const never = new AbortController().signal;
const untilAborted = (turn: SuiteTurn): Promise<never> =>
  new Promise((_, reject) => turn.signal.addEventListener('abort', () => reject(turn.signal.reason)));

const [PLAIN, FULL]: readonly WireFeature[][] = [[], [...WIRE_FEATURES]];

export const clientCases: readonly AgentCase[] = [
  ...[PLAIN, FULL].map(
    (features): AgentCase => ({
      name: `an answer of all kinds of events, ${features?.length ? 'all features' : 'plain'}`,
      async run(bench) {
        const { url } = await bench.serve({
          ...(features === undefined ? {} : { features }),
          async onTurn(turn) {
            await turn.write('Hello ');
            await turn.toolCall({ name: 'search', text: 'looks\nfor  it' });
            await turn.toolResult({ name: 'search' });
            await turn.update('nearly there');
            await turn.sendFile('out/report.pdf');
            await turn.write(`${turn.text} ${turn.attachments.join()}`);
            turn.usage({ tokensUsed: 12, cost: 0.5 });
          },
        });
        const { events, error } = await hear(bench.client(url), request('you', { attachments: ['a.txt'] }));
        assert.equal(error, undefined);
        assert.deepEqual(events, [
          { kind: 'text', seq: 1, text: 'Hello ' },
          { kind: 'progress', seq: 2, phase: 'call', label: 'looks for it' },
          { kind: 'progress', seq: 3, phase: 'result', label: 'search' },
          { kind: 'progress', seq: 4, phase: 'update', label: 'nearly there' },
          { kind: 'file', seq: 5, path: 'out/report.pdf' },
          { kind: 'text', seq: 6, text: 'you a.txt' },
          { kind: 'end', seq: 7, tokensUsed: 12, cost: 0.5 },
        ]);
      },
    }),
  ),
  {
    name: 'a plain agent gets plain frames only',
    async run(bench) {
      const frames = gate<unknown[]>();
      const url = await rawAgent(bench, async (peer) => {
        peer.send({ type: 'STATUS' });
        const first = await peer.next();
        peer.send({ type: 'AGENT_EVENT_TEXT_CHUNK', text: 'ok' }, { type: 'AGENT_EVENT_END' });
        frames.open([first, ...peer.frames.slice(1)]);
      });
      const person = { id: 'p', name: 'P', locale: 'en' };
      const { error } = await hear(bench.client(url), request('hi', { person, attachments: ['x'] }));
      assert.equal(error, undefined);
      assert.deepEqual(await frames.opened, [{ type: 'USER_MESSAGE', text: 'hi', attachments: ['x'] }]);
    },
  },
  {
    name: 'features nobody knows are dropped, the others agreed on',
    async run(bench) {
      const hello = gate<unknown>();
      const url = await rawAgent(bench, async (peer) => {
        peer.send({ type: 'STATUS', features: ['telepathy', 'cancel', 'person'] });
        hello.open(await peer.next());
        const message = await peer.next();
        peer.send({ type: 'AGENT_EVENT_END', request_id: String(message.request_id) });
      });
      const { events } = await hear(bench.client(url), request('hi'));
      assert.deepEqual(await hello.opened, { type: 'HELLO', features: ['cancel', 'person'] });
      assert.deepEqual(events, [{ kind: 'end', seq: 1 }]);
    },
  },
  {
    name: 'the person reaches an agent that asks for it',
    async run(bench) {
      const { url } = await bench.serve({
        onTurn: (turn) => turn.write(JSON.stringify(turn.person)),
      });
      const client = bench.client(url);
      const person = { id: 'p1', name: 'Mina', locale: 'ko' };
      // With and without a directory of their own.
      for (const sent of [person, { ...person, directory: 'p1' }]) {
        const { events } = await hear(client, request('x', { person: sent }));
        assert.deepEqual(JSON.parse(textOf(events)), sent);
      }
    },
  },
  {
    name: 'the connection of a context is used again, each context has its own',
    async run(bench) {
      const paths: string[] = [];
      const url = await rawAgent(bench, async (peer, _, path) => {
        paths.push(path);
        peer.send({ type: 'STATUS' });
        for (;;) {
          const { text } = await peer.next();
          peer.send({ type: 'AGENT_EVENT_TEXT_CHUNK', text }, { type: 'AGENT_EVENT_END' });
        }
      });
      const client = bench.client(url);
      const [one, two] = [PlatformChatId.parse('11'), PlatformChatId.parse('22')];
      for (const platformChatId of [one, two, one, two]) {
        assert.equal(textOf((await hear(client, request('same', { platformChatId }))).events), 'same');
      }
      assert.deepEqual(paths, ['/v1/agent_ws/11/', '/v1/agent_ws/22/']);
    },
  },
  {
    name: 'a connection without a request is closed after its time and opened again on demand',
    async run(bench) {
      const closed = gate<number>();
      let connections = 0;
      const url = await rawAgent(bench, async (peer, number) => {
        connections = number;
        peer.send({ type: 'STATUS' });
        void peer.closed.then((code) => closed.open(code));
        await peer.next();
        peer.send({ type: 'AGENT_EVENT_END' });
      });
      const client = bench.client(url, { connectionIdleMs: 20 });
      const platformChatId = PlatformChatId.parse('5');
      await hear(client, request('a', { platformChatId }));
      assert.equal(await within(2000, 'closing', closed.opened), 1000);
      assert.equal((await hear(client, request('b', { platformChatId }))).error, undefined);
      assert.equal(connections, 2);
    },
  },
  {
    name: 'ten megabytes of text in chunks arrive whole, at a reader that is slow at first',
    async run(bench) {
      const chunk = 'x'.repeat(10_000);
      const { url } = await bench.serve({
        async onTurn(turn) {
          for (let i = 0; i < 1000; i++) await turn.write(chunk);
        },
      });
      let length = 0;
      let slow = 5;
      const { error } = await hear(bench.client(url), request('much'), async (event) => {
        if (event.kind === 'text') length += event.text.length;
        if (slow-- > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      });
      assert.equal(error, undefined);
      assert.equal(length, 10_000_000);
    },
  },
  {
    name: 'text larger than a frame is cut between characters and arrives whole',
    async run(bench) {
      const text = `x${'😀'.repeat(400_000)}\u0001`;
      const { url } = await bench.serve({ onTurn: (turn) => turn.write(text) });
      const { events, error } = await hear(bench.client(url), request('long'));
      assert.equal(error, undefined);
      assert.ok(textOf(events) === text);
      for (const event of events) assert.ok(event.kind !== 'text' || event.text.isWellFormed());
    },
  },
  {
    name: 'a message larger than a frame fails clearly and leaves the context usable',
    async run(bench) {
      const { url } = await bench.serve({ onTurn: echo });
      const client = bench.client(url);
      const platformChatId = PlatformChatId.parse('9');
      const { error } = await hear(client, request('y'.repeat(1024 * 1024 + 1), { platformChatId }));
      assert.ok(isAgentError(error));
      assert.match(error.message, /larger than one frame/);
      assert.equal(textOf((await hear(client, request('z', { platformChatId }))).events), 'z');
    },
  },
  {
    name: 'cancel: the agent is told, ends, and the connection is kept',
    async run(bench) {
      const stopped = gate();
      const { url } = await bench.serve({
        async onTurn(turn) {
          if (turn.text === 'next') return turn.write('fine');
          await turn.write('begun');
          await untilAborted(turn).catch(() => stopped.open());
        },
      });
      const client = bench.client(url, { cancelGraceMs: 2000 });
      const platformChatId = PlatformChatId.parse('3');
      const stop = new AbortController();
      const reason = new Error('enough');
      const { events, error } = await hear(
        client,
        request('go', { platformChatId }),
        () => stop.abort(reason),
        stop.signal,
      );
      assert.equal(error, reason);
      assert.equal(textOf(events), 'begun');
      await within(1000, 'the abort', stopped.opened);
      assert.equal(textOf((await hear(client, request('next', { platformChatId }))).events), 'fine');
    },
  },
  {
    name: 'cancel: an agent that does not end in time is left, nothing of it leaks into the next answer',
    async run(bench) {
      const url = await rawAgent(bench, async (peer) => {
        peer.send({ type: 'STATUS', features: ['cancel'] });
        for (;;) {
          const { text, request_id } = await peer.next('USER_MESSAGE');
          peer.send({ type: 'AGENT_EVENT_TEXT_CHUNK', text: `re ${String(text)}`, request_id });
          if (text === 'second') peer.send({ type: 'AGENT_EVENT_END', request_id });
        }
      });
      const client = bench.client(url, { cancelGraceMs: 30 });
      const platformChatId = PlatformChatId.parse('4');
      const stop = new AbortController();
      const first = await hear(client, request('first', { platformChatId }), () => stop.abort(), stop.signal);
      assert.equal(first.error, stop.signal.reason);
      assert.equal(textOf((await hear(client, request('second', { platformChatId }))).events), 're second');
    },
  },
  {
    name: 'cancel: also where the caller has stopped reading and the way is full',
    async run(bench) {
      const { url } = await bench.serve({
        async onTurn(turn) {
          if (turn.text === 'next') return turn.write('fine');
          while (!turn.signal.aborted) await turn.write('x'.repeat(50_000));
        },
      });
      const client = bench.client(url, { cancelGraceMs: 5000 });
      const platformChatId = PlatformChatId.parse('31');
      const stop = new AbortController();
      const full = request('flood', { platformChatId });
      const { error } = await hear(
        client,
        full,
        async (event) => {
          if (event.seq > 1) return;
          await new Promise((resolve) => setTimeout(resolve, 300));
          stop.abort();
        },
        stop.signal,
      );
      assert.equal(error, stop.signal.reason);
      assert.equal(textOf((await hear(client, request('next', { platformChatId }))).events), 'fine');
    },
  },
  {
    name: 'aborted before it began: nothing is sent',
    async run(bench) {
      let turns = 0;
      const { url } = await bench.serve({ onTurn: async () => void turns++ });
      const reason = new Error('changed my mind');
      const { error } = await hear(bench.client(url), request('x'), undefined, AbortSignal.abort(reason));
      assert.equal(error, reason);
      assert.equal(turns, 0);
    },
  },
  {
    name: 'close: running calls fail with closed, the agent goes on and a later client takes up its answer',
    async run(bench) {
      const finish = gate();
      let aborted = false;
      const { url } = await bench.serve({
        async onTurn(turn) {
          turn.signal.addEventListener('abort', () => {
            aborted = true;
          });
          await turn.write('half ');
          await finish.opened;
          await turn.write('whole');
        },
      });
      const asked = request('go');
      const first = bench.client(url);
      let closing: Promise<void> | undefined;
      const { events, error } = await hear(first, asked, () => {
        closing = first.close();
      });
      assert.ok(isAgentError(error));
      assert.equal(error.code, 'closed');
      await within(3000, 'close', closing ?? Promise.reject(new Error('not closing')));
      const later = bench.client(url);
      const rest = hear(later, { ...asked, resumeAfter: events.length }, () => {});
      finish.open();
      const { events: more, error: none } = await within(5000, 'the rest', rest);
      assert.equal(none, undefined);
      assert.deepEqual(more, [
        { kind: 'text', seq: 2, text: 'whole' },
        { kind: 'end', seq: 3 },
      ]);
      assert.equal(aborted, false, 'closing a client must not cancel');
      await assert.rejects(async () => {
        for await (const _ of first.send(request('x'), never)) void _;
      }, isAgentError);
    },
  },
  {
    name: 'confirm: the question has no time limit, the reply arrives, again is harmless',
    async run(bench) {
      const options = [
        { id: 'y', label: 'Yes', kind: 'allow_once' as const },
        { id: 'n', label: 'No', kind: 'reject' as const },
      ];
      const { url } = await bench.serve({
        onTurn: async (turn) => turn.write(`chose ${await turn.confirm({ text: 'Sure?', options })}`),
      });
      const client = bench.client(url, { idleTimeoutMs: 30, firstEventTimeoutMs: 500 });
      const asked = request('delete');
      const { events, error } = await hear(client, asked, async (event) => {
        if (event.kind !== 'confirm') return;
        assert.deepEqual(event.options, options);
        await new Promise((resolve) => setTimeout(resolve, 120));
        await client.reply(asked.platformChatId, asked.requestId, event.id, 'n');
        await client.reply(asked.platformChatId, asked.requestId, event.id, 'n');
      });
      assert.equal(error, undefined);
      assert.equal(textOf(events), 'chose n');
    },
  },
  {
    name: 'reply: refused clearly where no such request runs',
    async run(bench) {
      const { url } = await bench.serve({ onTurn: echo });
      const asked = request('x');
      await assert.rejects(
        bench.client(url).reply(asked.platformChatId, asked.requestId, 'c', 'o'),
        (error) => isAgentError(error) && error.code === 'interrupted',
      );
    },
  },
  {
    name: 'fork and dispose reach the agent; an agent without them is named',
    async run(bench) {
      const calls: string[] = [];
      const { url } = await bench.serve({
        onTurn: echo,
        onFork: async (from, to) => void calls.push(`fork ${from} ${to}`),
        onDispose: async (id) => void calls.push(`dispose ${id}`),
      });
      const [one, two] = [PlatformChatId.parse('1'), PlatformChatId.parse('2')];
      const client = bench.client(url);
      await client.fork(one, two, never);
      await client.dispose(one, never);
      assert.deepEqual(calls, ['fork 1 2', 'dispose 1']);
      assert.equal(textOf((await hear(client, request('again', { platformChatId: one }))).events), 'again');
      const plain = await bench.serve({ onTurn: echo, features: [] });
      const other = bench.client(plain.url);
      await assert.rejects(other.fork(one, two, never), (e) => isAgentError(e) && e.code === 'unsupported');
      await other.dispose(one, never);
    },
  },
  {
    name: 'health: ok with latency, features and name; or the reason why not',
    async run(bench) {
      const { url, close } = await bench.serve({ onTurn: echo, features: ['resume'] });
      const client = bench.client(url);
      const good = await client.health(never);
      assert.equal(good.ok, true);
      assert.ok(good.url.endsWith(`/v1/agent_ws/${HEALTH}/`));
      assert.ok((good.latencyMs ?? -1) >= 0);
      assert.deepEqual(good.features, ['resume']);
      await close({ drainMs: 0 });
      const bad = await client.health(never);
      assert.equal(bad.ok, false);
      assert.match(bad.error ?? '', /ECONNREFUSED/);
    },
  },
  {
    name: 'taken up by a later process: as the table of features says',
    async run(bench) {
      for (const [features, resumeAfter, expected] of [
        [['resume', 'idempotent'], 0, 'answered'],
        [['resume', 'idempotent'], 1, 'restarted'],
        [['idempotent'], 0, 'answered'],
        [['idempotent'], 1, 'restarted'],
        [['resume'], 0, 'interrupted'],
        [['resume'], 1, 'interrupted'],
        [[], 0, 'interrupted'],
      ] as const) {
        let turns = 0;
        const { url } = await bench.serve({
          features,
          async onTurn(turn) {
            turns++;
            await turn.write('anew');
          },
        });
        const { events, error } = await hear(bench.client(url), request('x', { resumeAfter }));
        const what = `${features.join()} after ${resumeAfter}`;
        if (expected === 'interrupted') {
          assert.ok(isAgentError(error) && error.code === 'interrupted', what);
          assert.equal(turns, 0, what);
        } else {
          assert.equal(error, undefined, what);
          assert.deepEqual(
            events.map((event) => `${event.kind} ${event.seq}`),
            [...(expected === 'restarted' ? ['restarted 1'] : []), 'text 1', 'end 2'],
            what,
          );
        }
      }
    },
  },
  {
    name: 'begun anew only when the caller has come back from making void what it had',
    async run(bench) {
      for (const features of [['resume', 'idempotent'], ['idempotent']] as const) {
        const begun: string[] = [];
        const { url } = await bench.serve({
          features,
          async onTurn(turn) {
            begun.push(turn.text);
            await turn.write('anew');
          },
        });
        const client = bench.client(url);
        const events = client.send(request('x', { resumeAfter: 1 }), never)[Symbol.asyncIterator]();
        assert.equal((await events.next()).value?.kind, 'restarted');
        // Had the message been sent, it would be there before the probe comes back.
        assert.equal((await client.health(never)).ok, true);
        assert.deepEqual(begun, []);
        assert.equal((await events.next()).value?.kind, 'text');
        assert.deepEqual(begun, ['x']);
        assert.equal((await events.next()).value?.kind, 'end');
      }
    },
  },
];
