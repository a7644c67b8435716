/** `npm run check-agents`: see `--help`. */
import { requireNode } from '@surfaces/runtime/node-version';

requireNode();
// Only now: an older Node cannot load it.
const { checkAgents } = await import('@surfaces/runtime/check-agents');

const stop = new AbortController();
const onSignal = () => {
  // The second one waits for nothing.
  if (stop.signal.aborted) process.exit(130);
  stop.abort(new Error('asked to stop'));
};
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// A reader that went away is not our end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.exitCode = await checkAgents(process.argv.slice(2), {
  env: process.env,
  directory: process.cwd(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  signal: stop.signal,
});
