/** What the commands do with answers of an operator and of whoever sits there. */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeptFile } from '@surfaces/core';
import { FileId, PersonId } from '@surfaces/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Door, openDoor } from '../operator/door.ts';
import type { Operator } from '../operator/operator.ts';
import { exportTo } from './export-person.ts';
import { personCommand } from './index.ts';

const ann = PersonId.parse('person-ann');
const kept = (name: string, size = 3): KeptFile => ({
  id: FileId.parse(name.replaceAll(/\W/g, '_').padEnd(20, '_')),
  name,
  mediaType: 'text/plain',
  size,
});

let directory: string;
let door: Door | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'surfaces-commands-'));
});
afterEach(async () => {
  await door?.close();
  door = undefined;
});

function operatorOf(files: readonly KeptFile[], more: Partial<Operator> = {}): Operator {
  return {
    deadLetters: async () => [],
    deadLetter: async () => undefined,
    replay: async () => 0,
    drop: async () => 0,
    people: async () => [{ id: ann, name: 'Ann\u001b[2J', identities: [], chats: 1 }],
    holdings: async () => ({ chats: 1, messages: 2, history: 4, files: 1, fileBytes: 3, contexts: 1 }),
    records: async function* () {
      yield { kind: 'person', data: { id: ann } };
    },
    files: async function* () {
      yield* files;
    },
    read: async function* () {
      yield new Uint8Array(3);
    },
    forget: async () => ({ left: [], stays: [] }),
    ...more,
  };
}

const never = new AbortController().signal;

test('files of the same name, in any case, are all there', async () => {
  const files = ['a.txt', 'A.txt', 'b/a.txt'].map((name) => kept(name));
  const out = join(directory, 'out');
  expect(await exportTo(out, operatorOf(files), ann, never)).toEqual({ records: 1, files: 3 });
  expect(readdirSync(join(out, 'files')).map((name) => name.toLowerCase())).toHaveLength(3);
  expect(new Set(readdirSync(join(out, 'files')).map((name) => name.toLowerCase())).size).toBe(3);
});

test('what was cut off, or ended by Ctrl-C, leaves nothing that could be taken for the whole', async () => {
  const out = join(directory, 'out');
  const short = operatorOf([kept('a.txt', 10)]);
  await expect(exportTo(out, short, ann, never)).rejects.toThrow('3 of 10 bytes');
  const stop = new AbortController();
  const stopped = operatorOf([kept('a.txt')], {
    read: async function* () {
      stop.abort(new Error('Ctrl-C'));
      yield new Uint8Array(3);
    },
  });
  await expect(exportTo(out, stopped, ann, stop.signal)).rejects.toThrow('Ctrl-C');
  expect(readdirSync(directory)).toEqual([]);
});

test('a file that was deleted meanwhile is left out', async () => {
  const listed = [kept('a.txt'), kept('gone.txt')];
  const operator = operatorOf(listed, {
    files: async function* () {
      yield* listed.splice(0, 2);
      yield kept('a.txt');
    },
    read: async function* (_, id) {
      if (id === kept('gone.txt').id) throw new Error('there is no such file');
      yield new Uint8Array(3);
    },
  });
  expect(await exportTo(join(directory, 'out'), operator, ann, never)).toMatchObject({ files: 2 });
  expect(readdirSync(join(directory, 'out/files'))).toHaveLength(2);
});

test('a directory with something in it is not touched', async () => {
  writeFileSync(join(directory, 'mine'), 'x');
  await expect(exportTo(directory, operatorOf([]), ann, never)).rejects.toThrow('is there already');
  expect(readdirSync(directory)).toEqual(['mine']);
});

test.each([
  ['yes', 1, 0],
  ['y', 0, 1],
  ['', 0, 1],
])('asked and answered %j: deleted %i times, exit code %i', async (answer, times, code) => {
  const forget = vi.fn(async () => ({ left: [], stays: [] }));
  const logger = {
    debug: vi.fn(),
    info: vi.fn(),
    warn: vi.fn(),
    error: vi.fn(),
    child: vi.fn(),
    isDebug: () => false,
  };
  const status = async () => ({
    app: 'a',
    version: '1',
    pid: 1,
    surfaces: [],
    queued: 0,
    running: 0,
    deadLetters: 0,
  });
  door = await openDoor({ dataDir: directory, operator: operatorOf([], { forget }), status, logger });
  let err = '';
  const ended = await personCommand(['delete', ann], {
    env: { SURFACES_DATA_DIR: directory },
    directory,
    out: async () => undefined,
    err: (text) => {
      err += text;
    },
    ask: async () => answer,
    signal: never,
  });
  expect(ended).toBe(code);
  expect(forget).toHaveBeenCalledTimes(times);
  expect(err).toContain('2 messages');
  expect(err).not.toContain('\u001b');
});
