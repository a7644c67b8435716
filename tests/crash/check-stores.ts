/** What must be on disk at the end, read past the code under test. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type AgentLine, readAgentRecord } from './agent-record.ts';
import type { Conversation } from './conversation.ts';
import { parseQuestion, question } from './words.ts';

export interface StoreFigures {
  readonly outcomes: Readonly<Record<string, number>>;
  /** Requests that the agent began more than once. */
  readonly begunAgain: number;
  /** Turns that ended in an answer. */
  readonly answered: ReadonlySet<string>;
}

export function checkStores(
  directory: string,
  conversations: readonly Conversation[],
  agentKilled: boolean,
  problems: string[],
): StoreFigures {
  const database = new DatabaseSync(join(directory, 'data', 'surfaces.db'));
  try {
    const { outcomes, answered } = checkDatabase(database, conversations, problems);
    return { outcomes, answered, begunAgain: checkAgent(database, directory, agentKilled, problems) };
  } finally {
    database.close();
  }
}

function checkDatabase(
  database: DatabaseSync,
  conversations: readonly Conversation[],
  problems: string[],
): Omit<StoreFigures, 'begunAgain'> {
  const count = (sql: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.n);
  const mustBe = (sql: string, wanted: number, what: string) => {
    const found = count(sql);
    if (found !== wanted) problems.push(`database: ${found} ${what}, not ${wanted}`);
  };
  mustBe("turns WHERE state <> 'finished'", 0, 'unfinished turns');
  mustBe("operations WHERE state <> 'sent'", 0, 'operations that were not sent');
  mustBe('pending_events', 0, 'commands and buttons without a reply');
  mustBe('journal', 0, 'rows of journals of finished turns');
  const asked = conversations.reduce((sum, { asked }) => sum + asked.length, 0);
  mustBe('turns', asked, 'turns');
  mustBe(
    'inbox',
    conversations.reduce((sum, { events }) => sum + events, 0),
    'accepted events',
  );
  mustBe('chats', conversations.length, 'chats');
  const again = database
    .prepare('SELECT request_id FROM turns GROUP BY request_id HAVING count(*) > 1')
    .all();
  if (again.length > 0) problems.push(`database: ${again.length} request ids are used twice`);

  const turns = database.prepare('SELECT id, chat, text, outcome FROM turns ORDER BY "order"').all();
  const outcomes: Record<string, number> = {};
  const answered = new Set<string>();
  const texts = new Map<string, string[]>();
  for (const { id, chat, text, outcome } of turns) {
    outcomes[String(outcome)] = (outcomes[String(outcome)] ?? 0) + 1;
    if (outcome === 'answered') answered.add(String(id));
    else if (outcome !== 'cancelled') problems.push(`database: "${text}" is ${outcome}`);
    texts.set(String(chat), [...(texts.get(String(chat)) ?? []), String(text)]);
  }
  for (const list of texts.values()) {
    const [first = ''] = list;
    const { chat } = parseQuestion(first);
    const said = conversations.find(({ person }) => person.chat === chat)?.asked.map(question) ?? [];
    if (list.join('\n') !== said.join('\n'))
      problems.push(`database: the turns of ${chat} are not what was said`);
  }
  return { outcomes, answered };
}

/** Each request once, in its own context; nothing runs again that was logged as done. */
function checkAgent(
  database: DatabaseSync,
  directory: string,
  agentKilled: boolean,
  problems: string[],
): number {
  const turns = database
    .prepare(
      'SELECT t.request_id AS request, t.text, t.outcome, c.platform_chat_id AS context FROM turns t JOIN chats c ON c.key = t.chat ORDER BY t."order"',
    )
    .all();
  const lines = readAgentRecord(join(directory, 'agent.jsonl'));
  const byRequest = Map.groupBy(lines, (line) => line.request);
  for (const { request, text, outcome, context } of turns) {
    const own = byRequest.get(String(request)) ?? [];
    byRequest.delete(String(request));
    const say = (problem: string) => problems.push(`agent: request ${request} (${text}) ${problem}`);
    if (own.some((line) => line.context !== context)) say('was run in another context');
    if (own.some((line) => line.text !== undefined && line.text !== text)) say('was run with another text');
    checkRuns(own, String(outcome), agentKilled, say);
  }
  for (const [request] of byRequest) problems.push(`agent: nobody has request ${request}`);
  checkOrder(lines, problems);
  return [...Map.groupBy(lines, (line) => line.request).values()].filter(
    (own) => own.filter(({ what }) => what === 'begun').length > 1,
  ).length;
}

function checkRuns(
  own: readonly AgentLine[],
  outcome: string,
  agentKilled: boolean,
  say: (problem: string) => void,
): void {
  const logged = own.findIndex(({ what }) => what === 'logged');
  const begun = own.filter(({ what }) => what === 'begun');
  if (logged >= 0 && own.slice(logged + 1).some(({ what }) => what === 'begun')) {
    say('was run again after it was done');
  }
  if (new Set(begun.map(({ life }) => life)).size < begun.length) say('was begun twice by one process');
  if (!agentKilled && begun.length > 1) say(`was begun ${begun.length} times`);
  if (outcome === 'answered' && !own.some(({ what }) => what === 'answered')) say('was never answered');
}

/** First begun in the order in which they were said. */
function checkOrder(lines: readonly AgentLine[], problems: string[]): void {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const { what, request, context, text } of lines) {
    if (what !== 'begun' || text === undefined || seen.has(request)) continue;
    seen.add(request);
    const { number } = parseQuestion(text);
    if (number <= (last.get(context) ?? 0)) problems.push(`agent: ${text} came too late`);
    last.set(context, number);
  }
}
