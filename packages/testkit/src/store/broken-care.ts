/** As `broken-stores.ts`, for what was read and for what operators need. */
import type { PersonRecord, Store } from '@surfaces/core';
import { addressKey, type ChatKey, type PersonId } from '@surfaces/protocol';
import type { Breakage } from './broken-stores.ts';
import { recoverAll } from './harness.ts';

const EVER = Number.MAX_SAFE_INTEGER;

export const brokenCare: Readonly<Record<string, Breakage>> = {
  'goes back in what was read': (store, shared) => ({
    timeline: {
      ...store.timeline,
      async markRead(address, seq) {
        shared.set(`read ${addressKey(address)}`, seq);
        await store.timeline.markRead(address, seq);
      },
      async summaries(addresses) {
        const all = await store.timeline.summaries(addresses);
        return all.map((one, at) => {
          const address = addresses[at];
          const read = address && shared.get(`read ${addressKey(address)}`);
          return read === undefined ? one : { ...one, read: Number(read) };
        });
      },
    },
  }),
  'forgets what was read': (store) => ({
    timeline: { ...store.timeline, markRead: async () => undefined },
  }),
  "takes a person's words for those of others": (store) => ({
    timeline: {
      ...store.timeline,
      summaries: async (addresses) =>
        (await store.timeline.summaries(addresses)).map((one) => ({ ...one, lastOther: one.last })),
    },
  }),
  'shows no files in the timeline': (store) => ({
    timeline: {
      ...store.timeline,
      read: async (address, page) =>
        (await store.timeline.read(address, page)).map((entry) =>
          entry.item.by === 'person' ? { ...entry, item: { ...entry.item, files: [] } } : entry,
        ),
    },
  }),

  'revives dead letters in another order': (store) => ({
    reviveDeadLetters: async (ids, now) => (await store.reviveDeadLetters(ids, now)).toReversed(),
  }),
  'revives dead letters with their old time': (store) => ({
    reviveDeadLetters: (ids) => store.reviveDeadLetters(ids, 0),
  }),
  'revives all dead letters': (store) => ({
    reviveDeadLetters: async (_, now) =>
      await store.reviveDeadLetters(
        (await store.deadLetters(EVER)).map(({ id }) => id),
        now,
      ),
  }),
  'counts dead letters that are none': (store) => ({
    async dropDeadLetters(ids) {
      await store.dropDeadLetters(ids);
      return ids.length;
    },
  }),
  'prunes nothing': (store) => ({ prune: () => store.prune({}, 1) }),
  'prunes without a limit': (store) => ({ prune: (before) => store.prune(before, EVER) }),
  'prunes what is new too': (store) => ({
    prune: (before, limit) =>
      store.prune(Object.fromEntries(Object.keys(before).map((key) => [key, EVER])), limit),
  }),
  'prunes what nobody asked for': (store) => ({
    prune: (_, limit) =>
      store.prune({ inbox: EVER, finished: EVER, deadLetters: EVER, timeline: EVER }, limit),
  }),
  'prunes what is unfinished': (store) => ({
    async prune(before, limit) {
      const pruned = await store.prune(before, limit);
      for (const { chat, turn } of (await recoverAll(store)).turns) {
        await store.commitFinal(await store.claimChat(chat.key), turn.id, 'expired', []);
      }
      return pruned;
    },
  }),
  'prunes a turn and keeps what belongs to it': (store, shared) => ({
    async prune(before, limit) {
      const kept: PersonRecord[] = [];
      for (const { id } of await store.findPersons({ limit: EVER })) {
        for await (const record of store.exportPerson(id)) if (record.kind === 'question') kept.push(record);
      }
      shared.set('kept', kept);
      return await store.prune(before, limit);
    },
    async *exportPerson(person) {
      // What was put in is what is taken out.
      const kept = (shared.get('kept') ?? []) as PersonRecord[];
      for await (const record of store.exportPerson(person)) {
        if (record.kind !== 'question' || kept.length === 0) yield record;
      }
      yield* kept;
    },
  }),

  'finds people without a limit': (store) => ({
    findPersons: (query) => store.findPersons({ ...query, limit: EVER }),
  }),
  'finds people from the first again': (store) => ({
    findPersons: ({ after: _, ...query }) => store.findPersons(query),
  }),
  'finds anybody by an identity': (store) => ({
    findPersons: ({ identity: _, ...query }) => store.findPersons(query),
  }),
  'exports everybody': (store) => ({
    async *exportPerson() {
      for (const { id } of await store.findPersons({ limit: EVER })) yield* store.exportPerson(id);
    },
  }),
  'exports one page': (store) => ({
    async *exportPerson(person) {
      let count = 0;
      for await (const record of store.exportPerson(person)) {
        count += 1;
        if (count <= 200) yield record;
      }
    },
  }),
  'deletes nobody': (store) => ({
    async deletePerson(person) {
      const chats = await store.chatsOf(person);
      return chats.map(({ chat: { agentId, platformChatId } }) => ({ agentId, platformChatId }));
    },
  }),
  'deletes everybody': (store) => ({
    async deletePerson(person) {
      const forgotten = await store.deletePerson(person);
      for (const { id } of await store.findPersons({ limit: EVER })) await store.deletePerson(id);
      return forgotten;
    },
  }),
  'does not say which contexts may be forgotten': (store) => ({
    async deletePerson(person) {
      await store.deletePerson(person);
      return [];
    },
  }),
  "does not fence what was a deleted person's": (store, shared) => ({
    async deletePerson(person) {
      for (const { chat } of await store.chatsOf(person)) shared.set(`deleted ${chat.key}`, true);
      return await store.deletePerson(person);
    },
    async commitFinal(lease, ...rest) {
      return shared.has(`deleted ${lease.chat}`) ? [] : await store.commitFinal(lease, ...rest);
    },
  }),
  'knows a deleted person again': (store, shared) => ({
    async deletePerson(person) {
      shared.set('deleted', person);
      return await store.deletePerson(person);
    },
    async accept(input) {
      const accepted = await store.accept(input);
      // What was put in is what is taken out.
      const id = shared.get('deleted') as PersonId | undefined;
      return 'person' in accepted && id ? { ...accepted, person: { ...accepted.person, id } } : accepted;
    },
  }),
  'accepts again what a deleted person had said': (store, shared) => ({
    async deletePerson(person) {
      shared.set('deleted', true);
      return await store.deletePerson(person);
    },
    async accept(input) {
      const accepted = await store.accept(input);
      if (accepted.outcome !== 'duplicate' || !shared.has('deleted')) return accepted;
      const eventId = `${input.event.eventId} again` as typeof input.event.eventId;
      return await store.accept({ ...input, event: { ...input.event, eventId } });
    },
  }),
  'keeps the chats of a deleted person': (store, shared) => ({
    async deletePerson(person) {
      for (const { chat } of await store.chatsOf(person)) shared.set(`chat ${chat.key}`, chat);
      return await store.deletePerson(person);
    },
    async chat(key: ChatKey) {
      // What was put in is what is taken out.
      return (await store.chat(key)) ?? (shared.get(`chat ${key}`) as Awaited<ReturnType<Store['chat']>>);
    },
  }),
};
