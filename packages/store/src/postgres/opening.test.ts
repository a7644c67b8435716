/** Starting: on an empty database, on a known one, on a newer one, and where nothing can be had. */
import { isStoreError } from '@surfaces/core';
import type { PostgresDatabase } from '@surfaces/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acceptInput } from './fixtures/conversation.ts';
import { postgresForTests } from './fixtures/server.ts';
import { openPostgresStore } from './index.ts';

const server = postgresForTests();
let database: PostgresDatabase;

beforeEach(async () => {
  database = await (await server()).createDatabase();
});

afterEach(async () => {
  await database?.drop();
});

const sql = async (text: string) => await (await server()).sql(text, database.url);

async function refusal(url: string) {
  const error: unknown = await openPostgresStore({ url }).catch((reason: unknown) => reason);
  if (!isStoreError(error)) throw error;
  return error;
}

it('makes its tables once, and finds them as they are at the next start', async () => {
  const first = await openPostgresStore({ url: database.url });
  const { outcome } = await first.accept(acceptInput('e1', 'lobby'));
  expect(outcome).toBe('turn');
  await first.close();
  const made = await sql('SELECT count(*), max(created_at) FROM drizzle.__drizzle_migrations');
  const second = await openPostgresStore({ url: database.url });
  expect((await second.accept(acceptInput('e1', 'lobby'))).outcome).toBe('duplicate');
  await second.close();
  expect(await sql('SELECT count(*), max(created_at) FROM drizzle.__drizzle_migrations')).toBe(made);
});

it('makes its tables once when many start at the same time', async () => {
  const stores = await Promise.all(
    Array.from({ length: 6 }, () => openPostgresStore({ url: database.url, poolSize: 2 })),
  );
  const accepted = await Promise.all(stores.map((store) => store.accept(acceptInput('same', 'lobby'))));
  expect(accepted.map(({ outcome }) => outcome).toSorted()).toEqual([
    ...Array.from({ length: 5 }, () => 'duplicate'),
    'turn',
  ]);
  await Promise.all(stores.map((store) => store.close()));
});

it('leaves nothing of a migration that was broken off', async () => {
  await sql('CREATE TABLE turns (mine text)');
  expect((await refusal(database.url)).code).toBe('failed');
  expect(await sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).toBe('1');
  await sql('DROP TABLE turns');
  await (await openPostgresStore({ url: database.url })).close();
});

it('refuses a database of a newer version and changes nothing', async () => {
  await (await openPostgresStore({ url: database.url })).close();
  await sql(
    "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('of tomorrow', 9999999999999)",
  );
  const error = await refusal(database.url);
  expect(error.code).toBe('newer');
  expect(error.message).toContain('newer version');
  await sql("DELETE FROM drizzle.__drizzle_migrations WHERE hash = 'of tomorrow'");
  await (await openPostgresStore({ url: database.url })).close();
});

it('says what is wrong when the login is refused, and no password', async () => {
  const url = new URL(database.url);
  url.password = 'not-the-password';
  const error = await refusal(url.href);
  expect(error.code).toBe('unreachable');
  expect(error.message).toMatch(/refuses the login/);
  expect(error.message).toContain('127.0.0.1');
  expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain(
    url.password,
  );
});

it('says what is wrong when there is no server, no database or no URL', async () => {
  const nobody = await refusal('postgres://ann:secret-word@127.0.0.1:1/surfaces');
  expect(nobody).toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/cannot be reached.*ECONNREFUSED/),
  });
  const url = new URL(database.url);
  url.pathname = '/no_such_database';
  expect(await refusal(url.href)).toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('no such database'),
  });
  for (const wrong of [
    'postgres://ann:secret#word@host:port/x',
    'mysql://ann:secret-word@host/x',
    'secret-word',
  ]) {
    const error = await refusal(wrong);
    expect(error.code).toBe('unreachable');
    expect(error.message).toContain('DATABASE_URL');
    expect(error.message).not.toContain('secret');
  }
});

it('refuses a database that cannot hold all languages', async () => {
  await (await server()).sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  const url = new URL(database.url);
  url.pathname = '/latin';
  expect(await refusal(url.href)).toMatchObject({ message: expect.stringMatching(/LATIN1.*UTF8/) });
  await (await server()).sql('DROP DATABASE latin');
});

it('wants no more of its user than to own the database', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await sql(`CREATE ROLE plain_${name} LOGIN PASSWORD 'p'; ALTER DATABASE ${name} OWNER TO plain_${name}`);
  const url = new URL(database.url);
  url.username = `plain_${name}`;
  url.password = 'p';
  for (const outcome of ['turn', 'duplicate']) {
    const store = await openPostgresStore({ url: url.href });
    expect((await store.accept(acceptInput('e1', 'lobby'))).outcome).toBe(outcome);
    await store.probe();
    await store.close();
  }
  await sql(`REASSIGN OWNED BY plain_${name} TO CURRENT_USER; DROP ROLE plain_${name}`);
});

it('refuses a user who may not write', async () => {
  await (await openPostgresStore({ url: database.url })).close();
  const role = `reader_${Date.now()}`;
  await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'r'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'r';
  expect(await refusal(url.href)).toMatchObject({ code: 'not_writable' });
  await sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
});
