import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createScrubber, HIDDEN, MIN_SECRET_LENGTH } from './secrets.ts';

const scrub = createScrubber([]);
const filler = 'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1h';

describe('a key is hidden by its form', () => {
  const keys: Record<string, string> = {
    OpenRouter: `sk-or-v1-${'0123456789abcdef'.repeat(4)}`,
    Anthropic: `sk-ant-api03-${filler}_-${filler}AA`,
    'OpenAI project': `sk-proj-${filler}`,
    'OpenAI, old': `sk-${filler}`,
    LangSmith: `lsv2_pt_${'0123456789abcdef'.repeat(2)}_0123456789`,
    'LangSmith, old': `ls__${'0123456789abcdef'.repeat(2)}`,
    'GitHub personal': `ghp_${filler.slice(0, 36)}`,
    'GitHub OAuth': `gho_${filler.slice(0, 36)}`,
    'GitHub fine-grained': `github_pat_${filler.slice(0, 22)}_${filler}`,
    GitLab: `glpat-${filler.slice(0, 20)}`,
    Telegram: `110201543:AA${filler.slice(0, 33)}`,
    'Telegram, as documented': '123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11',
    Discord: `MTk4NjIyNDgzNDcxOTI1MjQ4.${filler.slice(0, 6)}.${filler.slice(0, 27)}`,
    'Discord, long': `OTk4NjIyNDgzNDcxOTI1MjQ4MA.${filler.slice(0, 6)}.${filler.slice(0, 38)}`,
  };
  test.each(Object.entries(keys))('%s', (_, key) => {
    for (const [before, after] of [
      ['', ''],
      ['the key ', ' is wrong'],
      ['"', '"'],
      ['KEY=', '\nnext line'],
      ['(', ').'],
      ['https://api.example.org/bot', '/getMe'],
    ] as const) {
      if (before.endsWith('bot') && !/^\d/.test(key)) continue;
      // A form that allows dots may take the full stop behind it along.
      expect(scrub(before + key + after).replace(/\)?\.?$/, '')).toBe(
        (before + HIDDEN + after).replace(/\)?\.?$/, ''),
      );
    }
  });

  test('a bearer token, with or without its header', () => {
    expect(scrub('Bearer abc123def456')).toBe(`Bearer ${HIDDEN}`);
    expect(scrub('sent bearer eyJhbGciOi.eyJzdWIi.c2ln_4')).toBe(`sent Bearer ${HIDDEN}`);
    expect(scrub('authorization: Bearer onlyletters')).toBe(`authorization: ${HIDDEN}`);
    expect(scrub('"Authorization":"Basic dXNlcjpwYXNz"')).toBe(`"Authorization":"${HIDDEN}"`);
  });

  test('credentials in URLs', () => {
    expect(scrub('postgres://anna:pa55@db:5432/x')).toBe(`postgres://${HIDDEN}@db:5432/x`);
    expect(scrub('redis://:pa55@host')).toBe(`redis://${HIDDEN}@host`);
    expect(scrub('https://u:p@ss@host/a and wss://token@host/b')).toBe(
      `https://${HIDDEN}@host/a and wss://${HIDDEN}@host/b`,
    );
  });
});

test.each([
  'The task-force met; a disk-shaped sk-learn class and sk-loading-indicator-small stay.',
  'Bearer authentication is required. The bearer of bad news. Bearer tokens!',
  'See http://127.0.0.1:8080/a?b=c#d, mail me@example.org or ssh://git@example.org/x.git.',
  'At 12:30:45 on 2026-11-21, 123456:7 and 10:AAAA; ratio 1732166400:1.',
  'commit 6a23237dd4b1b2c3d4e5f60718293a4b5c6d7e8f, uuid 123e4567-e89b-12d3-a456-426614174000',
  'Version 1.2.3 of MyPackage.module.function, NotAToken.abcdef.short',
  'ghp_ is how such a token begins, glpat- too; github_pat_short, lsv2_pt_',
  'authorization is needed; Authorization: no',
  '안녕하세요, как дела? 👋🏽 \u2028 \ud800 end',
  '',
])('ordinary text stays as it is: %s', (text) => {
  expect(scrub(text)).toBe(text);
});

describe('known values', () => {
  test('the longest first, wherever they are, in each of their forms', () => {
    const known = createScrubber(['hunter2', 'hunter2-the-second', 'a"b\\c d/é']);
    expect(known('xhunter2-the-secondx hunter2 hunter2')).toBe(`x${HIDDEN}x ${HIDDEN} ${HIDDEN}`);
    expect(known(`${encodeURIComponent('a"b\\c d/é')}|${JSON.stringify('a"b\\c d/é')}`)).toBe(
      `${HIDDEN}|"${HIDDEN}"`,
    );
    expect(known(`Basic ${btoa('hunter2')}`)).toContain(HIDDEN);
  });

  test('short, empty and blank ones are ignored', () => {
    expect(createScrubber(['', ' ', 'abc', 'a'.repeat(MIN_SECRET_LENGTH - 1)])('a b abc aaaaa')).toBe(
      'a b abc aaaaa',
    );
  });

  test('signs of regular expressions are only signs', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the sign is what is tested
    expect(createScrubber(['.*+?^${}()|[]\\/-'])('x .*+?^${}()|[]\\/- y xxxxxxx')).toBe(
      `x ${HIDDEN} y xxxxxxx`,
    );
  });
});

test('no known value is left anywhere, and scrubbing again changes nothing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary', minLength: 8, maxLength: 20 }), { maxLength: 4 }),
      fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }),
      (secrets, texts) => {
        const known = createScrubber(secrets);
        const text = texts.map((part, i) => part + (secrets[i] ?? '')).join('');
        const once = known(text);
        // What was put in as a whole is gone; a value that `[hidden]` itself contains cannot be.
        for (const secret of secrets) {
          if (secret.trim().length >= MIN_SECRET_LENGTH && !HIDDEN.includes(secret.trim())) {
            expect(once.split(HIDDEN).some((part) => part.includes(secret))).toBe(false);
          }
        }
        expect(known(once)).toBe(once);
      },
    ),
  );
});

test.each([
  ['', 'sk-'],
  ['', '://a:'],
  ['://', 'a:'],
  ['https://', 'a'],
  ['https://', 'a@:'],
  ['', '@'],
  ['', '1'],
  ['123456:', 'a'],
  ['', '123456:A-'],
  ['', 'bearer '],
  ['Bearer ', ' '],
  ['', 'Bearer a.'],
  ['authorization', ' '],
  ['', 'authorization:'],
  ['', 'MMMMMMMMMMMMMMMMMMMMMMMM.'],
  ['', 'M'],
  ['', 'ghp_'],
  ['', 'glpat-'],
  ['', 'aaaaaaaaaaaa'],
])('%j and then a megabyte of %j takes time like any other text', (start, unit) => {
  const text = (size: number) => start + unit.repeat(Math.ceil(size / unit.length));
  const known = createScrubber(['aaaaaaaaaaaab', 'sk-sk-sk-x']);
  known(text(10_000));
  const started = performance.now();
  known(text(1_000_000));
  // Linear: some 10 ms. Quadratic: minutes.
  expect(performance.now() - started).toBeLessThan(2_000);
});

test('what is learnt later is hidden from then on, and what was known stays hidden', () => {
  const scrub = createScrubber(['first-value']);
  expect(scrub('first-value second-value')).toBe(`${HIDDEN} second-value`);
  scrub.learn(['second-value', 'short']);
  expect(scrub('first-value second-value short')).toBe(`${HIDDEN} ${HIDDEN} short`);
});
