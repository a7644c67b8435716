/**
 * Parts that a live test needs and that not every machine has. Where one is missing the test is
 * skipped and says why; with `CI=true` it fails, because there every part is installed.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPostgres } from './postgres.ts';

const PARTS = {
  /** The path of the program; `CHROMIUM_PATH` names another one. */
  chromium(): string {
    const named = process.env.CHROMIUM_PATH;
    const found = named ?? onPath('chromium', 'chromium-browser', 'google-chrome');
    if (!found)
      throw new Error('no Chromium is installed (apt-get install chromium), and CHROMIUM_PATH is not set');
    accessSync(found, constants.X_OK);
    return found;
  },
  /** Where PostgreSQL's programs are, or the server that `TEST_POSTGRES_URL` names. See `startPostgres`. */
  postgres: findPostgres,
  /** Whether a small file system can be mounted, for tests of a full disk; the result says nothing. */
  tmpfs(): string {
    const directory = mkdtempSync(path.join(tmpdir(), 'surfaces-tmpfs-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'surfaces', directory], { stdio: 'pipe' });
      execFileSync('umount', [directory], { stdio: 'pipe' });
    } catch (cause) {
      throw new Error('a tmpfs cannot be mounted here (it takes root)', { cause });
    } finally {
      rmdirSync(directory);
    }
    return directory;
  },
} as const;

export type LivePart = keyof typeof PARTS;

/** What is needed of a test's context (vitest's `TestContext` has it). */
interface Skippable {
  skip(note: string): never;
}

/** The first line of a live test: `const chromium = liveOrSkip(context, 'chromium')`. */
export function liveOrSkip(context: Skippable, part: LivePart): string {
  try {
    return PARTS[part]();
  } catch (error) {
    const reason = `needs ${part}: ${error instanceof Error ? error.message : String(error)}`;
    if (process.env.CI === 'true') throw new Error(reason, { cause: error });
    return context.skip(reason);
  }
}

function onPath(...programs: string[]): string | undefined {
  const directories = (process.env.PATH ?? '').split(path.delimiter);
  for (const program of programs) {
    for (const directory of directories) {
      const file = path.join(directory, program);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not here: the next directory may have it.
      }
    }
  }
  return undefined;
}
