/** How much is done at the messenger from the agent's first chunk until a person can read some of it. */
import { join } from 'node:path';
import type { AgentClient } from '@surfaces/protocol';
import { Child } from '../child.ts';
import { startApp } from '../compose.ts';
import { MemorySurface } from '../memory-surface.ts';
import type { Figure, Report } from '../report.ts';
import { median } from '../sampling.ts';
import type { Settings } from '../settings.ts';
import type { PacedAgent } from './agent.child.ts';

/** What a messenger takes for a call. Milliseconds. */
const LATENCY = 20;
const PACES = ['all at once', 'bit by bit'] as const;
const PREVIEWS = ['draft', 'edit'] as const;

interface Seen {
  /** Surface calls after the first chunk, up to the one that shows text. */
  readonly calls: number;
  /** Milliseconds from the first chunk to that call's end. */
  readonly ms: number;
}

export async function benchFirstText(settings: Settings): Promise<Report> {
  await using agent = new Child<PacedAgent>(new URL('./agent.child.ts', import.meta.url), settings);
  const agentUrl = await agent.call('url');
  const turns = settings.quick ? 2 : 30;
  const figures: Figure[] = [];
  for (const preview of PREVIEWS) {
    const dataDir = join(settings.dataDir, `first-text-${preview}`);
    for (const [pace, seen] of await watch({ agentUrl, dataDir, preview, turns })) {
      const name = `preview "${preview}", agent says it ${pace}`;
      figures.push({
        name: `${name}: most calls`,
        value: Math.max(...seen.map(({ calls }) => calls)),
        unit: 'calls',
        target: { limit: 'at most', value: 1 },
      });
      figures.push({
        name: `${name}: until it is seen`,
        value: median(seen.map(({ ms }) => ms)),
        unit: 'ms',
      });
    }
  }
  return {
    name: 'first-text',
    title: "Surface calls between the agent's first chunk and the first visible text",
    method:
      `The whole durable way with a surface whose calls take ${LATENCY} ms; ${turns} turns each; the call that shows ` +
      'the text is counted.',
    figures,
  };
}

async function watch(options: {
  readonly agentUrl: string;
  readonly dataDir: string;
  readonly preview: (typeof PREVIEWS)[number];
  readonly turns: number;
}): Promise<readonly (readonly [pace: string, readonly Seen[]])[]> {
  const { agentUrl, dataDir, preview, turns } = options;
  let firstChunkAt: number | undefined;
  let calls = 0;
  let seen: Seen | undefined;
  const surface = new MemorySurface({
    preview,
    latencyMs: LATENCY,
    onCall({ text }) {
      if (firstChunkAt === undefined || seen !== undefined) return;
      calls += 1;
      if (text.includes('The')) seen = { calls, ms: performance.now() - firstChunkAt + LATENCY };
    },
  });
  const app = await startApp({
    agentUrl,
    dataDir,
    surface,
    watch: (client) =>
      noting(client, () => {
        firstChunkAt ??= performance.now();
      }),
  });
  const ask = async (pace: string): Promise<Seen> => {
    firstChunkAt = undefined;
    calls = 0;
    seen = undefined;
    await surface.ask('room', pace);
    if (seen === undefined) throw new Error('no text was ever seen');
    return seen;
  };
  try {
    const all: (readonly [string, readonly Seen[]])[] = [];
    for (const pace of PACES) {
      const paced: Seen[] = [];
      for (let turn = 0; turn < turns; turn += 1) paced.push(await ask(pace));
      all.push([pace, paced]);
    }
    return all;
  } finally {
    await app.close();
  }
}

/** The client, calling back at every piece of text. */
function noting(client: AgentClient, onText: () => void): AgentClient {
  return {
    ...client,
    async *send(request, signal) {
      for await (const event of client.send(request, signal)) {
        if (event.kind === 'text') onText();
        yield event;
      }
    },
  };
}
