import fc from 'fast-check';
import { expect, it } from 'vitest';
import { storable, storableValue } from './storable.ts';

it('leaves text alone, and makes harmless what PostgreSQL refuses', () => {
  expect(storable('Привет 안녕 👨‍👩‍👧 \u0007\n')).toBe('Привет 안녕 👨‍👩‍👧 \u0007\n');
  expect(storable('a\0b\ud800c')).toBe('a\ufffdb\ufffdc');
  expect(storableValue(['a\0', null, ['\0']])).toEqual(['a\ufffd', null, ['\ufffd']]);
  expect(storableValue(7)).toBe(7);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const stored = storable(text);
      expect(stored.isWellFormed()).toBe(true);
      expect(stored).not.toContain('\0');
      expect(storable(stored)).toBe(stored);
    }),
  );
});
