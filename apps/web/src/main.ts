/** The web page alone; its agent is somewhere else. */
import { requireNode } from '@surfaces/runtime/node-version';

requireNode();
// Only now: an older Node would crash on what this loads.
await import('./app.ts');
