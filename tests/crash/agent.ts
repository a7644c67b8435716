/**
 * The agent of the crash suite: all features, finished turns in a log that outlives the process. How it
 * cuts an answer into pieces differs from run to run, as a model's does; the words do not.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type AgentTurn, fileTurnLog, serveAgent, type TurnLog } from '@surfaces/sdk';
import type { AgentLine } from './agent-record.ts';
import { faultFromEnvironment } from './fault.ts';
import type { AgentPoint } from './kill-plan.ts';
import { type Asked, answerTo, parseQuestion } from './words.ts';

const { CRASH_DIR: directory = '.', CRASH_PORT: port = '0' } = process.env;
const fault: (point: AgentPoint) => void = faultFromEnvironment();

function record(line: Omit<AgentLine, 'life'>): void {
  appendFileSync(join(directory, 'agent.jsonl'), `${JSON.stringify({ ...line, life: process.pid })}\n`);
}

async function onTurn(turn: AgentTurn): Promise<void> {
  const { platformChatId: context, requestId: request, text } = turn;
  record({ what: 'begun', context, request, text });
  fault('begun');
  try {
    await answer(turn, parseQuestion(text));
  } catch (error) {
    if (turn.signal.aborted) record({ what: 'cancelled', context, request });
    throw error;
  }
  record({ what: 'answered', context, request });
  fault('answered');
}

async function answer(turn: AgentTurn, asked: Asked): Promise<void> {
  if (asked.kind === 'tool') {
    await turn.toolCall({ id: 'look', name: 'look', text: `Looking in ${asked.chat}.` });
    await wait(60, undefined, { signal: turn.signal });
    await turn.toolResult({ id: 'look', name: 'look', text: 'Found.' });
  }
  if (asked.kind === 'confirm') {
    const chosen = turn.confirm({
      text: `Shall I do ${asked.number} in ${asked.chat}?`,
      options: [
        { id: 'once', label: 'Yes', kind: 'allow_once' },
        { id: 'no', label: 'No', kind: 'reject' },
      ],
    });
    fault('asked');
    if ((await chosen) !== 'once') throw new Error('nobody says no in this workload');
    fault('allowed');
  }
  const whole = answerTo(asked);
  for (let from = 0; from < whole.length; ) {
    const to = from + 5 + Math.floor(Math.random() * (asked.kind === 'parts' ? 150 : 40));
    await turn.write(whole.slice(from, to));
    fault('written');
    from = to;
    if (asked.kind !== 'short') await wait(Math.random() * 20, undefined, { signal: turn.signal });
  }
}

function recorded(log: TurnLog): TurnLog {
  return {
    find: (context, request) => log.find(context, request),
    async finish(context, request, events) {
      fault('log.before');
      await log.finish(context, request, events);
      record({ what: 'logged', context, request });
      fault('log.done');
    },
    forget: (context) => log.forget(context),
    close: () => log.close(),
  };
}

const log = (fields: object, message: string) =>
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
const server = await serveAgent({
  port: Number(port),
  agent: 'crash',
  onTurn,
  onFork: async () => undefined,
  onDispose: async () => undefined,
  turnLog: recorded(await fileTurnLog(join(directory, 'turns'))),
  logger: { debug: () => undefined, info: () => undefined, warn: log, error: log },
});
process.on('SIGTERM', () => void server.close({ drainMs: 5000 }).then(() => process.exit(0)));
process.on('disconnect', () => process.exit(1));
process.send?.({ type: 'ready', url: server.url });
