/** People: found by their identity, called as they are now, and as they chose. */
import type { PersonId } from '@surfaces/protocol';
import { AgentId, ExternalId, SurfaceId } from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  acceptTurn,
  afterKill,
  fails,
  input,
  meet,
  message,
  only,
  type StoreCase,
  single,
  unique,
  web,
} from './harness.ts';

const identity = (who: string) => ({
  surface: web,
  externalId: ExternalId.parse(who),
  defaultLocale: 'en' as const,
});

export const peopleCases: readonly StoreCase[] = [
  single('a person is made once, by whatever comes first', async (store) => {
    const all = await Promise.all(
      Array.from({ length: 5 }, () => store.identify({ ...identity('ann'), name: 'Ann', locale: 'ru' })),
    );
    expect(all[0]).toEqual({
      id: all[0]?.id,
      name: 'Ann',
      locale: 'ru',
      localeChosen: false,
      streaming: true,
    });
    expect(all).toEqual(all.map(() => all[0]));
    expect((await acceptTurn(store, 'x', { who: 'ann', name: 'Ann' })).person).toEqual(all[0]);
    const bob = await acceptTurn(store, 'x', { who: 'bob' });
    expect(await meet(store, 'bob')).toEqual(bob.person);
    const elsewhere = { ...identity('ann'), surface: SurfaceId.parse('matrix'), name: 'Ann' };
    expect((await store.identify(elsewhere)).id).not.toBe(all[0]?.id);
    expect(await store.person(bob.person.id)).toEqual(bob.person);
    expect(await store.person(`${bob.person.id}?` as PersonId)).toBeUndefined();
  }),

  single('name and language follow the messenger, until a language is chosen', async (store) => {
    const known = (parts: { readonly name: string; readonly locale?: 'en' | 'ru' | 'ko' }) =>
      store.identify({ ...identity('ann'), ...parts });
    const ann = await known({ name: 'Ann' });
    expect(await known({ name: 'Anna', locale: 'ko' })).toMatchObject({ name: 'Anna', locale: 'ko' });
    expect(await known({ name: '' })).toMatchObject({ name: 'Anna', locale: 'ko' });
    const chosen = await store.choose(ann.id, { locale: 'ru' });
    expect(chosen).toEqual({ ...ann, name: 'Anna', locale: 'ru', localeChosen: true });
    expect(await known({ name: 'A', locale: 'ko' })).toMatchObject({ name: 'A', locale: 'ru' });
    const accepted = only(await store.accept(input(message('x', { locale: 'ko' }))), 'turn');
    expect(accepted.person).toMatchObject({ locale: 'ru', localeChosen: true });
    expect(await store.person(ann.id)).toEqual(accepted.person);
  }),

  single("each choice is kept beside the others, and is nobody else's", async (store) => {
    const [ann, bob] = [await meet(store, 'ann'), await meet(store, 'bob')];
    const agent = AgentId.parse('other');
    expect(await store.choose(ann.id, { streaming: false })).toEqual({ ...ann, streaming: false });
    expect(await store.choose(ann.id, { agent })).toEqual({ ...ann, streaming: false, agent });
    expect(await store.choose(ann.id, {})).toEqual({ ...ann, streaming: false, agent });
    expect(await store.choose(ann.id, { streaming: true })).toEqual({ ...ann, agent });
    expect(await store.person(bob.id)).toEqual(bob);
    await fails(store.choose(`nobody-${unique()}` as PersonId, { streaming: true }), 'conflict');
  }),

  afterKill(
    'choices survive',
    async (store) => {
      const { id } = await meet(store);
      return await store.choose(id, { locale: 'ko', streaming: false, agent: AgentId.parse('other') });
    },
    async (store, chosen) => {
      expect(await store.person(chosen.id)).toEqual(chosen);
      expect((await acceptTurn(store, 'x')).person).toEqual(chosen);
    },
  ),
];
