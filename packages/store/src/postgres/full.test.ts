/** The server's disk is full: the tables are on a small one of their own. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { liveOrSkip } from '@surfaces/testkit';
import { expect, it, vi } from 'vitest';
import { acceptInput } from './fixtures/conversation.ts';
import { postgresForTests } from './fixtures/server.ts';
import { openPostgresStore } from './index.ts';

vi.setConfig({ testTimeout: 90_000 });

const server = postgresForTests();

it('says that the disk is full, keeps what it promised, and goes on when there is room', async (context) => {
  liveOrSkip(context, 'tmpfs');
  if (process.env.TEST_POSTGRES_URL)
    context.skip('a server that TEST_POSTGRES_URL names has disks of its own');
  const postgres = await server();
  const directory = mkdtempSync(path.join(tmpdir(), 'surfaces-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'surfaces', directory]);
  try {
    // The server, another user, makes its files in it.
    chmodSync(directory, 0o777);
    const place = path.join(directory, 'tables');
    await postgres.sql(`COPY (SELECT 1) TO PROGRAM 'mkdir -m 700 ${place}'`);
    await postgres.sql(`CREATE TABLESPACE small LOCATION '${place}'`);
    const database = await postgres.createDatabase();
    await postgres.sql(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET TABLESPACE small`);
    const store = await openPostgresStore({ url: database.url });
    const filler = path.join(directory, 'filler');
    const free = Number(
      execFileSync('df', ['--output=avail', '-B1', directory], { encoding: 'utf8' }).split('\n')[1],
    );
    writeFileSync(filler, Buffer.alloc(free - 300_000));

    const accepted: string[] = [];
    let refusal: unknown;
    for (let at = 0; refusal === undefined; at += 1) {
      try {
        await store.accept(acceptInput(`e${at}`, `room ${at}`, 'x'.repeat(50_000 + at)));
        accepted.push(`e${at}`);
      } catch (error) {
        refusal = error;
      }
    }
    expect(refusal).toMatchObject({ code: 'disk_full', message: expect.stringContaining('make room') });

    rmSync(filler);
    const refused = accepted.length;
    const again = await store.accept(acceptInput(`e${refused}`, `room ${refused}`));
    expect(again.outcome).toBe('turn');
    for (const [at, event] of accepted.entries()) {
      expect((await store.accept(acceptInput(event, `room ${at}`))).outcome).toBe('duplicate');
    }
    expect((await store.counts()).queued).toBe(refused + 1);
    await store.close();
    await database.drop();
    await postgres.sql('DROP TABLESPACE small');
  } finally {
    await postgres.stop();
    execFileSync('umount', [directory]);
    rmdirSync(directory);
  }
});
