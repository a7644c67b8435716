import { afterEach, expect, test, vi } from 'vitest';
import { liveOrSkip } from './live.ts';

afterEach(() => vi.unstubAllEnvs());

const context = {
  skip(note: string): never {
    throw new Error(`skipped: ${note}`);
  },
};

test('a missing part skips the test and says why', () => {
  vi.stubEnv('CI', '');
  vi.stubEnv('CHROMIUM_PATH', undefined);
  vi.stubEnv('PATH', '/nowhere');
  expect(() => liveOrSkip(context, 'chromium')).toThrow(/^skipped: needs chromium: no Chromium is installed/);
});

test('in CI a missing part fails the test', () => {
  vi.stubEnv('CI', 'true');
  vi.stubEnv('CHROMIUM_PATH', '/nowhere/chromium');
  expect(() => liveOrSkip(context, 'chromium')).toThrow(/^needs chromium: ENOENT/);
});

test('a part that is there is named', () => {
  vi.stubEnv('CHROMIUM_PATH', process.execPath);
  expect(liveOrSkip(context, 'chromium')).toBe(process.execPath);
});
