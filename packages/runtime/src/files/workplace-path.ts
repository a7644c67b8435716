import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { FileError } from '@surfaces/core';

const LONGEST = 4096;

/**
 * Where in a workspace a path of its agent leads, relative to the workspace: it may be relative,
 * absolute below the workspace, `/workspace/…` or `/agents/N/…`. By its words alone; no link is followed.
 * Throws a `FileError`: `outside`, `not_found`.
 */
export function placeOf(path: string, workspace: string): string {
  if (path === '' || path.length > LONGEST || path.includes('\0')) {
    throw new FileError('not_found', 'not a path');
  }
  const root = resolve(workspace);
  const below = relative(root, resolve(root, withinWorkspace(path, root)));
  if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) {
    throw new FileError('outside', `${path} leads out of the workspace`);
  }
  return below;
}

function withinWorkspace(path: string, root: string): string {
  if (path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)) return path;
  const [, first, second] = path.split('/');
  if (path === '/workspace' || path.startsWith('/workspace/')) {
    return `./${path.slice('/workspace/'.length)}`;
  }
  if (path.startsWith('/agents/') && first === 'agents' && second) {
    // Where the workspace says which agent's it is, another's is not meant.
    const own = basename(dirname(root)) === 'agents' ? basename(root) : second;
    if (second === own) return `./${path.slice(`/agents/${second}/`.length)}`;
  }
  return path;
}
