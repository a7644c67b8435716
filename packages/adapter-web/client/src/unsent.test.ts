import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keep } from './kept.ts';
import { storage } from './testing-storage.ts';
import { keepUnsent, readUnsent } from './unsent.ts';

beforeEach(() => vi.stubGlobal('localStorage', storage()));
afterEach(() => vi.unstubAllGlobals());

test('nobody is given what a person of a longer name wrote', () => {
  const message = { id: 'abcdef12', chat: 'main', text: 'for the other one', files: [], at: 1 };
  keepUnsent('ann.lee', message);
  expect(readUnsent('ann')).toEqual([]);
  expect(readUnsent('ann.lee')).toEqual([message]);
});

test('what was kept before there were several chats goes into the first; what cannot be read goes', () => {
  keep('unsent.ann.abcdef12', JSON.stringify({ id: 'abcdef12', text: 'earlier', at: 1 }));
  keep('unsent.ann.abcdef13', '{"id":');
  const earlier = { id: 'abcdef12', chat: 'main', text: 'earlier', files: [], at: 1 };
  expect(readUnsent('ann')).toEqual([earlier]);
  expect(readUnsent('ann')).toEqual([earlier]);
});
