import { parseMarkdown } from '@surfaces/core/markdown';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GrowingMarkdown } from './growing.ts';

/** What is shown, without where it stood in the text and how far an open code block has come. */
const shape = (value: unknown) =>
  JSON.stringify(value, (key, inner) => {
    if (key === 'position' || inner === null) return undefined;
    return key === 'value' && typeof inner === 'string' ? inner.trimEnd() : inner;
  });

const block = fc.oneof(
  fc.lorem({ maxCount: 5 }),
  fc.constantFrom(
    '# Heading',
    '- one\n- two\n  - three',
    '1. one\n2. two',
    '> quoted\n> twice',
    '```js\nconst a = 1;\n\nb();\n```',
    '| a | b |\n|---|---|\n| 1 | 2 |',
    '**bold** and `code` and [link](http://example.org)',
    '---',
  ),
);

it('shows of a growing text what it would show of the whole', () => {
  fc.assert(
    fc.property(
      // Two lists in a row are one; while the second begins it cannot be told.
      fc.uniqueArray(block, { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
      (blocks, steps) => {
        const whole = blocks.join('\n\n');
        const growing = new GrowingMarkdown();
        for (let end = 0, i = 0; end < whole.length; i += 1) {
          end = Math.min(whole.length, end + (steps[i % steps.length] ?? 1));
          const text = whole.slice(0, end);
          expect(shape(growing.update(text))).toBe(shape(parseMarkdown(text).children));
        }
      },
    ),
    { numRuns: 200 },
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
