import { FileId } from '@surfaces/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PageFile } from '../../src/frames.ts';
import { keep, kept } from './kept.ts';
import { storage } from './testing-storage.ts';
import { type Sent, UploadSlots } from './uploads.ts';
import { Writings } from './writing.ts';

beforeEach(() => {
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('sessionStorage', storage());
});
afterEach(() => vi.unstubAllGlobals());

const turn = () => new Promise((resolve) => setImmediate(resolve));
const UP: PageFile = { id: FileId.parse('file-0000000000000001'), name: 'a', mediaType: '', size: 1 };

function writingsOf(person: string) {
  const sent: unknown[] = [];
  const ends: ((sent: Sent) => void)[] = [];
  const slots = new UploadSlots(
    () => new Promise((resolve) => ends.push(resolve)),
    () => true,
    () => undefined,
  );
  const writings = new Writings(person, {
    slots,
    limits: () => ({ text: 20, fileBytes: 100, files: 3 }),
    send: (...message) => sent.push(message),
  });
  return { writings, sent, ends };
}

test('each chat keeps its own text over a reload, for its own person', () => {
  const { writings } = writingsOf('ann');
  writings.of('main').text.value = 'in main';
  writings.of('other').text.value = 'in other';
  const again = writingsOf('ann').writings;
  expect(['main', 'other', 'third'].map((chat) => again.of(chat).text.value)).toEqual([
    ...['in main', 'in other', ''],
  ]);
  expect(writingsOf('ann.lee').writings.of('main').text.value).toBe('');
  expect(writingsOf('bob').writings.of('main').text.value).toBe('');
});

test('what an earlier page kept stands in the first chat', () => {
  keep('composer', 'half a thought');
  expect(writingsOf('ann').writings.of('main').text.value).toBe('half a thought');
  expect(kept('composer')).toBe(null);
});

test('a message is text, files or both; nothing and too much are not sent', () => {
  const { writings, sent } = writingsOf('ann');
  const writing = writings.of('main');
  expect(writing.send()).toBe('nothing');
  writing.text.value = '  \n';
  expect(writing.send()).toBe('nothing');
  writing.text.value = 'x'.repeat(21);
  expect(writing.send()).toBe('nothing');
  expect(writing.text.value).toHaveLength(21);
  writing.text.value = '';
  writing.uploads.giveBack([UP]);
  expect([writing.send(), sent]).toEqual(['sent', [['main', '', [UP]]]]);
  expect(writing.send()).toBe('nothing');
});

test('a message waits for its files, with what stands there when they are up', async () => {
  const { writings, sent, ends } = writingsOf('ann');
  const writing = writings.of('main');
  writing.uploads.add([new File(['x'], 'a')]);
  writing.text.value = 'look';
  expect(writing.send()).toBe('waits');
  await turn();
  writing.text.value = 'look at this';
  expect(sent).toEqual([]);
  ends[0]?.({ file: UP });
  await turn();
  expect(sent).toEqual([['main', 'look at this', [UP]]]);
  expect([writing.text.value, writing.waits.value]).toEqual(['', false]);
});

test('a file that is taken away from a waiting message puts it back', async () => {
  const { writings, sent, ends } = writingsOf('ann');
  const writing = writings.of('main');
  const removeFirst = () => writing.remove(writing.uploads.all.value[0]?.key ?? '');
  writing.uploads.add([new File(['x'], 'a'), new File(['y'], 'b')]);
  writing.text.value = 'look';
  writing.send();
  await turn();
  removeFirst();
  ends[1]?.({ file: UP });
  await turn();
  expect([sent, writing.text.value, writing.waits.value]).toEqual([[], 'look', false]);
  writing.uploads.add([new File(['z'], 'c')]);
  expect(writing.send()).toBe('waits');
  removeFirst();
  removeFirst();
  await turn();
  expect([sent, writing.text.value, writing.waits.value]).toEqual([[], 'look', false]);
  expect([writing.send(), sent]).toEqual(['sent', [['main', 'look', []]]]);
});

test('a message whose file failed is not sent without it', async () => {
  const { writings, sent, ends } = writingsOf('ann');
  const writing = writings.of('main');
  writing.uploads.add([new File(['x'], 'a')]);
  writing.text.value = 'look';
  writing.send();
  await turn();
  ends[0]?.({ problem: 'disk_full' });
  await turn();
  expect([sent, writing.text.value, writing.waits.value]).toEqual([[], 'look', false]);
  expect(writing.send()).toBe('blocked');
  writing.uploads.remove(writing.uploads.all.value[0]?.key ?? '');
  expect(writing.send()).toBe('sent');
});

test('whoever comes next is not shown what another began; a first visitor keeps it', () => {
  const { writings } = writingsOf('ann');
  writings.of('main').text.value = 'of ann';
  writings.belongTo('bob');
  expect(writings.of('main').text.value).toBe('');
  writings.belongTo('ann');
  expect(writings.of('main').text.value).toBe('of ann');
  writings.forget();
  expect(writingsOf('ann').writings.of('main').text.value).toBe('');

  const first = writingsOf('').writings;
  first.of('main').text.value = 'typed early';
  first.belongTo('cem');
  expect(first.of('main').text.value).toBe('typed early');
  expect(writingsOf('cem').writings.of('main').text.value).toBe('typed early');
});

test('what was begun in a chat that is none goes on in the one that is shown instead', () => {
  const { writings } = writingsOf('ann');
  writings.of('gone').edit('begun', [UP]);
  writings.of('main').text.value = 'here';
  writings.move('gone', 'main');
  expect(writings.of('main').text.value).toBe('begun\n\nhere');
  expect(writings.of('main').uploads.take()).toEqual([UP]);
  expect(writings.of('gone').text.value).toBe('');
  writings.move('never', 'main');
  expect(writings.of('main').text.value).toBe('begun\n\nhere');
});
