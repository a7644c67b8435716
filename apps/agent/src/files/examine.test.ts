import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, describe as suite, test } from 'vitest';
import { phrasesFor } from '../phrases.ts';
import { describe } from './describe.ts';
import { examine, type FileFacts, firstLines } from './examine.ts';
import { isFileProblem } from './file-problem.ts';
import { type Place, Workspace } from './workspace.ts';

let root: string;
let place: Place;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agent-files-'));
  place = (await Workspace.open(root)).place(undefined);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const signal = new AbortController().signal;

async function facts(name: string, content: string | Uint8Array): Promise<FileFacts> {
  await writeFile(join(root, name), content);
  const file = await place.open(name);
  try {
    const found = await examine(file, { signal });
    // Whatever is in the file, it can be told in each language.
    for (const locale of ['en', 'ru', 'ko'])
      expect(describe(found, phrasesFor(locale).files)).toContain('**');
    return found;
  } finally {
    await file.handle.close();
  }
}

async function text(name: string, content: string | Uint8Array) {
  const found = await facts(name, content);
  if (found.is !== 'text') throw new Error(`${name} was taken for ${found.is}`);
  return found;
}
const csv = async (content: string | Uint8Array, name = 'a.csv') => {
  const found = (await text(name, content)).csv;
  if (found === undefined) throw new Error('no table');
  return found;
};
const json = async (content: string, name = 'a.json') => {
  const found = (await text(name, content)).json;
  if (found === undefined) throw new Error('no JSON');
  return found;
};

suite('text', () => {
  test.each([
    ['', undefined],
    ['one', { lines: 1, words: 1, characters: 3, firstLine: 'one' }],
    ['one\n', { lines: 1, words: 1, characters: 4, firstLine: 'one' }],
    ['\n\n  two words \r\nthree\rfour', { lines: 5, words: 4, firstLine: 'two words' }],
    ['\u{1F600} é\n', { lines: 1, words: 2, characters: 4 }],
    ['\ufeffmarked', { lines: 1, words: 1, characters: 6, firstLine: 'marked' }],
    ['\r\n', { lines: 1, words: 0, firstLine: '' }],
  ])('%j', async (content, expected) => {
    const found = await facts('a.txt', content);
    if (expected === undefined) expect(found).toEqual({ is: 'empty', name: 'a.txt' });
    else expect(found).toMatchObject({ is: 'text', text: { ...expected, unreadable: 0 } });
  });

  test('pieces of a large file are counted as one', async () => {
    const line = 'é\u{1F600}日 word\r\n';
    // No boundary of a read falls between two lines.
    const found = await text('a.txt', `x${line.repeat(60_000)}`);
    expect(found.text).toMatchObject({
      lines: 60_000,
      words: 120_000,
      characters: 60_000 * 10 + 1,
      unreadable: 0,
    });
    expect(found.text.firstLine).toBe('xé\u{1F600}日 word');
  });

  test('other encodings are told apart, and a guess is called one', async () => {
    const words = 'Grüße aus Köln\nzweite Zeile\n';
    const little = Buffer.from(words, 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const [bytes, name, guessed] of [
      [Buffer.concat([Buffer.from([0xff, 0xfe]), little]), 'utf-16le', false],
      [Buffer.concat([Buffer.from([0xfe, 0xff]), big]), 'utf-16be', false],
      [little, 'utf-16le', true],
      [big, 'utf-16be', true],
      [Buffer.from(words, 'latin1'), 'windows-1252', true],
      [Buffer.from(words), 'utf-8', false],
    ] as const) {
      const found = await text('a.txt', bytes);
      expect(found.encoding).toEqual({ name, guessed });
      expect(found.text).toMatchObject({ lines: 2, words: 5, firstLine: 'Grüße aus Köln' });
      expect(describe(found, phrasesFor('en').files).includes('only guessed')).toBe(guessed);
    }
  });

  test('old encodings of Russian and Korean are guessed', async () => {
    const russian = 'Привет, мир; цена 15 рублей\n';
    const cp1251 = Buffer.from(
      [...russian].map((letter) => (letter >= 'А' ? letter.charCodeAt(0) - 0x350 : letter.charCodeAt(0))),
    );
    const korean = Buffer.from('bec8b3e7c7cfbcbcbfe42031350ab0a1b0dd0a', 'hex');
    for (const [bytes, name, firstLine] of [
      [cp1251, 'windows-1251', 'Привет, мир; цена 15 рублей'],
      [korean, 'euc-kr', '안녕하세요 15'],
    ] as const) {
      expect(await text('a.txt', bytes)).toMatchObject({
        encoding: { name, guessed: true },
        text: { firstLine },
      });
    }
  });

  test('the first line behind a long way of blank ones', async () => {
    for (const blanks of [1000, 300_000]) {
      const found = await text('a.txt', `${'\n'.repeat(blanks)}  token here\nnext\n`);
      expect(found.text).toMatchObject({ firstLine: 'token here', lines: blanks + 2 });
    }
  });

  test('bytes that are no text in the middle of one are counted', async () => {
    const bytes = Buffer.concat([
      Buffer.from('é'.repeat(50_000)),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('end'),
    ]);
    expect((await text('a.txt', bytes)).text.unreadable).toBe(2);
  });

  test('headings of Markdown, none of code', async () => {
    const found = await text('a.md', '# One\r\ntext\n```\n# not this\n```\n### Two ##\n#nor this\n');
    expect(found.headings).toEqual({
      headings: [
        { level: 1, text: 'One' },
        { level: 3, text: 'Two' },
      ],
      count: 2,
    });
  });

  test('first lines, as many as there are', async () => {
    await writeFile(join(root, 'a.txt'), 'a\r\nb\n\nd\n');
    const file = await place.open('a.txt');
    expect(await firstLines(file, 2)).toEqual(['a', 'b']);
    expect(await firstLines(file, 9)).toEqual(['a', 'b', '', 'd']);
    await file.handle.close();
  });

  test('what is in a file is never taken for markup', async () => {
    const found = await text('a`b`.txt', '``` **x** <script> ``\n');
    expect(describe(found, phrasesFor('en').files)).toContain(
      '````` ``` **x** <script> `` `````'.slice(1, -1),
    );
  });
});

suite('tables', () => {
  test('columns, types and figures', async () => {
    const found = await csv(
      'name,price,n,when,ok,none,mixed\nKim,1.5,1,2024-01-02,yes,,1\n"Lee, Jr.",2.5,2,2024-01-03,no,,x\nKim,10,3,2024-01-04,yes,,\n',
    );
    expect(found).toMatchObject({
      rows: 3,
      columnCount: 7,
      header: true,
      separator: ',',
      ragged: { count: 0 },
    });
    expect(found.columns.map(({ name, type }) => [name, type])).toEqual([
      ['name', 'text'],
      ['price', 'number'],
      ['n', 'integer'],
      ['when', 'date'],
      ['ok', 'boolean'],
      ['none', 'empty'],
      ['mixed', 'mixed'],
    ]);
    expect(found.columns[1]?.numbers).toMatchObject({
      count: 3,
      min: 1.5,
      max: 10,
      median: 2.5,
      sampled: false,
    });
    expect(found.columns[1]?.numbers?.mean).toBeCloseTo(14 / 3, 12);
    expect(found.columns[0]?.values).toEqual({
      distinct: 2,
      more: false,
      top: [
        ['Kim', 2],
        ['Lee, Jr.', 1],
      ],
    });
    expect(found.columns[5]).toMatchObject({ filled: 0, empty: 3 });
  });

  test.each([
    ['a;b\n1,5;x\n2,5;y\n', ';', 2],
    ['a\tb\n1.5\tx\n2.5\ty\n', '\t', 2],
    ['a|b\r\n1.5|x\r\n2.5|y', '|', 2],
    ['\ufeffa,b\r\n"1.5","x"\r\n\r\n2.5,y\r\n', ',', 2],
    [Buffer.from('\ufeffa,b\n1.5,ж\n2.5,y\n', 'utf16le'), ',', 2],
  ])('separators, line ends, marks and encodings: %j', async (content, separator, rows) => {
    const found = await csv(content);
    expect(found).toMatchObject({ separator, rows, header: true });
    expect(found.columns.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(found.columns[0]?.numbers).toMatchObject({ mean: 2 });
  });

  test('ragged rows, line ends inside of quotes, stray quotes', async () => {
    const found = await csv('a,b\n1,"two\nlines ""quoted"""\n2\n3,4,5\n5,say "hi"\n');
    expect(found).toMatchObject({ rows: 4, ragged: { count: 2, firstLine: 4 } });
    expect(found.problem).toBeUndefined();
    expect(found.columns[1]?.values?.top.map(([value]) => value)).toContain('two\nlines "quoted"');
  });

  test('a quotation mark without its second; a row without an end', async () => {
    expect(await csv('a,b\n1,2\n3,"four\n5,6\n')).toMatchObject({ rows: 1, problem: { what: 'quote' } });
    expect(await csv(`a,b\n1,2\n${'x'.repeat(5 * 2 ** 20)}`)).toMatchObject({
      rows: 1,
      problem: { what: 'row' },
    });
  });

  test('without a header; a header alone; names that are empty or come twice', async () => {
    expect(await csv('1,2\n3,4\n')).toMatchObject({
      header: false,
      rows: 2,
      columns: [{ name: '1' }, { name: '2' }],
    });
    expect(await csv('a,b')).toMatchObject({
      header: true,
      rows: 0,
      columns: [{ type: 'empty' }, { type: 'empty' }],
    });
    const names = (await csv('a,,a\nx,y,z\n')).columns.map(({ name }) => name);
    expect(names).toEqual(['a', '2', 'a (2)']);
  });

  test('10,000 columns', async () => {
    const row = (cell: (n: number) => string) => Array.from({ length: 10_000 }, (_, n) => cell(n)).join(',');
    const found = await text('a.csv', `${row((n) => `c${n}`)}\n${row(String)}\n${row(String)}\n`);
    expect(found.csv).toMatchObject({ columnCount: 10_000, rows: 2, header: true });
    expect(found.csv?.columns).toHaveLength(1000);
    const said = describe(found, phrasesFor('en').files);
    expect(said).toMatch(/only the first 1,000 columns/);
    expect(said.length).toBeLessThan(20_000);
  });

  test('a median of more numbers than are kept says so, and is near', async () => {
    const count = 120_000;
    const rows = Array.from({ length: count }, (_, n) => (n * 7919) % count);
    const found = (await csv(`n\n${rows.join('\n')}\n`)).columns[0]?.numbers;
    expect(found).toMatchObject({
      count,
      min: 0,
      max: count - 1,
      mean: (count - 1) / 2,
      sampled: true,
      sample: 50_000,
    });
    expect(Math.abs((found?.median ?? 0) - count / 2)).toBeLessThan(count * 0.02);
  });

  test('bytes that are only called a table', async () => {
    const found = await facts('a.csv', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]));
    expect(found).toMatchObject({ is: 'binary', format: 'PNG', claims: 'csv', size: 12 });
    expect(describe(found, phrasesFor('en').files)).toMatch(/PNG[\s\S]*should be CSV/);
    expect(await facts('b.csv', Buffer.alloc(5000, 3))).toMatchObject({ is: 'binary', format: undefined });
  });
});

suite('JSON', () => {
  test('an outline of what is nested, and figures', async () => {
    const found = await json(
      JSON.stringify({ title: 't', items: [{ price: 1, tags: ['a'] }, { price: 4.5 }], none: null }),
    );
    expect(found).toMatchObject({
      depth: 4,
      values: 1,
      cut: false,
      counts: { object: 3, array: 2, null: 1 },
    });
    expect(found.problem).toBeUndefined();
    const item = found.outline?.children[1]?.children[0];
    expect(item).toMatchObject({ path: 'items[]', kinds: { object: 2 } });
    expect(item?.children[0]).toMatchObject({
      path: 'items[].price',
      numbers: { count: 2, min: 1, max: 4.5, sum: 5.5 },
    });
  });

  test('lines of JSON', async () => {
    const found = await json('{"a":1}\n{"a":2}\n\n3', 'a.jsonl');
    expect(found).toMatchObject({ values: 3, outline: { kinds: { object: 2, number: 1 } } });
    expect((await json('{"a":1}\n{"a":2}')).problem).toMatchObject({
      code: 'unexpected',
      line: 2,
      column: 1,
    });
  });

  test.each([
    ['{"a": 1,\n  "b": tru }', 'bad_word', 2, 8],
    ['[1, 2', 'ends', 1, 6],
    ['{"a" 1}', 'unexpected', 1, 6],
    ['[1,]', 'unexpected', 1, 4],
    ['{"a":1,}', 'unexpected', 1, 8],
    ['["a\nb"]', 'control_character', 1, 4],
    ['["\\x"]', 'bad_escape', 1, 4],
    ['["\\u12g4"]', 'bad_escape', 1, 7],
    ['[01]', 'bad_number', 1, 2],
    ['[1.]', 'bad_number', 1, 2],
    ['{a:1}', 'unexpected', 1, 2],
    ['[1}', 'unexpected', 1, 3],
    ['[] []', 'unexpected', 1, 4],
    ['"a', 'ends', 1, 3],
    [' \n', 'no_value', 2, 1],
  ])('%j is not valid, and the place is named', async (content, code, line, column) => {
    expect((await json(content)).problem).toMatchObject({ code, line, column });
    expect(() => JSON.parse(content)).toThrow();
  });

  test('nested very deeply', async () => {
    const deep = await json(`${'[{"a":'.repeat(40_000)}1${'}]'.repeat(40_000)}`);
    expect(deep).toMatchObject({ depth: 80_000, cut: true });
    expect(deep.problem).toBeUndefined();
    expect((await json('['.repeat(200_000))).problem).toMatchObject({ code: 'too_deep', column: 100_001 });
  });

  test('more keys than an outline can show', async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`key${n}`, n]));
    const found = await text('a.json', JSON.stringify(many));
    expect(found.json).toMatchObject({ cut: true, counts: { number: 5000 } });
    expect(describe(found, phrasesFor('en').files).length).toBeLessThan(5000);
  });
});

suite('files that are not what they seem', () => {
  test('a directory, a pipe, a link out of the workspace, one that is not there', async () => {
    await mkdir(join(root, 'dir.txt'));
    await promisify(execFile)('mkfifo', [join(root, 'pipe.txt')]);
    for (const [name, code] of [
      ['dir.txt', 'not_a_file'],
      ['pipe.txt', 'not_a_file'],
      ['gone.txt', 'missing'],
      [`${'x'.repeat(300)}.txt`, 'missing'],
    ] as const) {
      await expect(place.open(name)).rejects.toSatisfy(
        (error) => isFileProblem(error) && error.code === code,
      );
    }
  });

  test('one that grows or shrinks while it is read', async () => {
    await writeFile(join(root, 'a.txt'), 'line\n'.repeat(200_000));
    for (const change of [
      () => appendFile(join(root, 'a.txt'), 'more\n'),
      () => truncate(join(root, 'a.txt'), 10),
    ]) {
      const file = await place.open('a.txt');
      let changed = false;
      const found = await examine(file, {
        signal,
        onProgress: async () => {
          if (!changed) await change();
          changed = true;
        },
      });
      expect(found).toMatchObject({ is: 'text' });
      expect(found.is === 'text' && found.text.lines).toBeLessThanOrEqual(200_001);
      await file.handle.close();
    }
  });

  test('reading stops when it is not wanted any more', async () => {
    await writeFile(join(root, 'a.csv'), 'a,b\n'.repeat(200_000));
    const file = await place.open('a.csv');
    const stop = new AbortController();
    const reading = examine(file, {
      signal: stop.signal,
      onProgress: () => void stop.abort(new Error('stop')),
    });
    await expect(reading).rejects.toThrow('stop');
    await file.handle.close();
  });
});
