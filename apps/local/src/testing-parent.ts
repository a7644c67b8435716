/** A parent for the tests of `agent-process.ts`: starts the agent, says so, and waits to be killed. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@surfaces/runtime';
import { startAgentProcess } from './agent-process.ts';

const agent = await startAgentProcess({
  entry: process.argv[2] ?? '',
  dataDir: '/nonexistent',
  workspacePath: mkdtempSync(join(tmpdir(), 'surfaces-agent-')),
  env: process.env,
  logger: createLogger({ app: 'test', level: 'silent', format: 'json', scrub: (text) => text }),
});
process.send?.({ url: agent.url, pid: agent.pid });
setInterval(() => undefined, 1_000);
