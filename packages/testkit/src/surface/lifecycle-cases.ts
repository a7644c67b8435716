import assert from 'node:assert/strict';
import { isSurfaceError } from '@surfaces/core';
import { addressKey } from '@surfaces/protocol';
import { type SurfaceCase, say } from './world.ts';

export const lifecycleCases: readonly SurfaceCase[] = [
  {
    name: 'it has the abilities that its capabilities name, and a budget that works',
    async run({ adapter, surface }) {
      const { preview, typing, chats, text, budget } = adapter.capabilities;
      assert.equal(
        adapter.edits !== undefined,
        preview === 'edit',
        'edits belong to the preview level "edit"',
      );
      assert.equal(
        adapter.drafts !== undefined,
        preview === 'draft',
        'drafts belong to the preview level "draft"',
      );
      assert.equal(adapter.typing !== undefined, typing === 'native', 'typing belongs to the level "native"');
      assert.equal(adapter.chats !== undefined, chats === 'native', 'chats belong to the level "native"');
      assert(text.limit >= 16, `a text limit of ${text.limit}`);
      assert(budget.reserve >= 1 && budget.reserve <= budget.calls, 'finals need a reserved call');
      assert(budget.perMs > 0 && budget.previewEveryMs >= 0);
      for (const address of surface.addresses) {
        assert.equal(address.surface, adapter.surface);
        assert.equal(address.account, adapter.account);
      }
      assert.notEqual(...(surface.addresses.map(addressKey) as [string, string]));
    },
  },
  {
    name: 'paused, it takes no more events and still sends',
    async run(stage) {
      await stage.start();
      await stage.person.say('before');
      await stage.untilEvents(1);
      await stage.adapter.pause();
      // The messenger may refuse it now; what counts is that nothing arrives.
      const said = stage.person.say('after').catch(() => undefined);
      await stage.send('still here');
      assert.deepEqual(await stage.seen(), ['still here']);
      assert.deepEqual(stage.texts(), ['before']);
      await stage.adapter.stop();
      await said;
    },
  },
  {
    name: 'stopped, it neither takes events nor sends, and can be stopped again',
    async run(stage) {
      await stage.start();
      await stage.send('before');
      await stage.adapter.stop();
      await stage.adapter.stop();
      const said = stage.person.say('after').catch(() => undefined);
      const error = await stage.adapter
        .send(stage.address, say('too late'), stage.operation(), stage.signal)
        .catch((thrown: unknown) => thrown);
      assert(isSurfaceError(error), 'a send after stop must throw a SurfaceError');
      await said;
      assert.deepEqual(stage.events, []);
    },
  },
  {
    name: 'the probe tells whether events arrive',
    applies: ({ health }) => health !== undefined,
    async run(stage) {
      const { disconnect, reconnect } = stage.surface;
      const ok = async () => (await stage.adapter.health?.probe(stage.signal))?.ok;
      await stage.start();
      await stage.until(async () => assert.equal(await ok(), true));
      if (disconnect && reconnect) {
        await disconnect.call(stage.surface);
        await stage.until(async () => assert.equal(await ok(), false));
        await reconnect.call(stage.surface);
        await stage.until(async () => assert.equal(await ok(), true));
      }
      await stage.adapter.stop();
      assert.notEqual(await ok().catch(() => false), true);
    },
  },
];
