import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeSurface } from '@surfaces/core/testing';
import { serveAgent } from '@surfaces/sdk';
import { liveOrSkip, type PostgresServer, startPostgres } from '@surfaces/testkit';
import { afterAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { EXIT } from './exit-codes.ts';
import { prepareApp, startApp } from './start.ts';
import { exitCodeOf } from './start-error.ts';
import { defineSurface } from './surface.ts';

let server: PostgresServer | undefined;
afterAll(() => server?.stop());

function prepare(url: string, agentUrl: string) {
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-start-'));
  const fake = new FakeSurface();
  const log: string[] = [];
  const prepared = prepareApp(
    {
      name: 'test',
      version: '1',
      summary: '',
      surfaces: [defineSurface({ name: 'fake', schema: z.object({}), variables: {}, create: () => fake })],
    },
    {
      env: { SURFACES_DATA_DIR: directory, HEALTH_PORT: '0', AGENT_BASE_URL: agentUrl, DATABASE_URL: url },
      directory,
      isTerminal: false,
      logTarget: { write: (line) => log.push(line) },
    },
  );
  return { prepared, fake, directory, log };
}

test('an app on PostgreSQL answers, goes on after a restart, and shows no password', async (context) => {
  liveOrSkip(context, 'postgres');
  server ??= await startPostgres();
  const database = await server.createDatabase();
  const agent = await serveAgent({ onTurn: (turn) => turn.write(`you said ${turn.text}`) });
  try {
    const { prepared, fake, directory, log } = prepare(database.url, agent.url);
    const signal = new AbortController().signal;
    for (const text of ['hello', 'again']) {
      const app = await startApp(prepared, signal);
      const room = fake.messenger.room('r');
      fake.messenger.say(room, text);
      await vi.waitFor(
        () =>
          expect(fake.messenger.shown(room).map(({ message }) => message.markdown)).toContain(
            `you said ${text}`,
          ),
        5_000,
      );
      await app.stop(1_000);
    }
    // Nothing but files is kept in the data directory then.
    const kept = existsSync(directory) ? readdirSync(directory) : [];
    expect(kept.filter((name) => name !== 'files')).toEqual([]);

    const wrong = database.url.replace(/\/[^/?]+(\?|$)/, '/no_such_database$1');
    const error = await startApp(prepare(wrong, agent.url).prepared, signal).catch((failure) => failure);
    expect(exitCodeOf(error)).toBe(EXIT.unavailable);
    expect(error.message).toContain('no such database');
    const { password } = new URL(database.url);
    expect(password).not.toBe('');
    expect(error.message + log.join('')).not.toContain(password);
  } finally {
    await agent.close({ drainMs: 0 });
    await database.drop();
  }
});
