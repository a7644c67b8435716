import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

/** Writes until it cannot, and says so, as `runCommand` does. */
const ENDLESS = `
  const { operate } = await import(${JSON.stringify(new URL('./operate.ts', import.meta.url).href)});
  await operate(async (_, { out, err, signal }) => {
    try {
      for (;;) await out('a line\\n');
    } catch (error) {
      err(signal.aborted ? 'Interrupted.' : String(error));
      return 130;
    }
  });
`;

test('a reader that has enough ends it without a word', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', ENDLESS], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  const ended = once(child, 'close');
  const [first] = await once(child.stdout, 'data');
  expect(String(first)).toContain('a line');
  child.stdout.destroy();
  expect([(await ended)[0], err]).toEqual([0, '']);
});
