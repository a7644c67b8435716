/** An agent that says all at once or bit by bit, as it is asked. */
import { setTimeout as wait } from 'node:timers/promises';
import { serveAgent } from '@surfaces/sdk';
import { answer } from '../child.ts';

const WORDS = 'The sea is calm today and the ferry to the island leaves at nine in the morning'.split(' ');

const agent = await serveAgent({
  async onTurn(turn) {
    for (const word of WORDS) {
      await turn.write(`${word} `);
      if (turn.text === 'bit by bit') await wait(10);
    }
  },
});

export type PacedAgent = typeof calls;
const calls = { url: () => agent.url };
answer(calls, () => agent.close({ drainMs: 0 }));
