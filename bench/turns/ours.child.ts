/** The whole durable way. */
import { answer } from '../child.ts';
import { type App, startApp } from '../compose.ts';
import { MemorySurface } from '../memory-surface.ts';
import { type Drive, drive } from './drive.ts';

const surface = new MemorySurface({ preview: 'draft' });
let app: App | undefined;

export type OurSide = typeof calls;
const calls = {
  async start(where: { readonly agentUrl: string; readonly dataDir: string; readonly databaseUrl?: string }) {
    app = await startApp({ ...where, surface });
  },
  drive: (how: Drive) => drive((chat, text) => surface.ask(`room-${chat}`, text), how),
};
answer(calls, async () => app?.close());
