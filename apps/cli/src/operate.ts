/** A command of operators as a process. */
import { createInterface } from 'node:readline/promises';
import type { CommandWorld } from '@surfaces/runtime/operator-commands';

type Command = (args: readonly string[], world: CommandWorld) => Promise<number>;

/**
 * Runs it to its exit code; Ctrl-C ends it in order, a second one at once. A reader that has enough
 * (`| head`) ends it too, without a word and with 0: it got what it wanted, or fails by itself.
 */
export async function operate(command: Command): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => {
    // The second one waits for nothing.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error('asked to stop'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  let isEnough = false;
  const onFailure = (error: Error) => {
    if (!('code' in error) || error.code !== 'EPIPE') return;
    isEnough = true;
    stop.abort(error);
  };
  // Any other failure is what the writer hears.
  process.stdout.on('error', onFailure);
  process.stderr.on('error', () => undefined);

  const code = await command(process.argv.slice(2), {
    env: process.env,
    directory: process.cwd(),
    out: (text) =>
      new Promise((resolve, reject) => {
        process.stdout.write(text, (error) => {
          if (!error) return resolve();
          onFailure(error);
          reject(error);
        });
      }),
    err: (text) => {
      if (!isEnough) process.stderr.write(text);
    },
    ask: process.stdin.isTTY ? (question) => ask(question, stop.signal) : undefined,
    signal: stop.signal,
  });
  process.exitCode = isEnough ? 0 : code;
  process.off('SIGINT', onSignal);
  process.off('SIGTERM', onSignal);
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // It takes Ctrl-C for itself.
  lines.on('SIGINT', () => process.emit('SIGINT'));
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
}
