import { createReadStream } from 'node:fs';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { AgentFailure, fileTurnLog, serveAgent } from '@surfaces/sdk';

const { AGENT_PORT = '7000', AGENT_WORKSPACE = 'workspace' } = process.env;
await mkdir(AGENT_WORKSPACE, { recursive: true });
const workspace = await realpath(AGENT_WORKSPACE);
const options = [
  { id: 'yes', label: 'Yes', kind: 'allow_once' as const },
  { id: 'no', label: 'No', kind: 'reject' as const },
];

const server = await serveAgent({
  port: Number(AGENT_PORT),
  turnLog: await fileTurnLog(`${workspace}.turns`),
  async onTurn(turn) {
    const home = join(workspace, turn.person?.directory ?? '.');
    let sizes = '';
    for (const path of turn.attachments) {
      const file = await realpath(join(workspace, path));
      if (!file.startsWith(home + sep)) throw new AgentFailure('outside', `${path} is not yours.`);
      let bytes = 0;
      let start = '';
      for await (const chunk of createReadStream(file)) {
        if (bytes === 0) start = chunk.toString('utf8').slice(0, 80);
        bytes += chunk.length;
      }
      sizes += `${path}: ${bytes} bytes\n`;
      if (path.endsWith('.txt')) await turn.write(`${path} begins: ${start.split('\n')[0]}\n`);
    }
    if (sizes === '') return turn.write(`You said: ${turn.text}`);
    const answer = await turn.confirm({ text: 'Shall I write them to `sizes.txt`?', options });
    if (answer === 'no') return turn.write(sizes);
    await writeFile(join(home, 'sizes.txt'), sizes);
    await turn.sendFile(join(turn.person?.directory ?? '.', 'sizes.txt'));
  },
});
console.log(server.url);
