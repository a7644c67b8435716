/** What many chats cost that nobody writes in: memory of the app, and time to start it. */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Child } from '../child.ts';
import type { Report } from '../report.ts';
import { interleave, median, medianRatio } from '../sampling.ts';
import type { Settings } from '../settings.ts';
import type { EchoAgent } from '../turns/agent.child.ts';
import type { MeasuredApp, Memory } from './app.child.ts';

export async function benchChats(settings: Settings): Promise<Report> {
  const chats = settings.quick ? 50 : 10_000;
  const rounds = settings.quick ? 1 : 9;
  // Lanes and connections are given up so soon here, instead of after minutes.
  const idleMs = settings.quick ? 50 : 500;
  await using agent = new Child<EchoAgent>(new URL('../turns/agent.child.ts', import.meta.url), settings);
  const agentUrl = await agent.call('url');
  const empty = join(settings.dataDir, 'chats-none');
  const full = join(settings.dataDir, 'chats-many');

  const nothing = await withApp(settings, async (app) => {
    await app.call('start', { agentUrl, dataDir: empty, idleMs });
    return settled(app, agentUrl, idleMs);
  });
  const idle = await withApp(settings, async (app) => {
    await app.call('start', { agentUrl, dataDir: full, idleMs });
    await app.call('talk', chats);
    return settled(app, agentUrl, idleMs);
  });
  const stored = await withApp(settings, async (app) => {
    await app.call('start', { agentUrl, dataDir: full, idleMs });
    return settled(app, agentUrl, idleMs);
  });
  const fresh = await withApp(settings, async (app) => {
    await app.call('start', { agentUrl, dataDir: full });
    await app.call('talk', chats);
    return app.call('memory');
  });

  const start = (dataDir: string) => () =>
    withApp(settings, (app) => app.call('start', { agentUrl, dataDir }));
  const startUp = await interleave(rounds, { empty: start(empty), full: start(full) });

  const perChat = (memory: Memory, of: keyof Memory) => (memory[of] - nothing[of]) / chats / 1024;
  return {
    name: 'chats',
    title: `What ${chats.toLocaleString('en')} chats cost`,
    method:
      'Memory after garbage collection, less that of an app with an empty store, per chat. Start-up: from opening the ' +
      `store to the first accepted event, each in a new process, ${rounds} interleaved rounds, medians.`,
    figures: [
      { name: 'in the store only, heap', value: perChat(stored, 'heap'), unit: 'KiB/chat' },
      { name: 'in the store only, RSS', value: perChat(stored, 'rss'), unit: 'KiB/chat' },
      { name: 'spoken in and idle again, heap', value: perChat(idle, 'heap'), unit: 'KiB/chat' },
      { name: 'spoken in and idle again, RSS', value: perChat(idle, 'rss'), unit: 'KiB/chat' },
      {
        name: 'just spoken in, connection to the agent open, heap',
        value: perChat(fresh, 'heap'),
        unit: 'KiB/chat',
      },
      {
        name: 'just spoken in, connection to the agent open, RSS',
        value: perChat(fresh, 'rss'),
        unit: 'KiB/chat',
      },
      { name: 'app with an empty store, RSS', value: nothing.rss / 2 ** 20, unit: 'MiB' },
      { name: 'start-up, empty store', value: median(startUp.empty), unit: 'ms' },
      { name: 'start-up, full store', value: median(startUp.full), unit: 'ms' },
      {
        name: 'full over empty',
        value: medianRatio(startUp.full, startUp.empty),
        unit: '',
        target: { limit: 'at most', value: 2 },
      },
    ],
  };
}

async function withApp<T>(settings: Settings, use: (app: Child<MeasuredApp>) => Promise<T>): Promise<T> {
  await using app = new Child<MeasuredApp>(new URL('./app.child.ts', import.meta.url), {
    profileDir: settings.profileDir,
    execArgv: ['--expose-gc'],
  });
  return await use(app);
}

/** The memory once every lane and connection was given up. */
async function settled(app: Child<MeasuredApp>, agentUrl: string, idleMs: number): Promise<Memory> {
  for (;;) {
    await wait(idleMs);
    const response = await fetch(new URL('healthz', agentUrl));
    // Written by `serveAgent`.
    const { contexts } = (await response.json()) as { contexts: number };
    if (contexts === 0) break;
  }
  await wait(idleMs * 2);
  return app.call('memory');
}
