/** Large files through the whole app and on to the agent and back, beside the same bytes through bare streams. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Child } from '../child.ts';
import { PageClient } from '../page-client.ts';
import type { Figure, Report } from '../report.ts';
import { median, medianRatio } from '../sampling.ts';
import type { Settings } from '../settings.ts';
import { workspaceIn } from '../web-app.ts';
import type { FileAgent } from './agent.child.ts';
import type { WatchedApp } from './app.child.ts';
import type { BareFiles } from './bare.child.ts';
import { download, upload } from './transfer.ts';

const MIB = 2 ** 20;
/** Most that the app's memory may grow while files go through it, whatever their size. MiB. */
const GROWTH = 150;
const WARM = MIB;

const WAYS = ['upload', 'toAgent', 'fromAgent', 'download'] as const;
const NAMES: Record<(typeof WAYS)[number], string> = {
  upload: 'upload',
  toAgent: 'on to the agent',
  fromAgent: "the agent's file, taken",
  download: 'download',
};
/** Milliseconds each way. */
type Taken = Record<(typeof WAYS)[number], number>;
interface Side {
  /** The same bytes up, to the agent, back from it, and down. */
  round(bytes: number): Promise<Taken>;
}

export async function benchFiles(settings: Settings): Promise<Report> {
  const large = settings.sizeMiB ?? (settings.quick ? 8 : 1024);
  const sizes = [Math.max(1, large / 8), large];
  const rounds = settings.quick ? 1 : 3;
  const figures: Figure[] = [];
  for (const size of sizes) {
    const { idle, peak, ours, bare } = await withSides(settings, size, rounds);
    for (const way of WAYS) {
      const taken = (side: readonly Taken[]) => side.map((round) => round[way]);
      const speed = (size * 1000) / median(taken(ours));
      figures.push({ name: `${size} MiB, ${NAMES[way]}`, value: speed, unit: 'MiB/s' });
      figures.push({
        name: `${size} MiB, ${NAMES[way]}, speed over bare streams`,
        value: medianRatio(taken(bare), taken(ours)),
        unit: '',
      });
    }
    figures.push({ name: `${size} MiB, RSS of the app before`, value: idle / MIB, unit: 'MiB' });
    figures.push({
      name: `${size} MiB, most RSS over that`,
      value: (peak - idle) / MIB,
      unit: 'MiB',
      target: { limit: 'at most', value: GROWTH },
    });
  }
  return {
    name: 'files',
    title: 'Large files, from the person to the agent and back',
    method:
      'The app as `apps/web` has it, with SQLite: a file is uploaded over HTTP, given to the agent with a message, sent ' +
      'back by the agent, downloaded; checked by its sum. Beside it a node:http server with fs streams that takes, copies ' +
      `(twice) and gives the same bytes and flushes as ours does. ${rounds} interleaved rounds, medians; RSS sampled every ` +
      '5 ms in a new process per size, after a file of 1 MiB went through.',
    figures,
  };
}

async function withSides(settings: Settings, size: number, rounds: number) {
  const dataDir = join(settings.dataDir, `files-${size}`);
  const bareDir = join(dataDir, 'bare');
  await mkdir(bareDir, { recursive: true });
  try {
    await using agent = new Child<FileAgent>(new URL('./agent.child.ts', import.meta.url));
    await using app = new Child<WatchedApp>(new URL('./app.child.ts', import.meta.url), settings);
    await using other = new Child<BareFiles>(new URL('./bare.child.ts', import.meta.url));
    await agent.call('work', workspaceIn(dataDir));
    const options = { dataDir, agentUrl: await agent.call('url'), fileMaxMiB: Math.max(1024, size) };
    const url = await app.call('start', options);
    using page = await PageClient.connect(url);
    await page.hello();
    const ours = ourSide(page, url);
    const bare = bareSide(other, await other.call('start', bareDir));
    for (const side of [ours, bare]) await side.round(WARM);
    await wait(settings.quick ? 0 : 1000);
    const idle = await app.call('idle');
    const taken = { ours: [] as Taken[], bare: [] as Taken[] };
    for (let round = 0; round < rounds; round += 1) {
      const both = [
        async () => taken.ours.push(await ours.round(size * MIB)),
        async () => taken.bare.push(await bare.round(size * MIB)),
      ];
      for (const one of round % 2 === 0 ? both : both.toReversed()) await one();
    }
    return { idle, peak: await app.call('peak'), ...taken };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function ourSide(page: PageClient, url: string): Side {
  const answer = () =>
    page.next('entries', ({ entries }) =>
      entries.some((entry) => entry.by === 'bot' && entry.message.last && entry.message.role === 'agent'),
    );
  const ask = async (text: string, files: readonly string[]) => {
    const answered = answer();
    page.post({ type: 'message', id: page.id(), chat: 'main', text, files });
    const bot = (await answered).entries.findLast((entry) => entry.by === 'bot');
    if (bot?.by !== 'bot') throw new Error('no answer came');
    return bot.message;
  };
  return {
    async round(bytes) {
      const [{ id, sum }, up] = await timed(() => upload(url, bytes));
      const [got, toAgent] = await timed(() => ask('here it is', [id]));
      if (got.markdown !== `${bytes} bytes`) throw new Error(`the agent said: ${got.markdown}`);
      const [{ file, markdown }, fromAgent] = await timed(() => ask('give it back', []));
      if (file?.size !== bytes) throw new Error(`the agent gave no such file: ${markdown}`);
      const [back, down] = await timed(() => download(url, `files/${file.id}`));
      if (back !== sum) throw new Error('what came back is not what was sent');
      return { upload: up, toAgent, fromAgent, download: down };
    },
  };
}

function bareSide(bare: Child<BareFiles>, url: string): Side {
  return {
    async round(bytes) {
      const [{ sum }, up] = await timed(() => upload(url, bytes));
      const [, toAgent] = await timed(() => bare.call('copy'));
      const [, fromAgent] = await timed(() => bare.call('copy'));
      const [back, down] = await timed(() => download(url, 'kept'));
      if (back !== sum) throw new Error('what came back is not what was sent');
      await bare.call('remove');
      return { upload: up, toAgent, fromAgent, download: down };
    },
  };
}

/** With the milliseconds that it took. */
async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const began = performance.now();
  const result = await work();
  return [result, performance.now() - began];
}
