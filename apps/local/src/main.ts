/** Everything in one process, and the demo agent as its child where no other agent is named. */
import { requireNode } from '@surfaces/runtime/node-version';

requireNode();
// Only now: an older Node would crash on what this loads.
await import('./app.ts');
