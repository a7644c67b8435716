import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EXIT } from './exit-codes.ts';

test('every exit code is told apart and documented', () => {
  const codes = Object.values(EXIT);
  expect(new Set(codes).size).toBe(codes.length);
  const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(documented).toEqual([...codes].sort((a, b) => a - b));
});
