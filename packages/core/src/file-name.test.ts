import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_NAME_BYTES, numberedName, safeFileName } from './file-name.ts';

const bytes = (text: string) => new TextEncoder().encode(text).length;

/** Names as they come: any text, and text made of what hurts. */
const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc
    .array(
      fc.constantFrom(
        '.',
        '..',
        ' ',
        '/',
        '\\',
        ':',
        'con',
        'NUL',
        'com1',
        '.txt',
        '\n',
        '\u0000',
        'e\u0301',
        '\u0338',
        '<',
        '한',
        '👩‍👩‍👧',
        '\ud800',
        '\u202e',
        '.surfaces-',
        'a',
        'x'.repeat(90),
      ),
      { maxLength: 12 },
    )
    .map((pieces) => pieces.join('')),
);

describe('a safe file name', () => {
  it.each([
    ['report.md', 'report.md'],
    ['../../x', 'x'],
    ['..\\..\\x.txt', 'x.txt'],
    ['CON', '_CON'],
    [`CON${' '.repeat(300)}x`, '_CON'],
    ['con.tar.gz', '_con.tar.gz'],
    ['LPT³.txt', '_LPT³.txt'],
    ['console.log', 'console.log'],
    ['a\nb.txt', 'a_b.txt'],
    ['what? <now>: "a|b*c".txt', 'what_ _now__ _a_b_c_.txt'],
    ['photo\u202egpj.exe', 'photo_gpj.exe'],
    ['cafe\u0301.txt', 'caf\u00e9.txt'],
    ['name. . .', 'name'],
    ['  name.txt  ', 'name.txt'],
    ['', 'file'],
    ['.', 'file'],
    ['..', 'file'],
    ['.....', 'file'],
    ['dir/', 'file'],
    ['.env', '.env'],
    ['.Surfaces-1', '_.Surfaces-1'],
    ['отчёт за май.csv', 'отчёт за май.csv'],
  ])('of %j is %j', (name, safe) => expect(safeFileName(name)).toBe(safe));

  it('of 300 characters keeps its extension', () => {
    expect(safeFileName(`${'a'.repeat(300)}.json`)).toBe(`${'a'.repeat(195)}.json`);
    expect(safeFileName(`${'한'.repeat(300)}.json`)).toBe(`${'한'.repeat(65)}.json`);
    expect(bytes(safeFileName(`a.${'b'.repeat(300)}`))).toBe(MAX_NAME_BYTES);
  });

  it('whatever comes, is one part of a path that every system takes', () => {
    fc.assert(
      fc.property(names, (name) => {
        const safe = safeFileName(name);
        expect(safe).not.toBe('');
        expect(safe).not.toMatch(/[/\\<>:"|?*]/);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
        expect(safe).not.toMatch(/[\u0000-\u001f\u007f\u2028\u202e]/);
        expect(safe).not.toMatch(/^\.{1,2}$|[. ]$|^ /);
        expect(safe).not.toMatch(/^(con|nul|com1)(\.|$)/i);
        expect(safe).not.toMatch(/^\.surfaces-/i);
        expect(bytes(safe)).toBeLessThanOrEqual(MAX_NAME_BYTES);
        expect(safe.normalize('NFC')).toBe(safe);
        expect(safe.isWellFormed()).toBe(true);
        expect(safeFileName(safe)).toBe(safe);
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps an ordinary extension', () => {
    const extension = fc.stringMatching(/^\.[a-z0-9]{1,5}$/);
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300 }), extension, (stem, end) => {
        expect(safeFileName(`x${stem}${end}`).endsWith(end)).toBe(true);
      }),
    );
  });
});

it.each([
  ['report.txt', 1, 'report (1).txt'],
  ['a.tar.gz', 2, 'a.tar (2).gz'],
  ['.env', 3, '.env (3)'],
  ['name', 10, 'name (10)'],
])('%j with number %d is %j', (name, number, numbered) => expect(numberedName(name, number)).toBe(numbered));
