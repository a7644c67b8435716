/** The host, spoken to frame by frame. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WIRE_FEATURES, type WireFeature } from '@surfaces/protocol';
import { type AgentBench, type AgentCase, gate, type SuiteTurn, within } from './harness.ts';
import { type RawPeer, rawCaller } from './raw-peers.ts';

const echo = async (turn: SuiteTurn): Promise<void> => turn.write(turn.text);

/** Opens a context and agrees on everything the host offers. */
async function greeted(bench: AgentBench, url: string, context: string): Promise<RawPeer> {
  const peer = await rawCaller(bench, url, context);
  const { features } = await peer.next('STATUS');
  if (features !== undefined) peer.send({ type: 'HELLO', features });
  return peer;
}

const say = (peer: RawPeer, text: string, request_id?: string): void =>
  peer.send({
    type: 'USER_MESSAGE',
    text,
    attachments: [],
    ...(request_id === undefined ? {} : { request_id }),
  });

export const hostCases: readonly AgentCase[] = [
  {
    name: 'host: a plain caller gets plain frames, even of a host with all features',
    async run(bench) {
      const { url } = await bench.serve({ onTurn: echo });
      const peer = await rawCaller(bench, url, '12');
      await peer.next('STATUS');
      say(peer, 'hi');
      assert.deepEqual(await peer.next(), { type: 'AGENT_EVENT_TEXT_CHUNK', text: 'hi' });
      assert.deepEqual(await peer.next(), { type: 'AGENT_EVENT_END' });
    },
  },
  {
    name: 'host: names the features that are switched on, and no others',
    async run(bench) {
      const calls = { onFork: async () => {}, onDispose: async () => {} };
      for (const features of [[...WIRE_FEATURES], ['cancel'], []] as WireFeature[][]) {
        const { url } = await bench.serve({ onTurn: echo, features, ...calls });
        const status = await (await rawCaller(bench, url, '1')).next('STATUS');
        assert.deepEqual(status.features ?? [], features);
      }
    },
  },
  {
    name: 'host: with resume events are numbered and marked',
    async run(bench) {
      const { url } = await bench.serve({ onTurn: echo });
      const peer = await greeted(bench, url, '13');
      say(peer, 'hi', 'q1');
      assert.deepEqual(await peer.next(), {
        type: 'AGENT_EVENT_TEXT_CHUNK',
        text: 'hi',
        request_id: 'q1',
        seq: 1,
      });
      assert.deepEqual(await peer.next(), { type: 'AGENT_EVENT_END', request_id: 'q1', seq: 2 });
    },
  },
  {
    name: 'host: the same request twice is one turn, while it runs and after it',
    async run(bench) {
      let runs = 0;
      const go = gate();
      const { url } = await bench.serve({
        async onTurn(turn) {
          runs++;
          await turn.write('a');
          await go.opened;
          await turn.write('b');
        },
      });
      const peer = await greeted(bench, url, '14');
      say(peer, 'x', 'q');
      await peer.next('AGENT_EVENT_TEXT_CHUNK');
      say(peer, 'x', 'q');
      assert.equal((await peer.next()).text, 'a');
      go.open();
      assert.equal((await peer.next()).text, 'b');
      assert.equal((await peer.next()).type, 'AGENT_EVENT_END');
      say(peer, 'x', 'q');
      assert.deepEqual(
        [(await peer.next()).seq, (await peer.next()).seq, (await peer.next()).type],
        [1, 2, 'AGENT_EVENT_END'],
      );
      assert.equal(runs, 1);
    },
  },
  {
    name: 'host: the file log answers after a restart, each context for itself',
    async run(bench) {
      const turnLogDirectory = await mkdtemp(join(tmpdir(), 'turn-log-'));
      bench.after(() => rm(turnLogDirectory, { recursive: true, force: true }));
      let runs = 0;
      const onTurn = async (turn: SuiteTurn): Promise<void> => {
        runs++;
        await turn.write(`run ${runs}`);
      };
      const first = await bench.serve({ onTurn, turnLogDirectory });
      const before = await greeted(bench, first.url, '15');
      say(before, 'x', '../q?');
      await before.next('AGENT_EVENT_END');
      await first.close({ drainMs: 0 });
      const { url } = await bench.serve({ onTurn, turnLogDirectory });
      const peer = await greeted(bench, url, '15');
      peer.send({ type: 'RESUME', request_id: '../q?', after_seq: 1 });
      assert.equal((await peer.next()).state, 'done');
      assert.deepEqual(await peer.next(), { type: 'AGENT_EVENT_END', request_id: '../q?', seq: 2 });
      say(peer, 'x', '../q?');
      assert.equal((await peer.next()).text, 'run 1');
      const other = await greeted(bench, url, '16');
      other.send({ type: 'RESUME', request_id: '../q?', after_seq: 0 });
      assert.equal((await other.next()).state, 'unknown');
      say(other, 'x', '../q?');
      assert.equal((await other.next()).text, 'run 2');
    },
  },
  {
    name: 'host: messages of one context run one after another, of two contexts side by side',
    async run(bench) {
      let [now, most] = [0, 0];
      const both = gate();
      const { url } = await bench.serve({
        async onTurn(turn) {
          most = Math.max(most, ++now);
          if (now === 2) both.open();
          if (turn.text === 'meet') await both.opened;
          else await new Promise((resolve) => setTimeout(resolve, 5));
          await turn.write(turn.text);
          now--;
        },
      });
      const peer = await greeted(bench, url, '17');
      for (const text of ['1', '2', '3']) say(peer, text, text);
      const texts = [];
      for (let i = 0; i < 3; i++) texts.push((await peer.next('AGENT_EVENT_TEXT_CHUNK')).text);
      assert.deepEqual(texts, ['1', '2', '3']);
      assert.equal(most, 1);
      const other = await greeted(bench, url, '18');
      say(peer, 'meet', 'm1');
      say(other, 'meet', 'm2');
      await within(
        2000,
        'both at once',
        Promise.all([peer.next('AGENT_EVENT_END'), other.next('AGENT_EVENT_END')]),
      );
    },
  },
  {
    name: 'host: a new connection of a context replaces the old one with 4001',
    async run(bench) {
      const { url } = await bench.serve({ onTurn: echo });
      const old = await greeted(bench, url, '19');
      await greeted(bench, url, '20');
      const fresh = await greeted(bench, url, '19');
      assert.equal(await within(2000, 'the close', old.closed), 4001);
      say(fresh, 'still', 'q');
      assert.equal((await fresh.next('AGENT_EVENT_TEXT_CHUNK')).text, 'still');
    },
  },
  {
    name: 'host: an idle connection is closed with 4002, a working one is not',
    async run(bench) {
      const go = gate();
      const { url } = await bench.serve({
        idleMs: 60,
        async onTurn(turn) {
          await go.opened;
          await turn.write('done');
        },
      });
      const idle = await greeted(bench, url, '21');
      const busy = await greeted(bench, url, '22');
      say(busy, 'x', 'q');
      assert.equal(await within(2000, 'the close', idle.closed), 4002);
      go.open();
      assert.equal((await busy.next()).text, 'done');
    },
  },
  {
    name: 'host: when a plain caller goes away its turn is aborted; one that may come back is not disturbed',
    async run(bench) {
      const aborted: string[] = [];
      const begun: Record<string, () => void> = {};
      const over = gate();
      const { url } = await bench.serve({
        async onTurn(turn) {
          begun[turn.text]?.();
          turn.signal.addEventListener('abort', () => {
            aborted.push(turn.text);
            over.open();
          });
          await over.opened;
        },
      });
      const [plainBegan, fullBegan] = [gate(), gate()];
      Object.assign(begun, { plain: plainBegan.open, full: fullBegan.open });
      const full = await greeted(bench, url, '24');
      say(full, 'full', 'q');
      await fullBegan.opened;
      full.ws.terminate();
      const plain = await rawCaller(bench, url, '23');
      say(plain, 'plain');
      await plainBegan.opened;
      plain.ws.terminate();
      await within(2000, 'the abort', over.opened);
      assert.deepEqual(aborted, ['plain']);
    },
  },
  {
    name: 'host: CANCEL aborts the turn and it ends',
    async run(bench) {
      const { url } = await bench.serve({
        onTurn: (turn) =>
          new Promise((_, reject) => turn.signal.addEventListener('abort', () => reject(turn.signal.reason))),
      });
      const peer = await greeted(bench, url, '25');
      say(peer, 'x', 'q');
      peer.send({ type: 'CANCEL', request_id: 'q' });
      assert.equal((await within(2000, 'the end', peer.next())).code, 'cancelled');
    },
  },
  {
    name: 'host: an open confirmation is asked again on resume; a reply that is no option does not count',
    async run(bench) {
      const options = [{ id: 'ok', label: 'OK', kind: 'allow_once' as const }];
      const { url } = await bench.serve({
        onTurn: async (turn) => turn.write(await turn.confirm({ text: '?', options })),
      });
      const first = await greeted(bench, url, '26');
      say(first, 'x', 'q');
      const asked = await first.next('AGENT_EVENT_CONFIRM');
      first.ws.terminate();
      const peer = await greeted(bench, url, '26');
      peer.send({ type: 'RESUME', request_id: 'q', after_seq: 1 });
      assert.equal((await peer.next()).state, 'running');
      assert.deepEqual(await peer.next(), asked);
      const reply = { type: 'CONFIRM_REPLY', request_id: 'q', id: asked.id };
      peer.send({ ...reply, option: 'everything' }, { ...reply, option: 'ok' }, { ...reply, option: 'ok' });
      assert.equal((await peer.next()).text, 'ok');
      assert.equal((await peer.next()).type, 'AGENT_EVENT_END');
    },
  },
  {
    name: 'host: a throw becomes ERROR without its inside',
    async run(bench) {
      const { url } = await bench.serve({
        onTurn: async () => {
          throw new Error('password=hunter2');
        },
      });
      const peer = await greeted(bench, url, '27');
      say(peer, 'x', 'q');
      const error = await peer.next();
      assert.equal(error.code, 'internal');
      assert.doesNotMatch(JSON.stringify(error), /hunter2/);
    },
  },
  {
    name: 'host: frames it cannot read',
    async run(bench) {
      const { url } = await bench.serve({ onTurn: echo });
      const peer = await greeted(bench, url, '28');
      peer.send({ type: 'SING' }, { type: 'USER_MESSAGE', text: 5, request_id: 'bad' });
      const error = await peer.next();
      assert.deepEqual([error.type, error.code, error.request_id], ['ERROR', 'bad_request', 'bad']);
      say(peer, 'fine', 'q');
      assert.equal((await peer.next()).text, 'fine');
      peer.send('not JSON');
      assert.equal(await within(2000, 'the close', peer.closed), 4003);
    },
  },
  {
    name: 'host: browsers, wrong keys and wrong paths are refused',
    async run(bench) {
      const { url } = await bench.serve({ onTurn: echo, bearer: 'key' });
      const authorization = 'Bearer key';
      await (await rawCaller(bench, url, '29', { authorization })).next('STATUS');
      for (const [context, headers, status] of [
        ['29', { authorization, origin: 'https://evil.example' }, 403],
        ['29', { authorization, host: 'evil.example' }, 403],
        ['29', {}, 401],
        ['29', { authorization: 'Bearer kez' }, 401],
        ['01', { authorization }, 404],
        ['x', { authorization }, 404],
      ] as const) {
        await assert.rejects(rawCaller(bench, url, context, headers), new RegExp(`${status}`));
      }
    },
  },
  {
    name: 'host: close lets a running turn finish and takes no new one',
    async run(bench) {
      const go = gate();
      let runs = 0;
      const server = await bench.serve({
        async onTurn(turn) {
          runs++;
          await go.opened;
          await turn.write('whole');
        },
      });
      const peer = await greeted(bench, server.url, '30');
      const idle = await greeted(bench, server.url, '31');
      say(peer, 'x', 'q1');
      say(peer, 'y', 'q2');
      while (runs === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      const closing = server.close({ drainMs: 5000 });
      assert.equal(await within(2000, 'the idle close', idle.closed), 1001);
      await assert.rejects(rawCaller(bench, server.url, '32'));
      go.open();
      assert.equal((await peer.next()).text, 'whole');
      assert.equal((await peer.next()).type, 'AGENT_EVENT_END');
      assert.equal(await peer.closed, 1001);
      await closing;
      assert.equal(runs, 1);
    },
  },
];
