export { createFiles } from './kept-files.ts';
export { createWorkspaces } from './workspaces.ts';
