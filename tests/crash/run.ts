/** One run: a workload, many kills, then the question whether anybody could notice. */

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { PostgresServer } from '@surfaces/testkit/postgres';
import { lastRuns, readAgentRecord } from './agent-record.ts';
import type { ProcessMessage } from './app-messages.ts';
import { type ChatCounts, checkChat, NO_CHAT_COUNTS } from './check-chat.ts';
import { checkFiles } from './check-files.ts';
import { checkQuestions } from './check-questions.ts';
import { checkStores } from './check-stores.ts';
import { Conversation } from './conversation.ts';
import { type Database, openPostgresDatabase, openSqliteDatabase, type StoreKind } from './database.ts';
import { AGENT_POINTS, APP_POINTS, type Kill, killPlan, RESTART_POINTS } from './kill-plan.ts';
import { PlayedMessengers } from './played-messenger.ts';
import { PLAYED_SURFACES } from './played-surfaces.ts';
import { Random } from './random.ts';
import type { Report } from './report.ts';
import { Victim } from './victim.ts';
import { WebPerson } from './web-person.ts';

/** `both`: app and agent die in the same workload, each as often as is asked. */
export type Target = 'app' | 'agent' | 'both';

export interface RunOptions {
  readonly target: Target;
  readonly store: StoreKind;
  readonly kills: number;
  readonly seed: number;
  readonly chats: number;
}

/** How long the last answers may take when nothing is killed any more. Milliseconds. */
const SETTLE_MS = 60_000;
/** Between a death and the next start: people go on talking. Milliseconds. */
const DOWN_MS = 300;

/** `postgres`: a server that outlives the app's deaths; this run gets a database of its own there. */
export async function run(options: RunOptions, postgres?: PostgresServer): Promise<Report> {
  const { target, store, kills, seed, chats } = options;
  const began = performance.now();
  const directory = mkdtempSync(join(tmpdir(), `surfaces-crash-${target}-${store}-`));
  if (store === 'postgres' && !postgres) throw new TypeError('no PostgreSQL server');
  const remote = store === 'postgres' ? await postgres?.createDatabase() : undefined;
  const workspace = join(directory, 'workspace');
  mkdirSync(workspace);
  const random = new Random(seed);
  const messengers = await PlayedMessengers.listen();
  const problems: string[] = [];
  const figures = { resumed: 0, journalled: 0, queued: 0, operations: 0, events: 0, files: 0 };
  const resumed = new Set<string>();
  let agentUrl = '';
  const webPort = await freePort();
  const page = join(directory, 'page');
  mkdirSync(page);
  writeFileSync(join(page, 'index.html'), 'The people of this suite read no page.');

  const onMessage = (message: ProcessMessage) => {
    if (message.type === 'ready') agentUrl = message.url ?? agentUrl;
    else {
      for (const turn of message.resumed) resumed.add(turn);
      figures.resumed += message.resumed.length;
      figures.journalled += message.journalled;
      figures.queued += message.queued;
      figures.operations += message.operations;
      figures.events += message.events;
      figures.files += message.files;
    }
  };
  const agent = new Victim({
    name: 'agent',
    program: 'agent.ts',
    directory,
    env: () => ({
      CRASH_PORT: agentUrl === '' ? '0' : new URL(agentUrl).port,
      CRASH_WORKSPACE: workspace,
    }),
    onMessage,
  });
  const app = new Victim({
    name: 'app',
    program: 'app.ts',
    directory,
    env: () => ({
      CRASH_AGENT: agentUrl,
      CRASH_MESSENGER: messengers.url,
      CRASH_WORKSPACE: workspace,
      ...(remote ? { CRASH_DATABASE: remote.url } : {}),
      CRASH_WEB_PORT: String(webPort),
      CRASH_WEB_PAGE: page,
      CRASH_WEB_KEYS: [...keys].map(([chat, key]) => `${chat}:${key}`).join(),
    }),
    onMessage,
  });

  const keys = new Map<string, string>();
  const conversations = Array.from({ length: chats }, (_, index) => {
    const chat = `chat-${String(index).padStart(3, '0')}`;
    const played = PLAYED_SURFACES[(index % (PLAYED_SURFACES.length + 1)) - 1];
    if (played) return new Conversation(messengers.person(played, chat), random.fork());
    const key = `the-key-of-${chat}`;
    keys.set(chat, key);
    const url = `http://127.0.0.1:${webPort}/`;
    return new Conversation(new WebPerson({ url, key, chat, random: random.fork() }), random.fork());
  });
  const [appPlan, agentPlan, pauses] = [random.fork(), random.fork(), random.fork()];
  const enough = new AbortController();
  const settled = new AbortController();
  try {
    // Its port is chosen here and stays.
    await agent.start();
    const watching = conversations.map((one) => answerQuestions(one, settled.signal));
    const talking = Promise.all(conversations.map((one) => one.talk(enough.signal, 3)));
    const die = async (victim: Victim, plan: readonly Kill[]) => {
      for (const kill of plan) {
        await victim.liveAndDie(kill);
        await wait(pauses.between(0, DOWN_MS));
      }
      await victim.start();
    };
    const dying: Promise<void>[] = [];
    const appPoints = target === 'both' ? { ...APP_POINTS, ...RESTART_POINTS } : APP_POINTS;
    if (target !== 'agent') dying.push(die(app, killPlan(appPlan, kills, appPoints)));
    else await app.start();
    if (target !== 'app') {
      await agent.stop();
      dying.push(die(agent, killPlan(agentPlan, kills, AGENT_POINTS)));
    }
    await Promise.all(dying);
    enough.abort();
    await talkedOut(conversations, talking);
    await app.stop();
    await agent.stop();
    settled.abort();
    void watching;
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    enough.abort();
    settled.abort();
    app.end();
    agent.end();
    await Promise.all(conversations.map(({ person }) => person.close()));
    await messengers.close();
  }

  const counts: ChatCounts = { ...NO_CHAT_COUNTS };
  const lines = readAgentRecord(join(directory, 'agent.jsonl'));
  const runs = lastRuns(lines);
  for (const one of conversations) {
    const rules = { ambiguous: one.person.surface === 'ambiguous', restarts: target !== 'app', runs };
    problems.push(...checkChat(one, rules, counts));
  }
  const database =
    postgres && remote ? openPostgresDatabase(postgres, remote.url) : openSqliteDatabase(directory);
  const stores = await checkStores(database, lines, conversations, target !== 'app', problems);
  const starts = { app: app.starts, agent: agent.starts };
  const questions = await checkQuestions(database, lines, conversations, starts, problems);
  const places = { workspace, kept: join(directory, 'data', 'files') };
  const files = await checkFiles(database, places, lines, conversations, target !== 'agent', problems);
  if (problems.length === 0) await rm(directory, { recursive: true, force: true });
  else await dump(database, directory);
  database.close();
  await remote?.drop();
  const sum = (count: (one: Conversation) => number) =>
    conversations.reduce((before, one) => before + count(one), 0);
  return {
    target,
    store,
    seed,
    kills: {
      ...(target === 'agent' ? {} : { app: Object.fromEntries(app.kills) }),
      ...(target === 'app' ? {} : { agent: Object.fromEntries(agent.kills) }),
    },
    counts: {
      chats,
      messages: sum(({ asked }) => asked.length),
      stops: sum(({ stops }) => stops),
      'new chats': sum(({ said }) => said.new),
      'contexts cleared': sum(({ said }) => said.clear),
      ...counts,
      'files from people': files.saved,
      'files from the agent': files.sentByAgent,
      'uploads begun again': sum(({ person }) => person.givenUp),
      'of them left behind': files.givenUp,
      'copies left behind': files.copiesLeft,
      questions: questions.questions,
      decided: questions.decided,
      'pressed twice': sum(({ pressedTwice }) => pressedTwice),
      'decided over a restart of the app': questions.overApp,
      'of the agent': questions.overAgent,
      'of both': questions.overBoth,
      'turns resumed': resumed.size,
      'of them answered': [...resumed].filter((turn) => stores.answered.has(turn)).length,
      'with a journal': figures.journalled,
      'queued turns taken over': figures.queued,
      'operations taken over': figures.operations,
      'commands taken over': figures.events,
      'files taken over': figures.files,
      'requests begun again by the agent': stores.begunAgain,
    },
    problems,
    directory,
    seconds: (performance.now() - began) / 1000,
  };
}

/** For whoever looks into what went wrong: a database on a server is gone by then. */
async function dump(database: Database, directory: string): Promise<void> {
  const tables = ['turns', 'operations', 'confirmations', 'chats', 'bindings', database.attachments];
  const rows = await Promise.all(tables.map((table) => database.rows(`SELECT * FROM ${table}`)));
  const text = JSON.stringify(
    Object.fromEntries(tables.map((table, index) => [table, rows[index]])),
    null,
    2,
  );
  writeFileSync(join(directory, 'database.json'), text);
}

async function answerQuestions(conversation: Conversation, over: AbortSignal): Promise<void> {
  const done = new Promise((resolve) => over.addEventListener('abort', resolve, { once: true }));
  while (!over.aborted) {
    conversation.answerQuestions();
    await Promise.race([conversation.person.changed(), done]);
  }
}

/** Waits until everything that was said is acknowledged and answered. */
async function talkedOut(conversations: readonly Conversation[], talking: Promise<unknown>): Promise<void> {
  const limit = AbortSignal.timeout(SETTLE_MS);
  const late = new Promise<void>((resolve) =>
    limit.addEventListener('abort', () => resolve(), { once: true }),
  );
  await Promise.race([talking, late]);
  for (const one of conversations) {
    while (!limit.aborted && !one.isOver()) {
      await Promise.race([one.person.changed(), late]);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  server.close();
  await once(server, 'close');
  return port;
}
