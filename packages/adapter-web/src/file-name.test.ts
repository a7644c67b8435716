import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentDisposition } from './file-name.ts';
import { parseRange } from './ranges.ts';

describe('a name in Content-Disposition', () => {
  it.each([
    ['report.pdf', 'attachment; filename="report.pdf"'],
    ['a "b" \\c.txt', `attachment; filename="a _b_ _c.txt"; filename*=UTF-8''a%20%22b%22%20_c.txt`],
    ['отчёт.csv', `attachment; filename="_____.csv"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82.csv`],
    ["100%'(1)*.txt", `attachment; filename="100_'(1)*.txt"; filename*=UTF-8''100%25%27%281%29%2A.txt`],
    ['a\r\nSet-Cookie: x=1', 'attachment; filename="a__Set-Cookie: x=1"'],
    ['../../etc/passwd', 'attachment; filename=".._.._etc_passwd"'],
    ['gpj.\u202eexe', 'attachment; filename="gpj._exe"'],
    ['', 'attachment; filename="file"'],
  ])('%j', (name, expected) => {
    expect(contentDisposition('attachment', name)).toBe(expected);
  });

  it('is a header whatever the name is, and says it exactly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => {
        const header = contentDisposition('inline', name);
        expect(header).toMatch(/^inline; filename="[^"\\%]*"(; filename\*=UTF-8''[\w!#$&+.^`|~%-]*)?$/);
        const encoded = header.split("UTF-8''")[1];
        if (encoded === undefined) return;
        const shown = decodeURIComponent(encoded);
        expect(shown).toHaveLength(name.toWellFormed().length);
      }),
    );
  });
});

describe('a Range', () => {
  it.each([
    [undefined, undefined],
    ['bytes=0-', { from: 0, to: 100 }],
    ['bytes=10-19', { from: 10, to: 20 }],
    ['Bytes= 99-99', { from: 99, to: 100 }],
    ['bytes=10-1000', { from: 10, to: 100 }],
    ['bytes=-5', { from: 95, to: 100 }],
    ['bytes=-1000', { from: 0, to: 100 }],
    ['bytes=100-', 'none'],
    ['bytes=-0', 'none'],
    ['bytes=99999999999999999999999-', 'none'],
    ['bytes=20-10', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,5-6', undefined],
    ['bytes=a-b', undefined],
    ['bytes=1.5-2', undefined],
    ['bytes=--5', undefined],
    ['chars=0-1', undefined],
    ['0-1', undefined],
    ['', undefined],
  ])('%j of 100 bytes', (header, expected) => {
    expect(parseRange(header, 100)).toEqual(expected);
  });

  it('is always within the file', () => {
    const number = fc.oneof(fc.constant(''), fc.nat().map(String), fc.bigInt({ min: 0n }).map(String));
    fc.assert(
      fc.property(number, number, fc.integer({ min: 1 }), (first, last, size) => {
        const range = parseRange(`bytes=${first}-${last}`, size);
        if (range === undefined || range === 'none') return;
        expect(range.from).toBeGreaterThanOrEqual(0);
        expect(range.to).toBeGreaterThan(range.from);
        expect(range.to).toBeLessThanOrEqual(size);
      }),
    );
  });
});
