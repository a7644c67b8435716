import assert from 'node:assert/strict';
import { IncomingEvent } from '@surfaces/protocol';
import type { SurfaceCase } from './world.ts';

/** Everything a messenger could take for markup, and everything an encoding could break. */
const AS_TYPED = [
  '*stars* _lines_ ~~gone~~ `code` [label](https://example.org/?a=1&b=2) # > | \\ !',
  '<b>bold</b> &amp; &lt; <script>alert(1)</script>',
  'first line\nsecond line\n\nafter an empty one',
  '\u{1F468}‍\u{1F469}‍\u{1F467} é é שלום 안녕하세요 привет',
];

export const incomingCases: readonly SurfaceCase[] = [
  {
    name: 'what a person says arrives with its address, author, time and words',
    async run(stage) {
      await stage.start();
      const before = Date.now();
      await stage.person.say('hello there');
      await stage.untilEvents(1);
      const event = IncomingEvent.parse(stage.events[0]);
      assert.equal(event.kind, 'message');
      assert.equal(event.kind === 'message' && event.text, 'hello there');
      assert.deepEqual(event.address, stage.address);
      assert.equal(event.surface, stage.adapter.surface);
      assert.equal(event.account, stage.adapter.account);
      assert.notEqual(String(event.author.externalId), stage.adapter.account);
      assert.notEqual(event.author.isBot, true);
      assert(Math.abs(event.sentAt - before) < 600_000, `sent at ${event.sentAt}, which is not now`);
    },
  },
  {
    name: 'words arrive as typed',
    async run(stage) {
      await stage.start();
      for (const text of AS_TYPED) await stage.person.say(text);
      await stage.until(() => assert.deepEqual(stage.texts(), AS_TYPED));
    },
  },
  {
    name: 'messages of one address arrive in order, each with an id of its own',
    async run(stage) {
      const texts = Array.from({ length: 8 }, (_, i) => `message ${i}`);
      // The first take longest: an adapter that does not wait for them turns the order around.
      let accepted: string[] = [];
      stage.answer = async (event) => {
        await new Promise((resolve) => setTimeout(resolve, accepted.length === 0 ? 30 : 1));
        accepted = [...accepted, event.kind === 'message' ? event.text : ''];
        return { outcome: 'accepted' };
      };
      await stage.start();
      for (const text of texts) await stage.person.say(text);
      await stage.until(() => assert.deepEqual(accepted, texts));
      assert.equal(new Set(stage.events.map(({ eventId }) => eventId)).size, texts.length);
    },
  },
  {
    name: 'a message that accept rejected comes again, with the same id',
    async run(stage) {
      let calls = 0;
      stage.answer = async () => {
        calls += 1;
        if (calls === 1) throw new Error('the store is full');
        return { outcome: 'accepted' };
      };
      await stage.start();
      await stage.person.say('do not lose me');
      await stage.untilEvents(2);
      assert.deepEqual(stage.texts(), ['do not lose me', 'do not lose me']);
      assert.equal(stage.events[0]?.eventId, stage.events[1]?.eventId);
    },
  },
  {
    name: 'a message is acknowledged only after accept resolved: killed before, it comes again',
    needs: 'restart',
    async run(stage) {
      const never = Promise.withResolvers<never>();
      stage.answer = () => never.promise;
      await stage.start();
      await stage.person.say('do not lose me');
      await stage.untilEvents(1);
      await stage.restart();
      stage.answer = async () => ({ outcome: 'accepted' });
      await stage.start();
      await stage.untilEvents(2);
      assert.equal(stage.events[0]?.eventId, stage.events[1]?.eventId);
      assert.deepEqual(stage.texts(), ['do not lose me', 'do not lose me']);
    },
  },
  {
    name: 'what is said while no adapter runs waits for the next one',
    needs: 'restart',
    async run(stage) {
      await stage.start();
      await stage.person.say('one');
      await stage.untilEvents(1);
      await stage.restart();
      const said = stage.person.say('two');
      await stage.start();
      await said;
      await stage.until(() => assert.equal(stage.texts().at(-1), 'two'));
    },
  },
  {
    name: 'a refused message does not come again, and does not block the next',
    async run(stage) {
      stage.answer = async (event) =>
        event.kind === 'message' && event.text === 'no'
          ? { outcome: 'refused', reason: 'rate', notice: 'Too fast.', retry: false }
          : { outcome: 'accepted' };
      await stage.start();
      await stage.person.say('no');
      await stage.untilEvents(1);
      await stage.person.say('yes');
      await stage.until(() => assert.deepEqual(stage.texts(), ['no', 'yes']));
    },
  },
  {
    name: 'two addresses never mix',
    async run(stage) {
      await stage.start();
      await stage.surface.person(stage.address).say('here');
      await stage.surface.person(stage.other).say('there');
      await stage.untilEvents(2);
      const found = stage.events.map((event) => [event.kind === 'message' && event.text, event.address]);
      assert.deepEqual(
        found.toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
        [
          ['here', stage.address],
          ['there', stage.other],
        ],
      );
      await stage.send('to here', {}, stage.address);
      await stage.send('to there', {}, stage.other);
      assert.deepEqual(await stage.seen(stage.address), ['to here']);
      assert.deepEqual(await stage.seen(stage.other), ['to there']);
    },
  },
  {
    name: 'a pressed button arrives as a callback with its action',
    applies: ({ capabilities: { buttons } }) => buttons === 'native',
    async run(stage) {
      await stage.start();
      await stage.send('Shall I?', {
        buttons: [
          { label: 'Go on', action: 'confirm:7f3:allow' },
          { label: 'Stop', action: 'confirm:7f3:reject' },
        ],
      });
      assert.deepEqual((await stage.person.seen()).at(-1)?.buttons, ['Go on', 'Stop']);
      await stage.person.press('Stop');
      await stage.untilEvents(1);
      const event = IncomingEvent.parse(stage.events[0]);
      assert.equal(event.kind === 'callback' && event.action, 'confirm:7f3:reject');
      assert.deepEqual(event.address, stage.address);
    },
  },
];
