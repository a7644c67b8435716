/** Each cell of the table, played through a relay that breaks the connection at the point. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentEvent, isAgentError, type WireFeature } from '@surfaces/protocol';
import { type AgentBench, type AgentCase, gate, hear, request, type SuiteTurn, within } from './harness.ts';
import type { RawFrame } from './raw-peers.ts';
import { Relay, type RelayRules } from './relay.ts';
import { type Column, type Outcome, type PointId, RESUME_TABLE } from './resume-table.ts';

const OPTIONS = [
  { id: 'go', label: 'Go', kind: 'allow_once' as const },
  { id: 'stay', label: 'Stay', kind: 'reject' as const },
];

export function tableCases(): AgentCase[] {
  const cases: AgentCase[] = [];
  for (const row of RESUME_TABLE) {
    for (let bits = 0; bits < 16; bits++) {
      const features = (['resume', 'idempotent', 'cancel', 'confirm'] as const).filter(
        (_, i) => bits & (1 << i),
      );
      if (row.with !== undefined && !features.includes(row.with)) continue;
      if (row.without !== undefined && features.includes(row.without)) continue;
      const column = columnOf(features);
      cases.push({
        name: `table: ${row.point} with ${features.join('+') || 'no features'}: ${row.cells[column]}`,
        run: (bench) => playCell(bench, row.point, features, row.cells[column]),
      });
    }
  }
  return cases;
}

function columnOf(features: readonly WireFeature[]): Column {
  const resume = features.includes('resume');
  if (features.includes('idempotent')) return resume ? 'both' : 'idempotent';
  return resume ? 'resume' : 'neither';
}

/** Breaks once, at the first frame that fits. */
function breakAt(point: PointId, plain: boolean): RelayRules {
  let broken = false;
  const cutWhen = (isPoint: (frame: RawFrame) => boolean) => (frame: RawFrame) => {
    if (broken || !isPoint(frame)) return frame;
    broken = true;
    return 'cut' as const;
  };
  const isEvent = (frame: RawFrame) => frame.type.startsWith('AGENT_EVENT');
  let chunks = 0;
  switch (point) {
    case 'before_status':
      return { toClient: cutWhen((frame) => frame.type === 'STATUS') };
    case 'after_hello':
      return { toAgent: cutWhen((frame) => frame.type === (plain ? 'USER_MESSAGE' : 'HELLO')) };
    case 'after_message':
      return { toClient: cutWhen(isEvent) };
    case 'after_first_chunk':
      return { toClient: cutWhen((frame) => isEvent(frame) && ++chunks === 2) };
    case 'mid_answer':
      return { toClient: cutWhen((frame) => isEvent(frame) && ++chunks === 5) };
    case 'end_not_delivered':
    case 'host_killed_after_end':
      return { toClient: cutWhen((frame) => frame.type === 'AGENT_EVENT_END') };
    default:
      return {};
  }
}

async function playCell(
  bench: AgentBench,
  point: PointId,
  features: readonly WireFeature[],
  expected: Outcome,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'agent-table-'));
  bench.after(() => rm(directory, { recursive: true, force: true }));
  const asks = point === 'pending_confirm';
  const hangs = point === 'host_killed' || point === 'cancelled_without_feature';
  const back = gate();
  let runs = 0;
  const onTurn = async (turn: SuiteTurn): Promise<void> => {
    runs++;
    await turn.write('one ');
    await turn.toolCall({ name: 'look' });
    await turn.toolResult({ name: 'look', text: 'found' });
    await turn.write('two ');
    if (asks) await turn.write(`${await turn.confirm({ text: 'Go on?', options: OPTIONS })} `);
    if (hangs && runs === 1) await new Promise((_, reject) => turn.signal.addEventListener('abort', reject));
    await turn.write('three');
    turn.usage({ tokensUsed: 7 });
  };
  const serve = (port: number) => bench.serve({ onTurn, features, turnLogDirectory: directory, port });
  const server = await serve(0);
  const relay = await Relay.start(server.url, breakAt(point, features.length === 0));
  bench.after(() => relay.close());
  const client = bench.client(relay.url);
  const asked = request('go');
  const cancel = new AbortController();
  const reason = new Error('the person stopped it');
  let brokeOff = false;

  const onEvent = async (event: AgentEvent): Promise<void> => {
    if (event.kind === 'confirm') {
      if (brokeOff) return;
      brokeOff = true;
      relay.cut();
      // Given once, while the way is broken: the client must bring it when the agent asks again.
      await client.reply(asked.platformChatId, asked.requestId, event.id, 'go');
      return;
    }
    if (event.kind !== 'text' || event.text !== 'two ' || brokeOff) return;
    if (point === 'cancelled_without_feature') cancel.abort(reason);
    if (point === 'host_killed' || point === 'host_killed_after_end') {
      brokeOff = true;
      relay.hold = back.opened;
      if (point === 'host_killed_after_end') return;
      await server.close({ drainMs: 0 });
      relay.target = (await serve(0)).url;
      back.open();
    }
  };
  const heard = hear(client, asked, onEvent, cancel.signal);
  if (point === 'host_killed_after_end') {
    await within(
      5000,
      'the turn',
      finished(() => runs === 1 && brokeOff),
    );
    await server.close({ drainMs: 1000 });
    relay.target = (await serve(0)).url;
    back.open();
  }
  const { events, error } = await within(10_000, 'the answer', heard);
  const [kind, times] = expected.split(' ');
  assert.equal(runs, Number(times), 'how often the agent did the work');
  if (kind === 'interrupted') {
    assert.ok(isAgentError(error), `an AgentError, not ${String(error)}`);
    assert.equal(error.code, 'interrupted');
    assertNumbered(events);
    return;
  }
  if (kind === 'cancelled') {
    assert.equal(error, reason);
    return;
  }
  assert.equal(error, undefined);
  const voided = events.findIndex((event) => event.kind === 'restarted');
  assert.equal(voided >= 0, kind === 'restarted', 'whether the answer began anew');
  assertNumbered(events.slice(0, Math.max(voided, 0)));
  assertWhole(events.slice(voided + 1), asks);
}

/** 1, 2, 3, …: nothing missing, nothing twice. */
function assertNumbered(events: readonly AgentEvent[]): void {
  assert.deepEqual(
    events.map((event) => event.seq),
    events.map((_, i) => i + 1),
  );
}

function assertWhole(events: readonly AgentEvent[], asks: boolean): void {
  assertNumbered(events);
  const kinds = ['text', 'progress', 'progress', 'text', ...(asks ? ['confirm', 'text'] : []), 'text', 'end'];
  assert.deepEqual(
    events.map((event) => event.kind),
    kinds,
  );
  const text = events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
  assert.equal(text, asks ? 'one two go three' : 'one two three');
  const end = events.at(-1);
  assert.ok(end?.kind === 'end');
  assert.equal(end.tokensUsed, 7);
}

/** Looks again until it is so; `within` gives it a limit. */
async function finished(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}
