import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeSuite } from '@surfaces/testkit/store';
import { openSqlite } from './open.ts';

storeSuite(
  'the SQLite store',
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'surfaces-store-'));
    const opened: Awaited<ReturnType<typeof openSqlite>>[] = [];
    return {
      async open() {
        // Not exclusive: a process that was taken for dead goes on writing beside its heir.
        const process = await openSqlite({ dataDir, exclusive: false });
        opened.push(process);
        return { store: process.store, kill: process.terminate, lapse: async () => undefined };
      },
      async cleanup() {
        await Promise.all(opened.map(({ store }) => store.close()));
        await rm(dataDir, { recursive: true });
      },
    };
  },
  { noTwoLive: 'two live processes are refused on one data directory', runs: 8 },
);
