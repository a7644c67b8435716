import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

function queue() {
  const said: string[] = [];
  const made = new EventQueue<string>(
    { full: () => said.push('full'), emptied: () => said.push('emptied') },
    (text) => text.length,
  );
  return { made, said };
}

test('a few large events are as full as many small ones', async () => {
  const { made, said } = queue();
  const large = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 8; i++) made.push(large);
  expect(said).toEqual(['full']);
  for (let i = 0; i < 8; i++) expect((await made.next()).value).toBe(large);
  expect(said).toEqual(['full', 'emptied']);
});

test('many small events fill it, and make room before the last is taken', async () => {
  const { made, said } = queue();
  for (let i = 0; i < 1024; i++) made.push(String(i));
  expect(said).toEqual(['full']);
  for (let i = 0; i < 1000; i++) expect((await made.next()).value).toBe(String(i));
  expect(said).toEqual(['full', 'emptied']);
  made.drop();
  for (let i = 0; i < 1023; i++) made.push('');
  expect(said).toEqual(['full', 'emptied']);
});

test('lets go of what was taken, though the caller is always behind', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const made = new EventQueue<object>({ full() {}, emptied() {} }, () => 0);
  const taken: WeakRef<object>[] = [];
  made.push({});
  for (let i = 0; i < 1000; i++) {
    made.push({});
    taken.push(new WeakRef((await made.next()).value ?? {}));
  }
  await new Promise(setImmediate);
  collect();
  expect(taken.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(200);
});
