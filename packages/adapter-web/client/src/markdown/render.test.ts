import { parseMarkdown } from '@surfaces/core/markdown';
import fc from 'fast-check';
import { Fragment, h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { expect, it } from 'vitest';
import { definitionsOf, renderNode, safeHref } from './render.tsx';

function show(markdown: string): string {
  const blocks = parseMarkdown(markdown).children;
  const defs = definitionsOf(blocks);
  return renderToString(h(Fragment, null, ...blocks.map((block) => renderNode(block, defs))));
}

const OUR_TAGS =
  /^(p|h[3-6]|em|strong|del|code|br|hr|blockquote|ul|ol|li|span|input|a|sup|div|figure|figcaption|pre|table|thead|tbody|tr|th|td|button)$/;

it.each([
  ['raw HTML', '<img src=x onerror=alert(1)>'],
  ['a script', '<script>alert(1)</script>'],
  ['HTML inside a line', 'a <b onmouseover="alert(1)">b</b>'],
  ['HTML in a link', '[<img src=x onerror=alert(1)>](https://example.org)'],
  ['HTML in code', '`<script>alert(1)</script>`'],
  ['HTML in a fence', '```<script>\n</code><script>alert(1)</script>\n```'],
  ['an attribute that is broken out of', '[a](https://example.org/"onclick="alert(1))'],
  ['a quote in alt', '![" onerror="alert(1)](https://example.org/x.png)'],
  ['HTML in a table', '| a |\n|---|\n| <svg onload=alert(1)> |'],
  ['HTML in a footnote', '[^1]\n\n[^1]: <iframe src="javascript:alert(1)">'],
])('shows %s as text', (_, markdown) => {
  const html = show(markdown);
  expect(html).not.toMatch(/<(script|img|svg|iframe|b)\b/i);
  expect(html).not.toMatch(/<[^>]*\son\w+=/i);
});

it.each([
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'file:///etc/passwd',
  'blob:https://example.org/x',
  '//example.org',
  '/relative',
  'x',
])('does not open %j', (url) => {
  expect(safeHref(url)).toBeUndefined();
  expect(show(`[text](<${url.replace(/[<>]/g, '')}>)`)).not.toContain('href');
});

it('opens what is safe, in its own tab and without a referrer', () => {
  for (const url of ['https://example.org/a?b=c', 'http://example.org/', 'mailto:a@example.org']) {
    expect(show(`[text](${url})`)).toContain(
      `<a href="${url}" target="_blank" rel="noopener noreferrer nofollow">text</a>`,
    );
  }
});

it('never loads a picture by itself', () => {
  const html = show('![alt](https://example.org/x.png)');
  expect(html).toContain('href="https://example.org/x.png"');
  expect(html).not.toContain('src=');
});

it('resolves references, also to what stands below, but not to unsafe addresses', () => {
  expect(show('[a][1]\n\n[1]: https://example.org/')).toContain('href="https://example.org/"');
  expect(show('[a][1]\n\n[1]: javascript:alert(1)')).not.toContain('href');
});

it('shows tables, tasks, headings below the page title and code without its fence', () => {
  const html = show(
    '# Title\n\n- [x] done\n- [ ] open\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```ts\nlet a\n```',
  );
  expect(html).toContain('<h3 dir="auto">Title</h3>');
  expect(html.match(/type="checkbox"/g)).toHaveLength(2);
  expect(html).toContain('data-align="right"');
  expect(html).toContain('let a');
  expect(html).not.toContain('```');
});

it('does not fall over deep nesting', () => {
  expect(show(`${'> '.repeat(300)}deep`)).toContain('deep');
  expect(show(`${'- '.repeat(300)}deep`)).toContain('deep');
});

it('makes no element of its own kind and no handler out of any text', () => {
  const nasty = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        '<',
        '>',
        '"',
        "'",
        '](',
        '[',
        '![',
        'javascript:',
        '<script>',
        '```',
        '|',
        '\n',
        '&lt;',
        'on',
        '=',
      ),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(nasty, (pieces) => {
      const html = show(pieces.join(''));
      for (const [, tag] of html.matchAll(/<([a-z][a-z0-9]*)\b/gi)) expect(tag).toMatch(OUR_TAGS);
      for (const [, href] of html.matchAll(/href="([^"]*)"/g)) expect(href).toMatch(/^(https?:|mailto:)/);
    }),
    { numRuns: 500 },
  );
});
