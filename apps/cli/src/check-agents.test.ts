import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const ENTRY = fileURLToPath(new URL('./check-agents.ts', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(args: string[], directory: string) {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  children.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    said.out += data;
  });
  child.stderr.on('data', (data) => {
    said.err += data;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, ...said }));
  return { child, ended };
}

test('as a process: JSON for programs, and the exit code', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-cli-'));
  writeFileSync(join(directory, 'agents.yaml'), 'agents: [{id: a, base_url: "http://127.0.0.1:9/"}]');
  const failed = await start(['--config', 'agents.yaml', '--json'], directory).ended;
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.out)).toMatchObject({ ok: false, agents: [{ agent: 'a', stage: 'connect' }] });
  expect((await start(['--nonsense'], directory).ended).code).toBe(2);
  expect(await start(['--help'], directory).ended).toMatchObject({ code: 0, err: '' });
});

test('Ctrl-C ends it at once and leaves nothing behind', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    silent.emit('asked');
  }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-cli-'));
  const asked = once(silent, 'asked');
  const url = `http://127.0.0.1:${port}/`;
  const { child, ended } = start(['--base-url', url, '--timeout', '3000'], directory);
  await asked;
  child.kill('SIGINT');
  const { code, out, err } = await ended;
  expect({ code, out }).toEqual({ code: 130, out: '' });
  expect(err).toContain('nothing is left behind');
  expect(readdirSync(directory)).toEqual([]);
  for (const socket of sockets) socket.destroy();
  silent.close();
});
