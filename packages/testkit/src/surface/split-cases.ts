/** Properties of `split`, over documents whose every word is known. */
import assert from 'node:assert/strict';
import { utf8Length } from '@surfaces/core/markdown';
import * as fc from 'fast-check';
import type { Stage, SurfaceCase } from './world.ts';

interface Block {
  readonly kind: 'paragraph' | 'heading' | 'list' | 'code' | 'quote' | 'links' | 'table';
  readonly size: number;
}

/** Words of prose are `w1`, `w2`, …; words inside code are `c1`, `c2`, … */
interface Document {
  readonly markdown: string;
  readonly words: readonly string[];
  readonly links: readonly string[];
}

const blocks = (words: number) =>
  fc.array(
    fc.record({
      kind: fc.constantFrom('paragraph', 'heading', 'list', 'code', 'quote', 'links', 'table'),
      size: fc.integer({ min: 1, max: words }),
    }),
    { minLength: 1, maxLength: 8 },
  );

function write(all: readonly Block[]): Document {
  const words: string[] = [];
  const links: string[] = [];
  const next = (sign: 'w' | 'c') => {
    const word = `${sign}${words.length + 1}`;
    words.push(word);
    return word;
  };
  const many = (size: number, one: (index: number) => string) =>
    Array.from({ length: size }, (_, i) => one(i));
  const link = () => {
    const text = `[${next('w')} \u{1F600}](https://example.org/a_b*c?d=1)`;
    links.push(text);
    return text;
  };
  const writers: Record<Block['kind'], (size: number) => string> = {
    paragraph: (size) => many(size, (i) => next('w') + (i % 7 === 6 ? '\n' : ' ')).join(''),
    heading: () => `## ${next('w')} ${next('w')}`,
    list: (size) => many(size, () => `- ${next('w')} ${next('w')}`).join('\n'),
    code: (size) => `\`\`\`ts\n${many(size, () => `  ${next('c')}(\`x\`);`).join('\n')}\n\`\`\``,
    quote: (size) => many(size, () => `> ${next('w')}`).join('\n'),
    links: (size) => many(Math.ceil(size / 4), link).join(' '),
    table: (size) =>
      `| a | b |\n| - | - |\n${many(size, () => `| ${next('w')} | ${next('w')} |`).join('\n')}`,
  };
  const markdown = all.map(({ kind, size }) => writers[kind](size)).join('\n\n');
  return { markdown, words, links };
}

const measure = (stage: Stage, text: string) =>
  stage.adapter.capabilities.text.unit === 'utf8' ? utf8Length(text) : text.length;

/** Fewer runs for larger messages: every document is longer than one of them. */
async function forAll(
  stage: Stage,
  check: (document: Document, parts: readonly string[]) => void,
): Promise<void> {
  const { limit } = stage.adapter.capabilities.text;
  const numRuns = Math.min(100, Math.max(4, Math.ceil(50_000 / limit)));
  fc.assert(
    fc.property(blocks(Math.max(3, Math.ceil(limit / 12))), (all) => {
      const document = write(all);
      check(document, stage.adapter.split(document.markdown));
    }),
    { numRuns },
  );
}

export const splitCases: readonly SurfaceCase[] = [
  {
    name: 'split: every part is within the limit and none is empty',
    async run(stage) {
      const { limit } = stage.adapter.capabilities.text;
      for (const text of ['short', '```\n```']) {
        assert(stage.adapter.split(text).length >= 1, `there is no part of ${JSON.stringify(text)}`);
      }
      for (const text of ['', ' \n\n ']) {
        assert(
          stage.adapter.split(text).every((part) => part.trim() !== ''),
          'a part is empty',
        );
      }
      await forAll(stage, (_, parts) => {
        for (const part of parts) {
          assert.notEqual(part.trim(), '');
          assert(measure(stage, part) <= limit, `a part of ${measure(stage, part)}`);
        }
      });
    },
  },
  {
    name: 'split: no word is lost, doubled or moved',
    run: (stage) =>
      forAll(stage, ({ words }, parts) =>
        assert.deepEqual(parts.join('\n').match(/\b[wc]\d+\b/g) ?? [], words),
      ),
  },
  {
    name: 'split: code stays in code, prose stays outside',
    run: (stage) =>
      forAll(stage, (_, parts) => {
        for (const part of parts) {
          let inside = false;
          for (const line of part.split('\n')) {
            if (/^\s*(```|~~~)/.test(line)) inside = !inside;
            else if (/\bc\d+\b/.test(line)) assert(inside, `code outside of a block: ${line}`);
            else if (/\bw\d+\b/.test(line)) assert(!inside, `prose inside of a block: ${line}`);
          }
          assert(!inside, 'a block of code is not closed at the end of its part');
        }
      }),
  },
  {
    name: 'split: a link stays whole',
    applies: ({ capabilities: { text } }) => text.limit >= 64,
    run: (stage) =>
      forAll(stage, ({ links }, parts) => {
        const found = parts.flatMap((part) => part.match(/\[w\d+ [^\]]*\]\([^)]*\)/g) ?? []);
        assert.deepEqual(found, links);
      }),
  },
  {
    name: 'split: characters stay whole where nothing else can',
    async run(stage) {
      const { limit } = stage.adapter.capabilities.text;
      for (const shift of ['', 'x']) {
        const long = shift + '\u{1F600}'.repeat(limit);
        const parts = stage.adapter.split(long);
        for (const part of parts) {
          assert(part.isWellFormed(), 'a surrogate pair was cut');
          assert(measure(stage, part) <= limit);
        }
        assert.equal(parts.join('').replaceAll(/\s/g, ''), long);
      }
    },
  },
];
