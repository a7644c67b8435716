import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentHouse, ask, context, request } from '../fixtures/running-agent.ts';

const EXAMPLE = fileURLToPath(new URL('./own-agent.ts', import.meta.url));
const GUIDE = new URL('../../../../docs/agent-protocol.md', import.meta.url);

let house: AgentHouse;
beforeEach(async () => {
  house = await AgentHouse.open();
});
afterEach(() => house.close());

test('the agent of the guide is this one', async () => {
  const code = await readFile(EXAMPLE, 'utf8');
  expect(await readFile(GUIDE, 'utf8')).toContain(`\`\`\`ts\n${code}\`\`\`\n`);
});

test('it answers, reads files, asks, sends a file back, and stays where it belongs', async () => {
  const workspace = join(house.dataDir, 'shelf');
  await mkdir(join(workspace, 'p1'), { recursive: true });
  await mkdir(join(workspace, 'p2'));
  await writeFile(join(workspace, 'p1', 'a.txt'), 'twelve bytes');
  await writeFile(join(workspace, 'p2', 'b.txt'), 'not yours');
  await symlink('../p2/b.txt', join(workspace, 'p1', 'link.txt'));
  const env = { ...process.env, AGENT_PORT: '0', AGENT_WORKSPACE: workspace };
  const child = fork(EXAMPLE, { env, execArgv: [], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  try {
    const [line] = await once(child.stdout ?? child, 'data');
    const client = house.connect(String(line).trim());
    const person = { id: 'p1', name: 'P', locale: 'en', directory: 'p1' };
    expect((await ask(client, request('hello'))).text).toBe('You said: hello');

    for (const option of ['no', 'yes']) {
      const asked = request('', { attachments: ['p1/a.txt'], person });
      const { text, events } = await ask(client, asked, async (event) => {
        if (event.kind === 'confirm') await client.reply(context, asked.requestId, event.id, option);
      });
      const sent = events.flatMap((event) => (event.kind === 'file' ? [event.path] : []));
      const begins = 'p1/a.txt begins: twelve bytes\n';
      expect([text, sent]).toEqual(
        option === 'no' ? [`${begins}p1/a.txt: 12 bytes\n`, []] : [begins, ['p1/sizes.txt']],
      );
    }
    expect(await readFile(join(workspace, 'p1/sizes.txt'), 'utf8')).toBe('p1/a.txt: 12 bytes\n');

    for (const path of ['p2/b.txt', 'p1/link.txt', '../shelf/p2/b.txt']) {
      const { events } = await ask(client, request('', { attachments: [path], person }));
      expect(events).toMatchObject([{ kind: 'error', code: 'outside' }]);
    }
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
