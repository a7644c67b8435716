export { createFiles, type FilesOptions } from './kept-files.ts';
export { createWorkspaces, type WorkspacesOptions } from './workspaces.ts';
