/** A turn log that outlives the process. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlatformChatId } from '@surfaces/protocol';
import { type HostEvent, readHostEvents } from './host-event.ts';
import { DEFAULT_RETAIN_MS, type TurnLog } from './turn-log.ts';

/**
 * One file per finished turn below `directory`: written aside and renamed, so that a file that is there
 * is whole, whenever the process was killed. Kept for `retainMs` (default 15 min; at least, until the next
 * sweep). Survives SIGKILL; after a power loss the newest turns may be missing. One host per directory.
 */
export async function fileTurnLog(directory: string, options: { retainMs?: number } = {}): Promise<TurnLog> {
  const { retainMs = DEFAULT_RETAIN_MS } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const folder = (context: PlatformChatId) => join(directory, context);
  const file = (context: PlatformChatId, requestId: string) =>
    join(folder(context), `${createHash('sha256').update(requestId).digest('hex')}.json`);

  const sweep = async () => {
    for (const context of await readdir(directory)) {
      const path = join(directory, context);
      for (const name of await readdir(path).catch(() => [])) {
        const { mtimeMs } = await stat(join(path, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
        if (mtimeMs < Date.now() - retainMs) await rm(join(path, name), { force: true });
      }
      // Fails, as it should, while there is a turn inside.
      await rmdir(path).catch(() => {});
    }
  };
  const writing = new Set<Promise<void>>();
  const write = async (context: PlatformChatId, requestId: string, events: readonly HostEvent[]) => {
    const path = file(context, requestId);
    const aside = `${path}.${randomUUID()}.tmp`;
    const text = JSON.stringify(events);
    try {
      // The sweep may take the empty folder away in between.
      for (let attempt = 0; ; attempt++) {
        await mkdir(folder(context), { recursive: true, mode: 0o700 });
        try {
          await writeFile(aside, text, { mode: 0o600 });
          break;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt > 3) throw error;
        }
      }
      await rename(aside, path);
    } catch (error) {
      // Half a turn on a full disk is of no use to anybody.
      await rm(aside, { force: true }).catch(() => {});
      throw error;
    }
  };

  let sweeping: Promise<void> = sweep();
  await sweeping;
  const timer = setInterval(
    () => {
      // A sweep that failed is tried again at the next.
      sweeping = sweep().catch(() => {});
    },
    Math.max(Math.min(retainMs, 10 * 60_000), 1000),
  ).unref();

  return {
    async find(context, requestId) {
      const path = file(context, requestId);
      try {
        const { mtimeMs } = await stat(path);
        if (mtimeMs < Date.now() - retainMs) return undefined;
        return readHostEvents(await readFile(path, 'utf8'));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async finish(context, requestId, events) {
      const written = write(context, requestId, events);
      writing.add(written);
      try {
        await written;
      } finally {
        writing.delete(written);
      }
    },
    forget: (context) => rm(folder(context), { recursive: true, force: true }),
    async close() {
      clearInterval(timer);
      // Also those of a host that did not wait for them.
      await Promise.allSettled([sweeping, ...writing]);
    },
  };
}
