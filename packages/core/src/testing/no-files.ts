/** For tests without files: nothing is kept, and no agent has a workspace. */
import { FileError, type Files, type Workspaces } from '../ports/index.ts';

const none = (): never => {
  throw new FileError('no_workspace', 'there are no files here');
};

export const noFiles: Files = {
  maxBytes: 0,
  keep: async () => none(),
  find: async () => undefined,
  read: none,
  drop: async () => undefined,
  dropAll: async () => undefined,
  async *list() {},
  prune: async () => 0,
};

export const noWorkspaces: Workspaces = {
  describe: () => 'none',
  save: async () => none(),
  collect: async () => none(),
  remove: async () => undefined,
  forget: async () => undefined,
};
