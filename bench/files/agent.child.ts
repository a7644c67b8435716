/** An agent that says how large the file is that it got, and gives it back when it is asked to. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { serveAgent } from '@surfaces/sdk';
import { answer } from '../child.ts';

let workspace = '';
let last = '';
const agent = await serveAgent({
  async onTurn(turn) {
    const [path] = turn.attachments;
    if (path === undefined) {
      await turn.sendFile(last);
    } else {
      last = path;
      await turn.write(`${(await stat(join(workspace, path))).size} bytes`);
    }
  },
});

export type FileAgent = typeof calls;
const calls = {
  url: () => agent.url,
  work: (directory: string) => {
    workspace = directory;
  },
};
answer(calls, () => agent.close({ drainMs: 0 }));
