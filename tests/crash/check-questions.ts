/** Each question is decided once at most, and the agent acted on what is stored. */
import type { AgentLine } from './agent-record.ts';
import type { Conversation } from './conversation.ts';
import type { Database } from './database.ts';

/** When a process was started, epoch milliseconds. */
export interface Starts {
  readonly app: readonly number[];
  readonly agent: readonly number[];
}

export interface QuestionFigures {
  readonly questions: number;
  readonly decided: number;
  /** Messages whose question was answered by another process of the app, the agent, both than asked it. */
  readonly overApp: number;
  readonly overAgent: number;
  readonly overBoth: number;
}

export async function checkQuestions(
  database: Database,
  lines: readonly AgentLine[],
  conversations: readonly Conversation[],
  starts: Starts,
  problems: string[],
): Promise<QuestionFigures> {
  const rows = await database.rows(
    'SELECT c.turn, c.decision, c.decided_by, t.request_id, t.text, t.outcome FROM confirmations c JOIN turns t ON t.id = c.turn ORDER BY c."order"',
  );
  const decided = rows.filter(({ decision }) => decision !== null);
  const deciders = new Set(decided.map(({ decided_by }) => decided_by));
  if (deciders.size < decided.length) problems.push('database: one press decided several questions');
  for (const { decision, text } of decided) {
    if (decision !== 'once' && decision !== 'no')
      problems.push(`database: "${text}" was decided ${decision}`);
  }
  const notices = conversations.flatMap(({ person }) =>
    person.seen().filter(({ message }) => message.markdown.startsWith('Your answer: ')),
  );
  const told = new Set(notices.map(({ operationId }, index) => operationId ?? index)).size;
  if (told !== decided.length)
    problems.push(`${decided.length} questions were decided, ${told} people were told`);

  const byRequest = Map.groupBy(rows, ({ request_id }) => String(request_id));
  const figures = { questions: rows.length, decided: decided.length, overApp: 0, overAgent: 0, overBoth: 0 };
  for (const [request, own] of Map.groupBy(lines, (line) => line.request)) {
    const chosen = own.filter(({ what }) => what === 'chosen');
    const asked = own.find(({ what }) => what === 'asked');
    const [last, name] = [chosen.at(-1), `request ${request}`];
    if (!last || !asked) continue;
    const stored = (byRequest.get(request) ?? []).filter(({ decision }) => decision !== null);
    if (chosen.length > stored.length) {
      problems.push(`agent: ${name} got ${chosen.length} answers, ${stored.length} are stored`);
    }
    // Each run asks anew, and the last one had the last word.
    const finished = stored.at(-1)?.outcome === 'answered';
    if (finished && last.option !== stored.at(-1)?.decision) {
      problems.push(`agent: ${name} acted on "${last.option}", and "${stored.at(-1)?.decision}" is stored`);
    }
    const between = (at: number) => at > asked.at && at < last.at;
    const [app, agent] = [starts.app.some(between), starts.agent.some(between)];
    if (app) figures.overApp += 1;
    if (agent) figures.overAgent += 1;
    if (app && agent) figures.overBoth += 1;
  }
  return figures;
}
