/** A real app with the web surface, as `apps/web` composes it, in a process of a benchmark. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWebAdapter, webSurface } from '@surfaces/adapter-web';
import { defineSurface, prepareApp, type RunningApp, startApp } from '@surfaces/runtime';
import { NO_LIMIT } from './compose.ts';

export interface WebAppOptions {
  readonly agentUrl: string;
  /** Everything of the app; the agent works in `workspace` below it. */
  readonly dataDir: string;
  /** Of one file. */
  readonly fileMaxMiB?: number;
}

/** Resolves with where the page is. */
export async function startWebApp({
  agentUrl,
  dataDir,
  fileMaxMiB = 1024,
}: WebAppOptions): Promise<RunningApp & { url: string }> {
  const workspace = workspaceIn(dataDir);
  const page = join(dataDir, 'page');
  for (const directory of [workspace, page]) await mkdir(directory, { recursive: true });
  await writeFile(join(page, 'index.html'), '<!doctype html><title>page</title>');
  const prepared = prepareApp(
    {
      name: 'bench',
      version: '0',
      summary: '',
      // The page itself is not asked for: it need not be built.
      surfaces: [
        defineSurface({
          ...webSurface,
          create: (config, { store, ...parts }) =>
            createWebAdapter({
              ...config,
              ...parts,
              timeline: store.timeline,
              people: store,
              clientDir: page,
            }),
        }),
      ],
      core: { limits: { rate: NO_LIMIT } },
    },
    {
      env: {
        SURFACES_DATA_DIR: dataDir,
        AGENT_BASE_URL: agentUrl,
        AGENT_WORKSPACE_PATH: workspace,
        FILE_MAX_MB: String(fileMaxMiB),
        WEB_PORT: '0',
        HEALTH_PORT: '0',
        LOG_LEVEL: 'error',
      },
      directory: dataDir,
      isTerminal: false,
    },
  );
  const app = await startApp(prepared, new AbortController().signal);
  const [url] = app.addresses;
  if (url === undefined) throw new Error('the page has no address');
  return { ...app, url };
}

export function workspaceIn(dataDir: string): string {
  return join(dataDir, 'workspace');
}
