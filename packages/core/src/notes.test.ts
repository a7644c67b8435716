import { expect, it } from 'vitest';
import { translator } from './i18n/catalogue.ts';
import { askToRead, askToWrite, notesWords } from './notes.ts';

const t = translator('en');

it.each(['plans', 'a "quoted" name', 'back\\slash', '日本, “x” {name}', '"'])(
  'what is asked of an agent about %s is told in the words of the person',
  (name) => {
    expect(notesWords(askToWrite('contexts/x.md', name), t, 80)).toMatch(
      /^saving this context as \*\*.+\*\*$/,
    );
    expect(notesWords(askToRead('contexts/x.md', name), t, 80)).toMatch(/^going on from \*\*.+\*\*$/);
  },
);

it('shows the name as it is, and not more than there is room for', () => {
  expect(notesWords(askToWrite('x.md', 'a "b" c'), t, 80)).toBe('saving this context as **a "b" c**');
  expect(notesWords(askToWrite('x.md', 'x'.repeat(100)), t, 20)?.length).toBeLessThan(60);
});

it("a person's own words stay theirs", () => {
  for (const text of ['Write everything', `Please: ${askToRead('x.md', 'a')}`, 'Read what you wrote down']) {
    expect(notesWords(text, t, 80)).toBeUndefined();
  }
  const broken = askToWrite('x.md', 'a').replace('"a"', '"\\q"');
  expect(notesWords(broken, t, 80)).toContain('saving this context');
});
