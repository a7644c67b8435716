import { afterEach, expect, test, vi } from 'vitest';
import { keepUnsent, readUnsent } from './unsent.ts';

afterEach(() => vi.unstubAllGlobals());

test('nobody is given what a person of a longer name wrote', () => {
  const store: Record<string, string> = {};
  const methods = {
    getItem: (key: string) => store[key] ?? null,
    setItem: (key: string, value: string) => {
      store[key] = value;
    },
  };
  vi.stubGlobal(
    'localStorage',
    new Proxy(methods, {
      ownKeys: () => Object.keys(store),
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    }),
  );
  const message = { id: 'abcdef12', text: 'for the other one', at: 1 };
  keepUnsent('ann.lee', message);
  expect(readUnsent('ann')).toEqual([]);
  expect(readUnsent('ann.lee')).toEqual([message]);
});
