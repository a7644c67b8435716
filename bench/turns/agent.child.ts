/** The agent that all sides talk to: it repeats what it hears. */
import { serveAgent } from '@surfaces/sdk';
import { answer } from '../child.ts';

const agent = await serveAgent({ onTurn: (turn) => turn.write(turn.text) });

export type EchoAgent = typeof calls;
const calls = { url: () => agent.url };
answer(calls, () => agent.close({ drainMs: 0 }));
