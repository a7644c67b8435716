import { fileURLToPath } from 'node:url';
import { webSurface } from '@surfaces/adapter-web';
import { defineSurface, runApp } from '@surfaces/runtime';
import manifest from '../package.json' with { type: 'json' };
import { startAgentProcess } from './agent-process.ts';

const DEMO_AGENT = fileURLToPath(new URL('../../agent/src/main.ts', import.meta.url));

await runApp({
  name: 'local',
  version: manifest.version,
  summary: 'Surfaces: people talk to AI agents where they already chat. Runs every configured surface.',
  surfaces: [defineSurface(webSurface)],
  ownAgent: (parts) => startAgentProcess({ ...parts, entry: DEMO_AGENT }),
});
