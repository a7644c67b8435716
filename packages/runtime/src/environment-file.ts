import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { EXIT } from './exit-codes.ts';
import type { Environment } from './settings.ts';
import { StartError } from './start-error.ts';

/** `.env` of the directory, over which the real environment wins, also where it sets a variable to nothing. */
export function readEnvironment(directory: string, env: Environment): Environment {
  const path = join(directory, '.env');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return env;
    throw new StartError(
      `${path} cannot be read (${String(code)}): give this user the right to, or remove it.`,
      EXIT.config,
      {
        cause: error,
      },
    );
  }
  // Some editors of Windows write UTF-16; read as UTF-8 it would set nothing, and nobody would be told.
  if (text.includes('\0'))
    throw new StartError(`${path} is not text in UTF-8: save it as such.`, EXIT.config);
  return { ...parseEnv(text.replace(/^\ufeff/, '')), ...env };
}
