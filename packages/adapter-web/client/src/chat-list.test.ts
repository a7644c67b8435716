import { expect, test } from 'vitest';
import { ChatList, findChats } from './chat-list.ts';
import { summary } from './testing-world.ts';

const ids = (chats: readonly { readonly id: string }[]) => chats.map(({ id }) => id);

test('what did not change is the same object, so that 200 rows are not drawn for one', () => {
  const list = new ChatList();
  const chats = () => Array.from({ length: 200 }, (_, i) => summary(`c${i}`));
  list.set(chats());
  const before = list.all.value;
  list.set(chats().map((chat) => (chat.id === 'c7' ? { ...chat, busy: true } : chat)));
  const changed = list.all.value.filter((chat) => !before.includes(chat));
  expect(ids(changed)).toEqual(['c7']);
});

test('the next chat, round the ends and past the archived', () => {
  const list = new ChatList();
  list.set([summary('a'), summary('x', { state: 'archived' }), summary('b'), summary('c')]);
  expect([list.neighbour('a', 1), list.neighbour('a', -1), list.neighbour('c', 1)]).toEqual(['b', 'c', 'a']);
  expect([list.neighbour('x', 1), list.neighbour(null, 1)]).toEqual(['a', 'a']);
  list.set([summary('a')]);
  expect(list.neighbour('a', 1)).toBe(undefined);
});

test('a chat that was seen is unread again with the next entry', () => {
  const list = new ChatList();
  list.set([summary('a', { unread: true, last: 5 })]);
  list.read('a', 5);
  list.read('a', 3);
  expect(list.unread.value.size).toBe(0);
  list.set([summary('a', { unread: true, last: 6 })]);
  expect(list.unread.value.size).toBe(1);
});

test('chats are found by words, in any case, without accents, by number; the start counts most', () => {
  const chats = [
    summary('1', { name: 'Report on Übersicht', number: 'C1' }),
    summary('2', { name: 'übersicht', number: 'C2' }),
    summary('3', { name: 'Отчёт за квартал', number: 'C3' }),
    summary('4', { name: '', number: 'C4' }),
    summary('5', { name: '회의 준비', number: 'C5' }),
  ];
  expect(ids(findChats(chats, 'UBERSICHT'))).toEqual(['2', '1']);
  expect(ids(findChats(chats, 'on report'))).toEqual(['1']);
  expect(ids(findChats(chats, 'отчет'))).toEqual(['3']);
  expect(ids(findChats(chats, 'c4'))).toEqual(['4']);
  expect(ids(findChats(chats, '회의'))).toEqual(['5']);
  expect(findChats(chats, '  ')).toHaveLength(5);
  expect(findChats(chats, 'nothing')).toEqual([]);
});
