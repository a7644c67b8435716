import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { beforeAll, expect, test } from 'vitest';
import { readTls } from './certificates.ts';
import { linesOf } from './open-registry.ts';
import { readRegistry } from './read-registry.ts';

const DAY = 24 * 3600 * 1000;
const NOW = Date.parse('2030-01-10T00:00:00Z');
const directory = mkdtempSync(join(tmpdir(), 'surfaces-certificates-'));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

async function pair(fromDays: number, toDays: number) {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'surfaces' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(NOW + fromDays * DAY),
    notAfterDate: new Date(NOW + toDays * DAY),
  });
  return { cert, key };
}

let good: { cert: string; key: string };
let old: typeof good;
let early: typeof good;

beforeAll(async () => {
  [good, old, early] = await Promise.all([pair(-1, 30), pair(-30, -1), pair(5, 30)]);
});

const messages = async (paths: Parameters<typeof readTls>[0]) =>
  (await readTls(paths, NOW)).problems.map(
    ({ part, message }) => `${part}: ${message.replaceAll(directory, '')}`,
  );

test('files that fit', async () => {
  const paths = {
    ca: file('ca.pem', `# two\n${old.cert}\n${good.cert}`),
    cert: file('cert.pem', good.cert),
    key: file('key.pem', good.key),
  };
  const { problems, tls, ends } = await readTls(paths, NOW);
  expect(problems).toEqual([]);
  expect(tls.key).toBe(good.key);
  expect(ends).toEqual([
    { part: 'ca', at: NOW + 30 * DAY },
    { part: 'cert', at: NOW + 30 * DAY },
  ]);
});

test('files that do not: which, and what to do, and never what is in them', async () => {
  const cert = file('good.pem', good.cert);
  const key = file('good.key', good.key);
  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey;
  expect(await messages({ cert, key: join(directory, 'none') })).toEqual(['key: /none is not there']);
  expect(await messages({ cert: directory, key })).toEqual(['cert:  is a directory, not a file']);
  expect(await messages({ cert })).toEqual(['cert: needs `key`, its private key, too']);
  expect(await messages({ key })).toEqual(['key: needs `cert`, its certificate, too']);
  expect(await messages({ cert, key: file('other.key', old.key) })).toEqual([
    'key: /other.key is not the key of the certificate in /good.pem',
  ]);
  expect(await messages({ cert: file('old.pem', old.cert), key: file('old.key', old.key) })).toEqual([
    'cert: /old.pem expired on 2030-01-09: have a new certificate made',
  ]);
  expect(await messages({ ca: file('early.pem', early.cert) })).toEqual([
    'ca: /early.pem is valid only from 2030-01-15: is the clock right?',
  ]);
  expect(await messages({ cert: key, key: cert })).toEqual([
    'cert: /good.key is no certificate in PEM form (-----BEGIN CERTIFICATE-----)',
    'key: /good.pem is no private key in PEM form (-----BEGIN PRIVATE KEY-----)',
  ]);
  expect(await messages({ cert, key: file('encrypted.key', encrypted) })).toEqual([
    expect.stringContaining('key: /encrypted.key is encrypted'),
  ]);
  const broken = good.cert.replace(/\n.{20}/, '\n!!!!');
  expect(await messages({ ca: file('broken.pem', broken) })).toEqual([
    'ca: /broken.pem is no certificate in PEM form (-----BEGIN CERTIFICATE-----)',
  ]);
});

test('in the registry: found beside it, wrong ones named where they are written', async () => {
  file('cert.pem', good.cert);
  file('key.pem', good.key);
  const path = file(
    'agents.yaml',
    'agents:\n  - id: a\n    base_url: https://h/\n    auth:\n      cert: cert.pem\n      key: key.pem\n',
  );
  const reading = await readRegistry(path, {}, NOW);
  expect(reading.registry?.agents[0]?.access.tls).toEqual(good);
  expect(reading.registry?.secrets).toContain(good.key);
  expect(reading.files).toEqual([path, join(directory, 'cert.pem'), join(directory, 'key.pem')]);
  file('key.pem', old.key);
  const wrong = await readRegistry(path, {}, NOW);
  expect(linesOf('agents.yaml', wrong)).toEqual([
    expect.stringMatching(
      /^agents\.yaml:6:7 agents\[0\]\.auth\.key: .* is not the key of the certificate in/,
    ),
  ]);
  // They are looked at although they were wrong: mending them is a new version.
  expect(wrong.files).toEqual(reading.files);
});
