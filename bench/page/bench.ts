/** A person with many chats: what the page waits for when it is opened, and when another chat is chosen. */
import { join } from 'node:path';
import { Child } from '../child.ts';
import { PageClient } from '../page-client.ts';
import type { Report } from '../report.ts';
import { median } from '../sampling.ts';
import type { Settings } from '../settings.ts';
import type { EchoAgent } from '../turns/agent.child.ts';
import type { PageApp } from './app.child.ts';

/** Messages in each chat; each has an answer. */
const TALK = 10;

/** What came until then. */
interface Seen {
  readonly ms: number;
  readonly bytes: number;
}

export async function benchPage(settings: Settings): Promise<Report> {
  const count = settings.quick ? 5 : 200;
  const times = settings.quick ? 3 : 50;
  const dataDir = join(settings.dataDir, 'page');
  await using agent = new Child<EchoAgent>(new URL('../turns/agent.child.ts', import.meta.url), settings);
  const agentUrl = await agent.call('url');
  const startApp = async () => {
    const app = new Child<PageApp>(new URL('./app.child.ts', import.meta.url), settings);
    return { app, url: await app.call('start', { agentUrl, dataDir }) };
  };

  let chats: readonly string[];
  {
    const { app, url } = await startApp();
    await using _ = app;
    chats = await makeChats(url, count);
  }
  const { app, url } = await startApp();
  await using _ = app;
  const first = await openPage(url);
  const opened: { list: Seen; shown: Seen }[] = [];
  for (let time = 0; time < times; time += 1) opened.push(await openPage(url));
  const switched = await switchChats(url, chats, times);

  const figures = (name: string, seen: readonly Seen[]) => [
    { name: `${name}`, value: median(seen.map(({ ms }) => ms)), unit: 'ms' },
    { name: `${name}, bytes`, value: median(seen.map(({ bytes }) => bytes)) / 1024, unit: 'KiB' },
  ];
  return {
    name: 'page',
    title: `A page of a person with ${count} chats`,
    method:
      `The app as \`apps/web\` has it, with SQLite; ${TALK} messages and answers in each chat. From the hello of a connected ` +
      `page until it has all chats, and until it shows one of them; ${times} times, medians. First: after a start of the app.`,
    figures: [
      { name: 'first time, all chats', value: first.list.ms, unit: 'ms' },
      { name: 'first time, a chat shown', value: first.shown.ms, unit: 'ms' },
      ...figures(
        'all chats',
        opened.map(({ list }) => list),
      ),
      ...figures(
        'a chat shown',
        opened.map(({ shown }) => shown),
      ),
      ...figures('another chat', switched),
    ],
  };
}

/** All chats of the person, the first one included. */
async function makeChats(url: string, count: number): Promise<readonly string[]> {
  using page = await PageClient.connect(url);
  await page.hello();
  const chats = ['main'];
  while (chats.length < count) {
    const id = page.id();
    const made = page.next('created', ({ by }) => by === id);
    page.post({ type: 'command', id, chat: 'main', name: 'new', args: `Chat about matter ${chats.length}` });
    chats.push((await made).chat);
  }
  for (const chat of chats) {
    const open = page.next('caught_up', (frame) => frame.chat === chat);
    page.post({ type: 'open', chat, after: null });
    await open;
    for (let turn = 0; turn < TALK; turn += 1) {
      const text = `message ${turn}: what is the weather like in Busan?`;
      const answered = page.next('entries', ({ entries }) =>
        entries.some((entry) => entry.by === 'bot' && entry.message.markdown === text),
      );
      page.post({ type: 'message', id: page.id(), chat, text });
      await answered;
    }
  }
  return chats;
}

async function openPage(url: string): Promise<{ list: Seen; shown: Seen }> {
  using page = await PageClient.connect(url);
  const began = performance.now();
  const seen = () => ({ ms: performance.now() - began, bytes: page.bytes });
  const list = page.next('chats').then(seen);
  await page.hello();
  return { list: await list, shown: seen() };
}

async function switchChats(url: string, chats: readonly string[], times: number): Promise<readonly Seen[]> {
  using page = await PageClient.connect(url);
  await page.hello();
  const all: Seen[] = [];
  for (let time = 0; time < times; time += 1) {
    // Each time one that is far from the one before.
    const chat = chats[(time * 37 + 1) % chats.length];
    const before = page.bytes;
    const began = performance.now();
    const shown = page.next('caught_up', (frame) => frame.chat === chat);
    page.post({ type: 'open', chat, after: null });
    await shown;
    all.push({ ms: performance.now() - began, bytes: page.bytes - before });
  }
  return all;
}
