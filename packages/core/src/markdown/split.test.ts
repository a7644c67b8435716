import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitMarkdown, utf8Length } from './split.ts';

const squeezed = (text: string) => text.replace(/\s+/g, '');

describe('splitMarkdown', () => {
  it('leaves a text that fits as it is', () => {
    expect(splitMarkdown('# Hi\n\nyou', { limit: 100 })).toEqual(['# Hi\n\nyou']);
    expect(splitMarkdown('  \n ', { limit: 100 })).toEqual([]);
  });

  it('cuts between blocks where it can', () => {
    expect(splitMarkdown(`${'a'.repeat(30)}\n\n${'b'.repeat(30)}`, { limit: 40 })).toEqual([
      'a'.repeat(30),
      'b'.repeat(30),
    ]);
  });

  it('closes a fence at the end of a part and opens it again', () => {
    const code = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n');
    const parts = splitMarkdown(`before\n\n\`\`\`ts\n${code}\n\`\`\`\n\nafter`, { limit: 60 });
    expect(parts.length).toBeGreaterThan(2);
    for (const part of parts) {
      expect(part.length).toBeLessThanOrEqual(60);
      expect((part.match(/```/g) ?? []).length % 2).toBe(0);
    }
    const lines = parts
      .join('\n')
      .split('\n')
      .filter((line) => line.startsWith('line '));
    expect(lines.join('\n')).toBe(code);
  });

  it('leaves the fences out where they leave no room for a character', () => {
    const parts = splitMarkdown('```abcde\n😀😀😀😀😀\n```', { limit: 16, measure: utf8Length });
    for (const part of parts) expect(utf8Length(part)).toBeLessThanOrEqual(16);
    expect(parts.join('')).toContain('😀'.repeat(5));
  });

  it('repeats the head of a table', () => {
    const rows = Array.from({ length: 12 }, (_, i) => `| ${i} | row ${i} |`).join('\n');
    const parts = splitMarkdown(`| n | text |\n| --- | --- |\n${rows}`, { limit: 80 });
    expect(parts.length).toBeGreaterThan(2);
    for (const part of parts) expect(part.startsWith('| n | text |\n| --- | --- |\n')).toBe(true);
  });

  it('keeps a link whole', () => {
    const link = '[the whole long manual](https://example.org/manual/of/everything)';
    const parts = splitMarkdown(`${'word '.repeat(9)}${link} ${'word '.repeat(9)}`, { limit: 80 });
    expect(parts.some((part) => part.includes(link))).toBe(true);
  });

  it('does not cut a character that people see as one', () => {
    const family = '👨‍👩‍👧‍👦';
    for (const part of splitMarkdown(family.repeat(20), { limit: 40 })) {
      expect(squeezed(part).replaceAll(family, '')).toBe('');
    }
  });

  it.each([
    ['a list in a list in a list', `${'- '.repeat(5000)}x`],
    ['a quote in a quote in a quote', `${'>'.repeat(20_000)} x`],
    ['brackets that never match', `${'['.repeat(10_000)}${'](a)'.repeat(10_000)}`],
    ['links that never end', '[a]('.repeat(20_000)],
    ['nothing but headings', 'a\n=\n'.repeat(8000)],
    ['nothing but items', '- a\n'.repeat(200_000)],
    ['white space', `${' '.repeat(200_000)}\nx\n`.repeat(4)],
  ])('is not held up by a hostile text: %s', (_, text) => {
    const parts = splitMarkdown(text, { limit: 4000 });
    expect(squeezed(parts.join(''))).toBe(squeezed(text));
  });

  it.each([
    ['a table without rows', `${'|a'.repeat(60)}\n${'|-'.repeat(60)}`],
    ['a fence over the limit', '`'.repeat(300)],
  ])('keeps %s', (_, text) => {
    expect(squeezed(splitMarkdown(text, { limit: 100 }).join(''))).toBe(text.replace(/\s/g, ''));
  });

  it('closes and opens fences in a text that is too long to parse', () => {
    const code = Array.from({ length: 400 }, (_, i) => `line ${i}`).join('\n');
    const parts = splitMarkdown(`${'word\n'.repeat(2000)}\`\`\`ts\n${code}\n\`\`\`\nafter`, { limit: 500 });
    for (const part of parts) {
      expect(part.length).toBeLessThanOrEqual(500);
      expect((part.match(/```/g) ?? []).length % 2).toBe(0);
    }
    expect(parts.join('\n').match(/line \d+/g)).toHaveLength(400);
    expect(parts.at(-1)).toMatch(/after$/);
  });

  const markdown = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        fc.constantFrom(
          '```js\n',
          '\n```\n',
          '\n\n',
          '- item\n',
          '> quote\n',
          '# ',
          '| a | b |\n',
          '|---|---|\n',
          '**',
          '`',
          '[x](http://e.org)',
          '   ',
          '1. ',
        ),
        fc.lorem({ maxCount: 12 }),
      ),
      { maxLength: 30 },
    )
    .map((pieces) => pieces.join(''));

  it('keeps every part within the limit, none empty, no surrogate pair broken', () => {
    fc.assert(
      fc.property(markdown, fc.integer({ min: 16, max: 120 }), fc.boolean(), (text, limit, bytes) => {
        const measure = bytes ? utf8Length : (part: string) => part.length;
        for (const part of splitMarkdown(text.toWellFormed(), { limit, measure })) {
          expect(measure(part)).toBeLessThanOrEqual(limit);
          expect(part.trim()).not.toBe('');
          expect(part.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('loses nothing of what can be read', () => {
    // Only fences and table heads are ever added, so each character must still be there in order.
    fc.assert(
      fc.property(markdown, fc.integer({ min: 16, max: 120 }), (text, limit) => {
        const all = squeezed(splitMarkdown(text.toWellFormed(), { limit }).join(''));
        let at = 0;
        for (const character of squeezed(text.toWellFormed()).replace(/[`~|-]/g, '')) {
          at = all.indexOf(character, at);
          expect(at, `lost ${JSON.stringify(character)}`).toBeGreaterThanOrEqual(0);
          at += character.length;
        }
      }),
      { numRuns: 400 },
    );
  });

  it('counts bytes as UTF-8 does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });
});
