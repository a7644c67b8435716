/** `npm run dead-letters`: see `--help`. */
import { requireNode } from '@surfaces/runtime/node-version';

requireNode();
// Only now: an older Node cannot load it.
const { deadLettersCommand } = await import('@surfaces/runtime/operator-commands');
const { operate } = await import('./operate.ts');

await operate(deadLettersCommand);
