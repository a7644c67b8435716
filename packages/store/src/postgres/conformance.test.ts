import { storeSuite } from '@surfaces/testkit/store';
import { postgresForTests } from './fixtures/server.ts';
import { openPostgres } from './open.ts';

const server = postgresForTests();

storeSuite(
  'the PostgreSQL store',
  async () => {
    const { url, drop } = await (await server()).createDatabase();
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
