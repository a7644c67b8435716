/** Tells when files changed: written in place, replaced by rename, or reached by a link that was turned. */
import { stat } from 'node:fs/promises';

export interface FileWatch {
  /** The files to look at from now on. */
  set(files: readonly string[]): void;
  /** Resolves when nothing runs any more. */
  close(): Promise<void>;
}

/**
 * Looks every `everyMs` milliseconds; what file systems tell by themselves is missing on network mounts
 * and in containers. `onChange` comes once a change has stayed the same for two looks, so that a file is
 * not read while it is being written, and once after the start, because a file may have changed between
 * its reading and the first look. It must not reject.
 */
export function watchFiles(
  first: readonly string[],
  everyMs: number,
  onChange: () => Promise<void>,
): FileWatch {
  let files = first;
  let seen: string | undefined;
  let settled = false;
  let closed = false;
  let wake = () => {};

  const look = async (): Promise<void> => {
    const found = await Promise.all([...new Set(files)].map(stateOf));
    const state = found.join('\n');
    if (state !== seen) {
      seen = state;
      settled = false;
    } else if (!settled && !closed) {
      settled = true;
      await onChange();
    }
  };
  const running = (async () => {
    while (!closed) {
      await look();
      if (closed) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs).unref();
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();
  return {
    set: (next) => {
      files = next;
    },
    close: () => {
      closed = true;
      wake();
      return running;
    },
  };
}

/** Links are followed: what counts is the file that would be read. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [path, dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return `${path} ${error instanceof Error && 'code' in error ? error.code : 'cannot be read'}`;
  }
}
