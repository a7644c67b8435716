/** An app whose memory and start-up are measured. Runs with `--expose-gc`. */
import { answer } from '../child.ts';
import { type App, startApp } from '../compose.ts';
import { MemorySurface } from '../memory-surface.ts';

/** So many chats are spoken in at once while they are made. */
const AT_ONCE = 64;

const surface = new MemorySurface({ preview: 'draft' });
let app: App | undefined;

export interface Memory {
  /** Bytes of JavaScript and what belongs to it outside of the heap. */
  readonly heap: number;
  /** Bytes of the process. */
  readonly rss: number;
}

export type MeasuredApp = typeof calls;
const calls = {
  /** Milliseconds until a first event was accepted. `idleMs`: lanes and connections are given up after it. */
  async start(options: {
    readonly agentUrl: string;
    readonly dataDir: string;
    readonly idleMs?: number;
  }): Promise<number> {
    const { idleMs, ...where } = options;
    const began = performance.now();
    const idle = idleMs === undefined ? {} : { limits: { laneIdleMs: idleMs }, connectionIdleMs: idleMs };
    app = await startApp({ ...where, surface, ...idle });
    await surface.say('first', 'hello');
    return performance.now() - began;
  },
  /** A turn in each of so many chats. */
  async talk(chats: number): Promise<void> {
    let next = 0;
    const work = async () => {
      for (let chat = next++; chat < chats; chat = next++) {
        const answer = await surface.ask(`room-${chat}`, `hello from ${chat}`);
        // In its place a person would read why not: too few file descriptors for so many connections, perhaps.
        if (answer !== `hello from ${chat}`) throw new Error(`instead of an answer came: ${answer}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  },
  async memory(): Promise<Memory> {
    if (global.gc === undefined) throw new Error('start this with --expose-gc');
    for (let i = 0; i < 3; i += 1) {
      await global.gc({ execution: 'async', type: 'major' });
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    return { heap: heapUsed + external, rss };
  },
};
answer(calls, async () => app?.close());
