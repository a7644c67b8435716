/** One run: a workload, many kills, then the question whether anybody could notice. */

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ProcessMessage } from './app-messages.ts';
import { type ChatCounts, checkChat } from './check-chat.ts';
import { checkStores } from './check-stores.ts';
import { Conversation } from './conversation.ts';
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
  readonly kills: number;
  readonly seed: number;
  readonly chats: number;
}

/** How long the last answers may take when nothing is killed any more. Milliseconds. */
const SETTLE_MS = 60_000;
/** Between a death and the next start: people go on talking. Milliseconds. */
const DOWN_MS = 300;

export async function run(options: RunOptions): Promise<Report> {
  const { target, kills, seed, chats } = options;
  const began = performance.now();
  const directory = mkdtempSync(join(tmpdir(), `surfaces-crash-${target}-`));
  const random = new Random(seed);
  const messengers = await PlayedMessengers.listen();
  const problems: string[] = [];
  const figures = { resumed: 0, journalled: 0, queued: 0, operations: 0, events: 0 };
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
    }
  };
  const agent = new Victim({
    name: 'agent',
    program: 'agent.ts',
    directory,
    env: () => ({ CRASH_PORT: agentUrl === '' ? '0' : new URL(agentUrl).port }),
    onMessage,
  });
  const app = new Victim({
    name: 'app',
    program: 'app.ts',
    directory,
    env: () => ({
      CRASH_AGENT: agentUrl,
      CRASH_MESSENGER: messengers.url,
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

  const counts: ChatCounts = {
    answered: 0,
    stopped: 0,
    begunAnew: 0,
    labelledDuplicates: 0,
    orphanedPlaceholders: 0,
  };
  for (const one of conversations) {
    const rules = { ambiguous: one.person.surface === 'ambiguous', restarts: target !== 'app' };
    problems.push(...checkChat(one, rules, counts));
  }
  const stores = checkStores(directory, conversations, target !== 'app', problems);
  if (problems.length === 0) await rm(directory, { recursive: true, force: true });
  return {
    target,
    seed,
    kills: {
      ...(target === 'agent' ? {} : { app: Object.fromEntries(app.kills) }),
      ...(target === 'app' ? {} : { agent: Object.fromEntries(agent.kills) }),
    },
    counts: {
      chats,
      messages: conversations.reduce((sum, { asked }) => sum + asked.length, 0),
      stops: conversations.reduce((sum, { stops }) => sum + stops, 0),
      ...counts,
      'turns resumed': resumed.size,
      'of them answered': [...resumed].filter((turn) => stores.answered.has(turn)).length,
      'with a journal': figures.journalled,
      'queued turns taken over': figures.queued,
      'operations taken over': figures.operations,
      'commands taken over': figures.events,
      'requests begun again by the agent': stores.begunAgain,
    },
    problems,
    directory,
    seconds: (performance.now() - began) / 1000,
  };
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
    while (!limit.aborted && (one.open() > 0 || one.person.unacknowledged() > 0)) {
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
