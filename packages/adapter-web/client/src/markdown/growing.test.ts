import { parseMarkdown } from '@surfaces/core/markdown';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GrowingMarkdown } from './growing.ts';

/** What is shown, without where it stood in the text. */
const shape = (value: unknown) =>
  JSON.stringify(value, (key, inner) => (key === 'position' ? undefined : inner));

const piece = fc.oneof(
  fc.lorem({ maxCount: 5 }),
  fc.constantFrom(
    '\n\n',
    '\n',
    '# ',
    '- ',
    '1. ',
    '> ',
    '```\n',
    '\n```\n',
    '| a | b |\n|---|---|\n| 1 | 2 |\n',
    '  ',
    '**',
  ),
);

it('shows of a growing text what it would show of the whole', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const growing = new GrowingMarkdown();
      let text = '';
      for (const added of pieces) {
        text += added;
        const seen = growing.update(text);
        expect(shape(seen)).toBe(shape(parseMarkdown(text).children));
      }
    }),
    { numRuns: 300 },
  );
});

it('keeps finished blocks as the same objects', () => {
  const growing = new GrowingMarkdown();
  const text = Array.from({ length: 50 }, (_, i) => `paragraph ${i}`).join('\n\n');
  const before = growing.update(text);
  const after = growing.update(`${text}\n\nand more`);
  expect(after.slice(0, 45).map((block, i) => block === before[i])).toEqual(Array(45).fill(true));
});

it('begins anew when the text is another', () => {
  const growing = new GrowingMarkdown();
  growing.update('a\n\nb\n\nc\n\nd');
  expect(shape(growing.update('x'))).toBe(shape(parseMarkdown('x').children));
});
