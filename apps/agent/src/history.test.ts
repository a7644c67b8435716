import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { History } from './history.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, appendFile: vi.fn(real.appendFile) };
});

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'history-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('half a line left by a full disk is taken away before the next', async () => {
  const real = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  const history = new History(directory);
  const entry = (requestId: string) => ({ requestId, text: requestId });
  expect(await history.enter('1', entry('a'))).toBe(1);
  vi.mocked(appendFile).mockImplementationOnce(async (file, text) => {
    await real.appendFile(file, String(text).slice(0, 9));
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  });
  await expect(history.enter('1', entry('b'))).rejects.toThrow('ENOSPC');
  expect(await history.enter('1', entry('b'))).toBe(2);
  expect(await new History(directory).enter('1', entry('b'))).toBe(2);
  expect((await readFile(join(directory, '1.jsonl'), 'utf8')).split('\n')).toHaveLength(3);
});
