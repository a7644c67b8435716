/** Where finished turns are remembered, so that they can be fetched again and are never run twice. */
import type { PlatformChatId } from '@surfaces/protocol';
import type { HostEvent } from './host-event.ts';

export interface TurnLog {
  /** The events of a finished turn, the last of them terminal. */
  find(
    context: PlatformChatId,
    requestId: string,
  ): Promise<readonly HostEvent[] | undefined> | readonly HostEvent[] | undefined;
  /** When it resolved, `find` knows the turn for as long as the log keeps turns. Called before the end is sent. */
  finish(context: PlatformChatId, requestId: string, events: readonly HostEvent[]): Promise<void> | void;
  /** The context was disposed of. */
  forget(context: PlatformChatId): Promise<void> | void;
  close(): Promise<void> | void;
}

/** 15 minutes: what a caller that was restarted still takes up. */
export const DEFAULT_RETAIN_MS = 15 * 60_000;

interface Kept {
  readonly events: readonly HostEvent[];
  readonly size: number;
  readonly until: number;
}

/**
 * Keeps finished turns for `retainMs` (default 15 min), at most `maxSize` characters of text altogether
 * (default 64 Mi; the oldest go first). Lost with the process.
 */
export function memoryTurnLog(options: { retainMs?: number; maxSize?: number } = {}): TurnLog {
  const { retainMs = DEFAULT_RETAIN_MS, maxSize = 64 * 1024 * 1024 } = options;
  // In order of age: all are kept equally long.
  const kept = new Map<string, Kept>();
  let total = 0;
  const drop = (key: string, turn: Kept) => {
    kept.delete(key);
    total -= turn.size;
  };
  const tidy = () => {
    const now = performance.now();
    for (const [key, turn] of kept) {
      if (turn.until > now && total <= maxSize) break;
      drop(key, turn);
    }
  };
  const sweep = setInterval(tidy, Math.max(Math.min(retainMs, 60_000), 10)).unref();
  return {
    find(context, requestId) {
      const turn = kept.get(`${context}/${requestId}`);
      return turn !== undefined && turn.until > performance.now() ? turn.events : undefined;
    },
    finish(context, requestId, events) {
      const key = `${context}/${requestId}`;
      const earlier = kept.get(key);
      if (earlier !== undefined) drop(key, earlier);
      let size = 200;
      for (const event of events) size += 'text' in event ? (event.text?.length ?? 0) + 100 : 100;
      kept.set(key, { events, size, until: performance.now() + retainMs });
      total += size;
      if (total > maxSize) tidy();
    },
    forget(context) {
      for (const [key, turn] of kept) if (key.startsWith(`${context}/`)) drop(key, turn);
    },
    close: () => clearInterval(sweep),
  };
}
