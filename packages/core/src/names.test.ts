import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanName, slugOf, titleOf } from './names.ts';

const any = fc.string({ unit: 'binary', maxLength: 300 });

describe('a name', () => {
  it('is one line that can be seen, and stays as it is when cleaned again', () => {
    expect(cleanName('  Tax\r\n\treturn\u202e \u0007')).toBe('Tax return');
    expect(cleanName('\u200b\u202e \u0000')).toBe('');
    expect(cleanName('👩‍👩‍👧 Привет 안녕 שלום')).toBe('👩‍👩‍👧 Привет 안녕 שלום');
    fc.assert(
      fc.property(any, (text) => {
        const name = cleanName(text);
        expect(name).not.toMatch(/[\n\r\t\u202a-\u202e\u2066-\u2069]|^\s|\s$/);
        expect(name.isWellFormed()).toBe(true);
        expect(cleanName(name)).toBe(name);
      }),
    );
  });

  it('made of a message is its first line with words, cut between them', () => {
    expect(titleOf('\n \nBook a table\nfor two')).toBe('Book a table');
    expect(titleOf(`${'word '.repeat(30)}`)).toBe(`${'word '.repeat(11)}word…`);
    expect(titleOf('x'.repeat(100_000))).toBe(`${'x'.repeat(59)}…`);
    expect(titleOf(' \n\u200b')).toBeUndefined();
    fc.assert(
      fc.property(any, (text) => {
        const title = titleOf(text);
        if (title === undefined) return;
        expect(title.length).toBeLessThanOrEqual(60);
        expect(title.isWellFormed()).toBe(true);
        expect(cleanName(title)).not.toBe('');
      }),
    );
  });

  it("as a part of a file's name is letters, digits and dashes", () => {
    expect(slugOf('Über/../Plan B!')).toBe('über-plan-b');
    expect(slugOf('...')).toBe('context');
    fc.assert(
      fc.property(any, (text) => {
        expect(slugOf(text)).toMatch(/^[\p{L}\p{N}]+(-[\p{L}\p{N}]+)*$/u);
        expect(slugOf(text).length).toBeLessThanOrEqual(120);
      }),
    );
  });
});
