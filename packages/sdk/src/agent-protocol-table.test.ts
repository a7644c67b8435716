import { readFile, writeFile } from 'node:fs/promises';
import { resumeTableMarkdown } from '@surfaces/testkit/agent';
import { expect, test } from 'vitest';

const FILE = new URL('../../../docs/agent-protocol-table.md', import.meta.url);

// UPDATE_DOCS=1 writes the file instead.
test('the table in docs is the one that is tested', async () => {
  const table = resumeTableMarkdown();
  if (process.env.UPDATE_DOCS === '1') await writeFile(FILE, table);
  expect(await readFile(FILE, 'utf8')).toBe(table);
});
