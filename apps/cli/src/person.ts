/** `npm run person`: see `--help`. */
import { requireNode } from '@surfaces/runtime/node-version';

requireNode();
// Only now: an older Node cannot load it.
const { personCommand } = await import('@surfaces/runtime/operator-commands');
const { operate } = await import('./operate.ts');

await operate(personCommand);
