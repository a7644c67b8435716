/** The built page, read into memory once. Nothing but what was built can be asked for. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { SurfaceError } from '@surfaces/core';

export interface StaticFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer | undefined;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
};

/** Where `npm run build` puts the page. */
export const BUILT_PAGE = fileURLToPath(new URL('../dist/client/', import.meta.url));

/** By request path (`/assets/x.js`). Rejects with a `SurfaceError` when there is no built page. */
export async function readPage(directory: string): Promise<ReadonlyMap<string, StaticFile>> {
  let names: string[];
  try {
    const found = await readdir(directory, { recursive: true, withFileTypes: true });
    names = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (cause) {
    throw notBuilt(directory, cause);
  }
  const files = new Map<string, StaticFile>();
  for (const name of names) {
    const path = `/${relative(directory, name).split(sep).join('/')}`;
    const body = await readFile(name);
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    files.set(path, {
      type,
      body,
      gzipped: body.length > 1024 && extname(name) !== '.png' ? await promisify(gzip)(body) : undefined,
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      immutable: path.startsWith('/assets/'),
    });
  }
  if (!files.has('/index.html')) throw notBuilt(directory);
  return files;
}

function notBuilt(directory: string, cause?: unknown): SurfaceError {
  return new SurfaceError(
    'cannot_start',
    `The web page is not built: there is no index.html in ${directory}. Run "npm run build", then start again.`,
    { cause },
  );
}
