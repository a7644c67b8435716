import assert from 'node:assert/strict';
import { isSurfaceError } from '@surfaces/core';
import { type Address, addressKey, ExternalId, type OperationId } from '@surfaces/protocol';
import type { ChatsUnderTest, Stage, SurfaceCase } from './world.ts';

const native: SurfaceCase['applies'] = ({ capabilities: { chats } }) => chats === 'native';

export const chatCases: readonly SurfaceCase[] = [
  {
    name: 'a chat gets a place of its own: the same operation makes one, also after a restart, another makes another',
    applies: native,
    needs: 'chats',
    async run(stage) {
      await stage.start();
      const { request } = underTest(stage);
      const one = await request('one', 'Plans');
      const operation = stage.operation();
      const create = () => port(stage).create(one, operation, stage.signal);
      const [first, again] = await Promise.all([create(), create()]);
      assert.deepEqual(again, first);
      assert.equal(first.surface, stage.adapter.surface);
      assert.equal(first.account, stage.adapter.account);
      assert.notEqual(addressKey(first), addressKey(one.from));
      if (stage.surface.restart) {
        await stage.restart();
        await stage.start();
      }
      assert.deepEqual(await create(), first);
      const second = await make(stage, 'one', 'Plans');
      assert.notEqual(addressKey(second), addressKey(first));
    },
  },
  {
    name: 'what is said in the place of a chat stays there, both ways',
    applies: native,
    needs: 'chats',
    async run(stage) {
      await stage.start();
      const { from } = await underTest(stage).request('one', 'First');
      const place = await make(stage, 'one', 'Plans');
      await stage.send('welcome', {}, place);
      await stage.send('still here', {}, from);
      assert.deepEqual(await stage.seen(place), ['welcome']);
      assert.deepEqual(await stage.seen(from), ['still here']);
      await stage.surface.person(place).say('to the new place');
      await stage.untilEvents(1);
      await stage.surface.person(from).say('to the old place');
      await stage.untilEvents(2);
      const found = stage.events.map((event) => [event.kind === 'message' && event.text, event.address]);
      assert.deepEqual(found, [
        ['to the new place', place],
        ['to the old place', from],
      ]);
    },
  },
  {
    name: 'a place is renamed, archived and brought back; what is repeated changes nothing later',
    applies: native,
    needs: 'chats',
    async run(stage) {
      await stage.start();
      const { shown } = underTest(stage);
      const place = await make(stage, 'one', 'Plans');
      const other = await make(stage, 'one', 'Other');
      const names = ['A name with *stars* & <brackets>', 'Планы 안녕'];
      const [early, late] = [stage.operation(), stage.operation()];
      const rename = (name: string, id: OperationId) => port(stage).rename(place, name, id, stage.signal);
      await rename(names[0] ?? '', early);
      await rename(names[1] ?? '', late);
      await rename(names[0] ?? '', early);
      const looks = async (address: Address, name: string, archived: boolean) => {
        if (!shown) return;
        await stage.until(async () => assert.deepEqual(await shown(address), { name, archived }));
      };
      await looks(place, names[1] ?? '', false);
      const [away, back] = [stage.operation(), stage.operation()];
      const archive = (archived: boolean, id: OperationId) =>
        port(stage).archive(place, archived, id, stage.signal);
      await archive(true, away);
      await looks(place, names[1] ?? '', true);
      await archive(false, back);
      await archive(true, away);
      await looks(place, names[1] ?? '', false);
      await looks(other, 'Other', false);
      assert.deepEqual(await stage.seen(place), []);
      await stage.send('still a place', {}, place);
      assert.deepEqual(await stage.seen(place), ['still a place']);
    },
  },
  {
    name: 'the places of two people are apart',
    applies: native,
    needs: 'chats',
    async run(stage) {
      await stage.start();
      const mine = await make(stage, 'one', 'Plans');
      const theirs = await make(stage, 'other', 'Plans');
      assert.notEqual(addressKey(mine), addressKey(theirs));
      await stage.send('for me', {}, mine);
      await stage.send('for them', {}, theirs);
      assert.deepEqual(await stage.seen(mine), ['for me']);
      assert.deepEqual(await stage.seen(theirs), ['for them']);
      await stage.surface.person(mine).say('from me');
      await stage.untilEvents(1);
      await stage.surface.person(theirs).say('from them');
      await stage.untilEvents(2);
      assert.deepEqual(
        stage.events.map(({ address }) => address),
        [mine, theirs],
      );
    },
  },
  {
    name: 'a place that was given up before it began is not made',
    applies: native,
    needs: 'chats',
    async run(stage) {
      await stage.start();
      const request = await underTest(stage).request('one', 'Plans');
      const signal = AbortSignal.abort(new Error('given up'));
      await assert.rejects(port(stage).create(request, stage.operation(), signal));
    },
  },
  {
    name: 'a place without a connection is made or fails as unreachable, and is made once afterwards',
    applies: native,
    needs: ['chats', 'disconnect'],
    async run(stage) {
      const { disconnect, reconnect } = stage.surface;
      assert(disconnect && reconnect);
      await stage.start();
      const request = await underTest(stage).request('one', 'Plans');
      const operation = stage.operation();
      const create = () => port(stage).create(request, operation, stage.signal);
      await disconnect.call(stage.surface);
      const early = await create().catch((error: unknown) => {
        assert(isSurfaceError(error), `not a SurfaceError: ${error}`);
        assert.equal(error.code, 'unreachable');
      });
      await reconnect.call(stage.surface);
      const made = await create();
      if (early) assert.deepEqual(made, early);
      assert.deepEqual(await create(), made);
    },
  },
  {
    name: 'changed settings are shown where there is a place for them, and are no message',
    applies: ({ people }) => people !== undefined,
    needs: 'settings',
    async run(stage) {
      await stage.start();
      const { settings } = stage.surface;
      const { people } = stage.adapter;
      assert(settings && people);
      // Nobody of that name may be there.
      people.changed(ExternalId.parse('nobody-of-this-name'), settings.of('one', 'ko', true));
      for (const [locale, streaming] of [
        ['ru', false],
        ['ko', true],
      ] as const) {
        people.changed(settings.externalId('one'), settings.of('one', locale, streaming));
        await stage.until(async () => assert.deepEqual(await settings.shown('one'), { locale, streaming }));
      }
      for (const address of stage.surface.addresses) assert.deepEqual(await stage.seen(address), []);
    },
  },
];

function underTest({ surface }: Stage): ChatsUnderTest {
  assert(surface.chats);
  return surface.chats;
}

function port({ adapter }: Stage) {
  assert(adapter.chats);
  return adapter.chats;
}

/** A chat with its place, as the core makes one. */
async function make(stage: Stage, whose: 'one' | 'other', name: string): Promise<Address> {
  const chats = underTest(stage);
  const request = await chats.request(whose, name);
  const address = await port(stage).create(request, stage.operation(), stage.signal);
  await chats.bound?.(request.chat, address);
  return address;
}
