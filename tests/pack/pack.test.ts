/** The published packages, installed from their tarballs into a project of somebody else. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
let project = '';

/** The output of a program that must succeed. */
const run = (program: string, args: string[], cwd = project) => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  expect(`${status} ${status === 0 ? '' : stdout + stderr}`).toBe('0 ');
  return stdout;
};

beforeAll(() => {
  // Outside of the repository, or Node would find the sources in a directory above.
  project = mkdtempSync(path.join(tmpdir(), 'surfaces-pack-'));
  const tarballs = run(process.execPath, ['scripts/pack.ts', '--out', path.join(project, 'tarballs')], root);
  writeFileSync(path.join(project, 'package.json'), '{ "name": "somebody", "type": "module" }');
  const own = tarballs.split('\n').filter((line) => /(protocol|core|sdk)-[\d.]+tgz$/.test(line));
  expect(own).toHaveLength(3);
  run('npm', ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', ...own]);
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

test('they are imported from node_modules and work', () => {
  writeFileSync(
    path.join(project, 'use.js'),
    `import { addressKey, OutgoingMessage } from '@surfaces/protocol';
     import { SurfaceError, isSurfaceError } from '@surfaces/core';
     import { splitMarkdown } from '@surfaces/core/markdown';
     import { FakeSurface } from '@surfaces/core/testing';
     import * as sdk from '@surfaces/sdk';
     const surface = new FakeSurface();
     const room = surface.messenger.room('r');
     await surface.start(async () => ({ outcome: 'accepted' }));
     const message = OutgoingMessage.parse({ kind: 'message', role: 'agent', markdown: 'hello' });
     await surface.send(room, message, 'op', AbortSignal.timeout(5000));
     await surface.stop();
     console.log(JSON.stringify({
       key: addressKey(room),
       shown: surface.messenger.shown(room)[0].message.markdown,
       parts: splitMarkdown('one two three four five', { limit: 16 }).length,
       branded: isSurfaceError(new SurfaceError('refused', 'no')),
       sdk: Object.keys(sdk).length > 0,
       from: import.meta.resolve('@surfaces/core').includes('/node_modules/@surfaces/core/dist/index.js'),
     }));`,
  );
  expect(JSON.parse(run(process.execPath, ['use.js']))).toEqual({
    key: 'fake/bot/r',
    shown: 'hello',
    parts: 2,
    branded: true,
    sdk: true,
    from: true,
  });
});

test('their types are found by a strict compiler', () => {
  writeFileSync(
    path.join(project, 'use.ts'),
    `import type { Address } from '@surfaces/protocol';
     import type { SurfaceAdapter } from '@surfaces/core';
     import { FakeSurface } from '@surfaces/core/testing';
     import { createAgentClient, serveAgent } from '@surfaces/sdk';
     // @ts-expect-error both need options
     export const open = () => [createAgentClient(), serveAgent()];
     export const adapter: SurfaceAdapter = new FakeSurface();
     // @ts-expect-error a thread without its thread is no address
     export const address: Address = { kind: 'thread', room: 'r' };
     // @ts-expect-error so it is not just any
     export const limit: string = adapter.capabilities.text.limit;`,
  );
  // Node's types are the user's to install; those of our dependencies must not be needed.
  const typeRoots = [path.join(root, 'node_modules/@types')];
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2024',
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots,
  };
  writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }));
  run(process.execPath, [path.join(root, 'node_modules/typescript-7/bin/tsc'), '-p', '.']);
});

test('nothing but what was compiled is published, and versions of our own are exact', () => {
  const installed = path.join(project, 'node_modules/@surfaces/core');
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
  expect(manifest.dependencies['@surfaces/protocol']).toBe(manifest.version);
  expect(manifest.private).toBeUndefined();
  const files = run('find', [installed, '-type', 'f', '-not', '-path', '*/dist/*', '-printf', '%f\n']);
  expect(files.trim().split('\n').sort()).toEqual(expect.arrayContaining(['LICENSE', 'package.json']));
  expect(run('find', [installed, '-name', '*.test.*']).trim()).toBe('');
});
