/** What must be in the database at the end, and what the agent wrote down of its work. */
import type { AgentLine } from './agent-record.ts';
import type { Conversation } from './conversation.ts';
import type { Database } from './database.ts';
import { filesOf, parseQuestion, question } from './words.ts';

export interface StoreFigures {
  readonly outcomes: Readonly<Record<string, number>>;
  /** Requests that the agent began more than once. */
  readonly begunAgain: number;
  /** Turns that ended in an answer. */
  readonly answered: ReadonlySet<string>;
}

export async function checkStores(
  database: Database,
  lines: readonly AgentLine[],
  conversations: readonly Conversation[],
  agentKilled: boolean,
  problems: string[],
): Promise<StoreFigures> {
  const { outcomes, answered } = await checkDatabase(database, conversations, problems);
  await checkPlaces(database, conversations, problems);
  return {
    outcomes,
    answered,
    begunAgain: await checkAgent(database, lines, conversations, agentKilled, problems),
  };
}

async function checkDatabase(
  database: Database,
  conversations: readonly Conversation[],
  problems: string[],
): Promise<Omit<StoreFigures, 'begunAgain'>> {
  const mustBe = async (sql: string, wanted: number, what: string) => {
    const [row] = await database.rows(`SELECT count(*) AS n FROM ${sql}`);
    if (Number(row?.n) !== wanted) problems.push(`database: ${row?.n} ${what}, not ${wanted}`);
  };
  const sum = (count: (one: Conversation) => number) =>
    conversations.reduce((before, one) => before + count(one), 0);
  await mustBe("turns WHERE state <> 'finished'", 0, 'unfinished turns');
  await mustBe("operations WHERE state <> 'sent'", 0, 'operations that were not sent');
  await mustBe('pending_events', 0, 'commands and buttons without a reply');
  await mustBe('journal', 0, 'rows of journals of finished turns');
  await mustBe(
    'turns',
    sum(({ asked }) => asked.length),
    'turns',
  );
  await mustBe(
    'inbox',
    sum(({ events }) => events),
    'accepted events',
  );
  const chats = sum(({ said }) => 1 + said.new);
  await mustBe('chats', chats, 'chats');
  await mustBe('bindings', chats, 'places of chats');
  await mustBe('(SELECT DISTINCT chat FROM bindings) b', chats, 'chats with a place');
  await mustBe(
    'switches',
    sum(({ said }) => said.clear),
    'contexts that were left',
  );
  await mustBe(
    '(SELECT request_id FROM turns GROUP BY request_id HAVING count(*) > 1) r',
    0,
    'request ids that are used twice',
  );

  const turns = await database.rows('SELECT id, chat, text, outcome FROM turns ORDER BY "order"');
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

/** Each new chat was welcomed once, at its own place. */
async function checkPlaces(
  database: Database,
  conversations: readonly Conversation[],
  problems: string[],
): Promise<void> {
  const news = conversations.reduce((sum, { said }) => sum + said.new, 0);
  const welcomes = await database.rows(
    "SELECT address, chat FROM operations WHERE message LIKE '%A new chat: the agent knows nothing here%'",
  );
  const places = new Set(welcomes.map(({ address }) => String(address)));
  if (welcomes.length !== news) problems.push(`database: ${news} new chats got ${welcomes.length} welcomes`);
  if (places.size < welcomes.length) problems.push('database: two new chats were welcomed at one place');
  if (new Set(welcomes.map(({ chat }) => chat)).size < welcomes.length)
    problems.push('database: a new chat was welcomed twice');
}

/** Each request once, in the context of its time; nothing runs again that was logged as done. */
async function checkAgent(
  database: Database,
  lines: readonly AgentLine[],
  conversations: readonly Conversation[],
  agentKilled: boolean,
  problems: string[],
): Promise<number> {
  const turns = await database.rows('SELECT request_id, text, outcome FROM turns ORDER BY "order"');
  const byRequest = Map.groupBy(lines, (line) => line.request);
  const requests = [...byRequest.values()];
  /** By person and how often the context had been cleared. */
  const contexts = new Map<string, string>();
  for (const { request_id: request, text, outcome } of turns) {
    const own = byRequest.get(String(request)) ?? [];
    byRequest.delete(String(request));
    const say = (problem: string) => problems.push(`agent: request ${request} (${text}) ${problem}`);
    const asked = parseQuestion(String(text));
    const conversation = conversations.find(({ person }) => person.chat === asked.chat);
    const generation = `${asked.chat} after ${conversation?.generations[asked.number - 1]}`;
    for (const { context } of own) {
      const known = contexts.get(generation) ?? context;
      contexts.set(generation, known);
      if (context !== known) say('was run in another context');
    }
    if (own.some((line) => line.text !== undefined && line.text !== text)) say('was run with another text');
    const { first, along } = filesOf(asked);
    const files = first.length + along.length;
    if (own.some((line) => line.files !== undefined && line.files.length !== files)) {
      say(`was not run with ${files} files`);
    }
    checkRuns(own, String(outcome), agentKilled, say);
  }
  if (new Set(contexts.values()).size < contexts.size) problems.push('agent: two contexts have one name');
  for (const [request] of byRequest) problems.push(`agent: nobody has request ${request}`);
  checkOrder(lines, problems);
  return requests.filter((own) => own.filter(({ what }) => what === 'begun').length > 1).length;
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
