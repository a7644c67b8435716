import type { PostgresDatabase } from '@surfaces/testkit';
import { storeSuite } from '@surfaces/testkit/store';
import { vi } from 'vitest';
import { postgresForTests } from './fixtures/server.ts';
import { openPostgres } from './open.ts';

// Each case has a database of its own, on a machine that is shared.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const server = postgresForTests();
let migrated: Promise<PostgresDatabase> | undefined;

async function migrate(): Promise<PostgresDatabase> {
  const database = await (await server()).createDatabase();
  await (await openPostgres(database)).store.close();
  return database;
}

storeSuite(
  'the PostgreSQL store',
  async () => {
    migrated ??= migrate();
    const { url, drop } = await (await server()).createDatabase(await migrated);
    const opened: Awaited<ReturnType<typeof openPostgres>>[] = [];
    return {
      async open() {
        const process = await openPostgres({ url });
        opened.push(process);
        return process;
      },
      async cleanup() {
        await Promise.all(opened.map(({ store }) => store.close()));
        await drop();
      },
    };
  },
  { runs: 8 },
);
