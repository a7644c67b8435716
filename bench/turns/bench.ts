/** Turns of the whole durable way, beside the npm package `chat` that stores nothing and the bare call to the agent. */
import { join } from 'node:path';
import { startPostgres } from '@surfaces/testkit/postgres';
import { Child } from '../child.ts';
import type { Figure, Report } from '../report.ts';
import { interleave, median, medianRatio } from '../sampling.ts';
import type { Settings } from '../settings.ts';
import type { EchoAgent } from './agent.child.ts';
import type { BareSide } from './bare.child.ts';
import type { ChatSide } from './chat.child.ts';
import type { OurSide } from './ours.child.ts';

const MANY = 64;

export async function benchTurns(settings: Settings): Promise<Report> {
  await using agent = new Child<EchoAgent>(new URL('./agent.child.ts', import.meta.url), settings);
  await using ours = new Child<OurSide>(new URL('./ours.child.ts', import.meta.url), settings);
  await using chat = new Child<ChatSide>(new URL('./chat.child.ts', import.meta.url), settings);
  await using bare = new Child<BareSide>(new URL('./bare.child.ts', import.meta.url), settings);
  const agentUrl = await agent.call('url');
  await ours.call('start', { agentUrl, dataDir: join(settings.dataDir, 'turns') });
  await chat.call('start', { agentUrl });
  await bare.call('start', { agentUrl });

  const ms = settings.quick ? 100 : 1500;
  const rounds = settings.quick ? 2 : 9;
  // Compiled before anything counts.
  for (const side of [ours, bare]) await side.call('drive', { chats: MANY, ms: ms * 2 });
  for (const parses of [true, false]) await chat.call('drive', { chats: MANY, ms, parses });

  const latency = await interleave(rounds, {
    ours: async () => (await ours.call('drive', { chats: 1, ms })).p50,
    bare: async () => (await bare.call('drive', { chats: 1, ms })).p50,
  });
  const one = await interleave(rounds, {
    ours: async () => (await ours.call('drive', { chats: 1, ms })).perSecond,
    chat: async () => (await chat.call('drive', { chats: 1, ms, parses: true })).perSecond,
  });
  const many = await interleave(rounds, {
    ours: async () => (await ours.call('drive', { chats: MANY, ms })).perSecond,
    chat: async () => (await chat.call('drive', { chats: MANY, ms, parses: true })).perSecond,
    readyMade: async () => (await chat.call('drive', { chats: MANY, ms, parses: false })).perSecond,
  });
  const server = await postgresFigures(settings, agentUrl, { ms, rounds, ours });
  const added = latency.ours.map((taken, round) => taken - (latency.bare[round] ?? Number.NaN));
  return {
    name: 'turns',
    title: 'Turns, from the message to its visible answer',
    method:
      `Ours: core, a surface in memory, SQLite with synchronous=FULL on disk. The other: chat 4.41.1, state in memory, ` +
      `concurrency "queue", an adapter as its documentation has it (what comes in is parsed to its tree; also shown: with ` +
      `a tree made beforehand), its handler makes a bare WebSocket call and posts. The same agent process for all; in ` +
      `each chat one message after another; where PostgreSQL is installed also ours with a server of its own on this ` +
      `machine (fsync on) instead of SQLite; ${rounds} interleaved rounds of ${ms} ms; medians.`,
    figures: [
      { name: 'ours, 1 chat', value: median(one.ours), unit: 'turns/s' },
      { name: 'chat, 1 chat', value: median(one.chat), unit: 'turns/s' },
      { name: 'ours over chat, 1 chat', value: medianRatio(one.ours, one.chat), unit: '' },
      { name: `ours, ${MANY} chats`, value: median(many.ours), unit: 'turns/s' },
      { name: `chat, ${MANY} chats`, value: median(many.chat), unit: 'turns/s' },
      {
        name: `ours over chat, ${MANY} chats`,
        value: medianRatio(many.ours, many.chat),
        unit: '',
        target: { limit: 'at least', value: 0.5, aim: 1 },
      },
      { name: `chat with a ready-made tree, ${MANY} chats`, value: median(many.readyMade), unit: 'turns/s' },
      { name: 'ours over that', value: medianRatio(many.ours, many.readyMade), unit: '' },
      { name: 'bare WebSocket call, p50', value: median(latency.bare), unit: 'ms' },
      { name: 'ours, 1 chat, p50', value: median(latency.ours), unit: 'ms' },
      {
        name: 'added to the bare call, p50',
        value: median(added),
        unit: 'ms',
        target: { limit: 'at most', value: 3 },
      },
      ...server,
    ],
  };
}

/** Ours with PostgreSQL, beside ours with SQLite. None, with a word about it, where no server can be started. */
async function postgresFigures(
  settings: Settings,
  agentUrl: string,
  { ms, rounds, ours }: { readonly ms: number; readonly rounds: number; readonly ours: Child<OurSide> },
): Promise<readonly Figure[]> {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  try {
    server = await startPostgres();
  } catch (error) {
    console.error(`not measured with PostgreSQL: ${error instanceof Error ? error.message : error}`);
    return [];
  }
  try {
    await using other = new Child<OurSide>(new URL('./ours.child.ts', import.meta.url), settings);
    const { url: databaseUrl } = await server.createDatabase();
    await other.call('start', { agentUrl, dataDir: join(settings.dataDir, 'turns-postgres'), databaseUrl });
    await other.call('drive', { chats: MANY, ms: ms * 2 });
    const one = await interleave(rounds, {
      sqlite: async () => (await ours.call('drive', { chats: 1, ms })).p50,
      postgres: async () => (await other.call('drive', { chats: 1, ms })).p50,
    });
    const many = await interleave(rounds, {
      sqlite: async () => (await ours.call('drive', { chats: MANY, ms })).perSecond,
      postgres: async () => (await other.call('drive', { chats: MANY, ms })).perSecond,
    });
    return [
      { name: 'ours with PostgreSQL, 1 chat, p50', value: median(one.postgres), unit: 'ms' },
      { name: `ours with PostgreSQL, ${MANY} chats`, value: median(many.postgres), unit: 'turns/s' },
      {
        name: `PostgreSQL over SQLite, ${MANY} chats`,
        value: medianRatio(many.postgres, many.sqlite),
        unit: '',
      },
    ];
  } finally {
    await server.stop();
  }
}
