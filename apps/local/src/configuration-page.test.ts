import { readFile, writeFile } from 'node:fs/promises';
import { webSurface } from '@surfaces/adapter-web';
import { configurationPage } from '@surfaces/runtime/configuration-page';
import { expect, test } from 'vitest';

const FILE = new URL('../../../docs/configuration.md', import.meta.url);

// UPDATE_DOCS=1 writes the file instead.
test('the configuration reference is what the schemas say', async () => {
  const page = configurationPage([webSurface]);
  if (process.env.UPDATE_DOCS === '1') await writeFile(FILE, page);
  expect(await readFile(FILE, 'utf8')).toBe(page);
});

test('every variable of .env.example is in it, and the other way round', async () => {
  const example = await readFile(new URL('../../../.env.example', import.meta.url), 'utf8');
  const shown = [...example.matchAll(/^#?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  const page = configurationPage([webSurface]);
  const listed = [...page.matchAll(/^\| `([A-Z_]+)` /gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(shown.toSorted());
});
