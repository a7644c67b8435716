/** Implementations that break one sentence of the contract each: the suite must catch every one. */
import { FileError, type Files, UNFINISHED_PREFIX, type Workspaces } from '@surfaces/core';
import { MemoryDisk, MemoryFileTables, type MemoryWorkspace } from '@surfaces/core/testing';
import { AgentId, FileId, type PersonId } from '@surfaces/protocol';
import { type AgentDisk, ann, bob, type FilesUnderTest, textOf } from './harness.ts';

interface World {
  readonly files: Files;
  readonly workspaces: Workspaces;
  readonly own: MemoryWorkspace;
  readonly shared: MemoryWorkspace;
}
/** Replaces methods of what otherwise works. */
type Breakage = (world: World) => {
  readonly files?: Partial<Files>;
  readonly workspaces?: Partial<Workspaces>;
};

const agents = {
  shared: AgentId.parse('agent-shared'),
  own: AgentId.parse('agent-own'),
  none: AgentId.parse('agent-none'),
};

export function memoryFiles(breakage: Breakage = () => ({})): () => Promise<FilesUnderTest> {
  return async () => {
    const disk = new MemoryDisk();
    const shared = disk.addWorkspace(agents.shared, { shared: true });
    const own = disk.addWorkspace(agents.own);
    const { files, workspaces } = new MemoryFileTables(disk).open(200_000);
    const broken = breakage({ files, workspaces, own, shared });
    return {
      files: replaced(files, broken.files),
      workspaces: replaced(workspaces, broken.workspaces),
      agents,
      disks: { shared: diskOf(shared), own: diskOf(own) },
      cleanup: async () => undefined,
    };
  };
}

function replaced<T extends object>(whole: T, methods: Partial<T> = {}): T {
  // A method that is not replaced is called on its own object.
  return new Proxy(whole, {
    get(target, key) {
      const value = Reflect.get(methods, key) ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function diskOf(workspace: MemoryWorkspace): AgentDisk {
  return {
    path: workspace.path,
    write: async (path, content) => workspace.write(path, content),
    read: async (path) => workspace.text(path),
    files: async () => workspace.files(),
    makeDirectory: async (path) => workspace.makeDirectory(path),
    link: async (path, to) => workspace.link(path, to),
    remove: async (path) => workspace.remove(path),
  };
}

/** The bytes as they would be, were nothing refused. */
async function raw(content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const aborted = new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('half')));
  return Promise.race([textOf(content), aborted]).catch(() => 'half');
}

const both = [ann, bob] as const;

export const brokenFiles: Readonly<Record<string, Breakage>> = {
  'opens a file for whoever knows its id': ({ files }) => ({
    files: {
      find: async (_: PersonId, id: FileId) =>
        (await Promise.all(both.map((owner) => files.find(owner, id)))).find((file) => file),
      async *read(_: PersonId, id: FileId) {
        for (const owner of both) if (await files.find(owner, id)) yield* files.read(owner, id);
      },
    },
  }),
  'drops the files of others': ({ files }) => ({
    files: {
      async drop(_: PersonId, id: FileId) {
        for (const owner of both) await files.drop(owner, id);
      },
    },
  }),
  'drops everything of everybody': ({ files }) => ({
    files: {
      async dropAll() {
        for (const owner of both) await files.dropAll(owner);
      },
    },
  }),
  'reads one byte too many': ({ files }) => ({
    files: {
      read: (owner: PersonId, id: FileId, range?: { readonly from: number; readonly to: number }) =>
        files.read(owner, id, range && { from: range.from, to: range.to + 1 }),
    },
  }),
  'loses the last piece': ({ files }) => ({
    files: {
      keep: (owner, file, content, signal) =>
        files.keep(
          owner,
          file,
          (async function* () {
            let before: Uint8Array | undefined;
            for await (const piece of content) {
              if (before) yield before;
              before = piece;
            }
            if (before && before.length < 5) yield before;
          })(),
          signal,
        ),
    },
  }),
  'keeps what is empty': ({ files }) => ({
    files: {
      keep: (owner, file, content, signal) =>
        files.keep(owner, file, content, signal).catch((error) => {
          if (error instanceof FileError && error.code === 'empty') {
            return { id: FileId.parse('A'.repeat(20)), name: file.name, mediaType: 'x/y', size: 0 };
          }
          throw error;
        }),
    },
  }),
  'takes half a file for a whole one': ({ files }) => ({
    files: {
      async keep(owner, file, content, signal) {
        const half = (async function* () {
          try {
            yield* content;
          } catch {
            // As if it had ended.
          }
        })();
        return files.keep(owner, file, half, signal);
      },
    },
  }),
  'has no limit': ({ files }) => ({ files: { maxBytes: files.maxBytes * 2 } }),
  'prunes what is new': ({ files }) => ({
    files: { prune: (_, ...rest) => files.prune(Number.MAX_SAFE_INTEGER, ...rest) },
  }),
  'prunes what is needed': ({ files }) => ({
    files: { prune: (before, _, signal) => files.prune(before, new Set(), signal) },
  }),
  'trusts names': ({ files }) => ({
    files: {
      keep: async (owner, file, content, signal) => ({
        ...(await files.keep(owner, file, content, signal)),
        name: file.name,
      }),
    },
  }),
  'writes where a name says': ({ own }) => ({
    workspaces: {
      async save(_, file, content, signal) {
        const text = await raw(content, signal);
        own.write(file.name, text);
        return { path: file.name, size: text.length };
      },
    },
  }),
  'overwrites what is there': ({ own, workspaces }) => ({
    workspaces: {
      async save(workplace, file, content, signal) {
        own.remove(file.name);
        return workspaces.save(workplace, file, content, signal);
      },
    },
  }),
  'shows half a file': ({ own, workspaces }) => ({
    workspaces: {
      async save(workplace, file, content, signal) {
        const growing = (async function* () {
          for await (const piece of content) {
            own.write(`growing ${file.key}`, piece);
            yield piece;
          }
          own.remove(`growing ${file.key}`);
        })();
        return workspaces.save(workplace, file, growing, signal);
      },
    },
  }),
  'leaves what it could not finish': ({ own, workspaces }) => ({
    workspaces: {
      save: (workplace, file, content, signal) =>
        workspaces.save(workplace, file, content, signal).catch((error) => {
          own.write(`${UNFINISHED_PREFIX}${file.key}`, 'half');
          throw error;
        }),
    },
  }),
  'saves twice what is asked for again': ({ workspaces }) => {
    let count = 0;
    return {
      workspaces: {
        save: (workplace, file, content, signal) => {
          count += 1;
          return workspaces.save(workplace, { ...file, key: `${file.key} ${count}` }, content, signal);
        },
      },
    };
  },
  'puts all people into one directory': ({ workspaces }) => ({
    workspaces: {
      describe: (workplace) => workspaces.describe({ ...workplace, person: ann }),
      save: (workplace, file, content, signal) =>
        workspaces.save({ ...workplace, person: ann }, file, content, signal),
    },
  }),
  "gives another person's files": ({ workspaces }) => ({
    workspaces: {
      async collect(workplace, path, key, signal) {
        try {
          return await workspaces.collect(workplace, path, key, signal);
        } catch (error) {
          if (!path.includes(bob)) throw error;
          return workspaces.collect({ ...workplace, person: bob }, path, key, signal);
        }
      },
    },
  }),
  'tells what others have': ({ workspaces, shared }) => ({
    workspaces: {
      async collect(workplace, path, key, signal) {
        if (workplace.agentId === agents.shared && !path.startsWith('/') && shared.text(path) === undefined) {
          throw new FileError('not_found', path);
        }
        return workspaces.collect(workplace, path, key, signal);
      },
    },
  }),
  'follows links out': ({ files, workspaces, own }) => ({
    workspaces: {
      async collect(workplace, path, key, signal) {
        if (!own.isLink(path)) return workspaces.collect(workplace, path, key, signal);
        const content = (async function* () {
          yield new TextEncoder().encode('inside');
        })();
        return files.keep(workplace.person, { name: path }, content, signal);
      },
    },
  }),
  'does not look at the way up': ({ workspaces, own }) => ({
    workspaces: {
      async collect(workplace, path, key, signal) {
        own.write('x', 'as if it were outside');
        return workspaces.collect(workplace, path.replaceAll('../', ''), key, signal);
      },
    },
  }),
  "takes another agent's path for its own": ({ workspaces }) => ({
    workspaces: {
      collect: (workplace, path, key, signal) =>
        workspaces.collect(workplace, path.replace(/^\/agents\/[^/]+/, '/workspace'), key, signal),
    },
  }),
  'collects again what it has': ({ workspaces }) => {
    let count = 0;
    return {
      workspaces: {
        collect: (workplace, path, key, signal) => {
          count += 1;
          return workspaces.collect(workplace, path, `${key} ${count}`, signal);
        },
      },
    };
  },
  'removes whatever it is told to': ({ workspaces, shared }) => ({
    workspaces: {
      async remove(workplace, path) {
        if (shared.has(path)) shared.remove(path);
        else await workspaces.remove(workplace, path);
      },
    },
  }),
  'forgets the whole workspace': ({ shared }) => ({
    workspaces: {
      async forget() {
        for (const path of shared.files()) shared.remove(path);
      },
    },
  }),
  'does not end when it is given up': ({ files }) => ({
    files: {
      keep: (owner, file, content) => {
        const limited = Promise.race([
          files.keep(owner, file, content, new AbortController().signal),
          new Promise<never>((_, reject) => setTimeout(() => reject(new Error('it hangs')), 100)),
        ]);
        return limited;
      },
    },
  }),
};
