/**
 * The agent of the crash suite: all features, finished turns in a log that outlives the process. How it
 * cuts an answer into pieces differs from run to run, as a model's does; the words do not.
 */
import { appendFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type AgentTurn, fileTurnLog, serveAgent, type TurnLog } from '@surfaces/sdk';
import type { AgentLine } from './agent-record.ts';
import { faultFromEnvironment } from './fault.ts';
import type { AgentPoint } from './kill-plan.ts';
import { type Asked, answerTo, fileWord, parseQuestion, reportsOf, type WorkloadFile } from './words.ts';

const { CRASH_DIR: directory = '.', CRASH_PORT: port = '0', CRASH_WORKSPACE: workspace = '.' } = process.env;
const fault: (point: AgentPoint) => void = faultFromEnvironment();

function record(line: Omit<AgentLine, 'life' | 'at'>): void {
  const whole = { ...line, life: process.pid, at: Date.now() };
  appendFileSync(join(directory, 'agent.jsonl'), `${JSON.stringify(whole)}\n`);
}

async function onTurn(turn: AgentTurn): Promise<void> {
  const { platformChatId: context, requestId: request, text, attachments: files } = turn;
  record({ what: 'begun', context, request, text, files });
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
    const { platformChatId: context, requestId: request } = turn;
    record({ what: 'asked', context, request });
    fault('asked');
    record({ what: 'chosen', context, request, option: await chosen });
    fault('chosen');
  }
  const given = await Promise.all(turn.attachments.map((path) => readFile(ownPath(turn, path))));
  const whole = answerTo(asked, given.map(fileWord));
  for (let from = 0; from < whole.length; ) {
    const to = from + 5 + Math.floor(Math.random() * (asked.kind === 'parts' ? 150 : 40));
    await turn.write(whole.slice(from, to));
    fault('written');
    from = to;
    if (asked.kind !== 'short') await wait(Math.random() * 20, undefined, { signal: turn.signal });
  }
  for (const report of reportsOf(asked, process.pid)) await sendReport(turn, report);
}

/** In two pieces: half a report is on disk for a moment, and must never be shown. */
async function sendReport(turn: AgentTurn, { name, bytes }: WorkloadFile): Promise<void> {
  const path = `${turn.person?.directory}/${name}`;
  const file = await open(ownPath(turn, path), 'w');
  try {
    await file.writeFile(bytes.subarray(0, bytes.length / 2));
    fault('file.half');
    await file.writeFile(bytes.subarray(bytes.length / 2));
  } finally {
    await file.close();
  }
  fault('file.whole');
  await turn.sendFile(path);
  fault('file.sent');
}

/** Several people share this agent: each has a directory, and all that is theirs is in it. */
function ownPath({ person }: AgentTurn, path: string): string {
  if (!person?.directory || !path.startsWith(`${person.directory}/`)) {
    throw new Error(`${path} is not in the directory of ${person?.name}`);
  }
  return join(workspace, path);
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
