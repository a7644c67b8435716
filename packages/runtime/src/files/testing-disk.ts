/** Files and workspaces on a real disk, for tests. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { AgentId } from '@surfaces/protocol';
import type { AgentDisk, FilesUnderTest } from '@surfaces/testkit/files';
import { createFiles, type KeptFiles } from './kept-files.ts';
import { createWorkspaces } from './workspaces.ts';

export const agents = {
  shared: AgentId.parse('agent-shared'),
  own: AgentId.parse('agent-own'),
  none: AgentId.parse('agent-none'),
};

export interface TestDisk extends FilesUnderTest {
  readonly files: KeptFiles;
  /** Where kept files are. */
  readonly keptIn: string;
  /** The workspaces. */
  readonly shared: string;
  readonly own: string;
}

/** `base`: below it everything lies; a new directory when left out. */
export async function openDisk(base?: string, maxBytes = 500_000): Promise<TestDisk> {
  const root = base ?? (await mkdtemp(join(tmpdir(), 'surfaces-files-')));
  const shared = join(root, 'agents', '0');
  const own = join(root, 'agents', '1');
  for (const path of [shared, own]) await mkdir(path, { recursive: true });
  const keptIn = join(root, 'data', 'files');
  const files = createFiles({ directory: keptIn, maxBytes });
  const workspaces = createWorkspaces({
    workspaceOf: (agentId) => {
      if (agentId === agents.none) return undefined;
      return agentId === agents.shared ? { path: shared, shared: true } : { path: own, shared: false };
    },
    files,
    maxBytes,
  });
  return {
    files,
    workspaces,
    agents,
    disks: { shared: agentDisk(shared), own: agentDisk(own) },
    keptIn,
    shared,
    own,
    cleanup: async () => {
      if (base === undefined) await rm(root, { recursive: true });
    },
  };
}

function agentDisk(root: string): AgentDisk {
  return {
    path: root,
    async write(path, content) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    },
    read: (path) => readFile(join(root, path), 'utf8').catch(() => undefined),
    async files() {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)));
    },
    makeDirectory: async (path) => {
      await mkdir(join(root, path), { recursive: true });
    },
    link: (path, to) => symlink(to, join(root, path)),
    remove: (path) => rm(join(root, path), { recursive: true }),
  };
}
