import assert from 'node:assert/strict';
import { isSurfaceError } from '@surfaces/core';
import { type MessageId, TurnId } from '@surfaces/protocol';
import { type Stage, type SurfaceCase, say } from './world.ts';

const turn = (name: string) => TurnId.parse(name);

export const outgoingCases: readonly SurfaceCase[] = [
  {
    name: 'a send resolves when it is shown, with the id of the message',
    async run(stage) {
      await stage.start();
      for (const text of ['one', 'two']) {
        const { messageId } = await stage.adapter.send(
          stage.address,
          say(text),
          stage.operation(),
          stage.signal,
        );
        assert.notEqual(String(messageId), '');
        assert.equal((await stage.seen()).at(-1), text);
      }
    },
  },
  {
    name: 'sends are shown in their order, and equal ones each',
    async run(stage) {
      await stage.start();
      const texts = ['a', 'b', 'b', 'c', 'a', 'd'];
      for (const text of texts) await stage.send(text);
      assert.deepEqual(await stage.seen(), texts);
    },
  },
  {
    name: 'the same operation is shown once, at the same time and after a restart too',
    applies: ({ capabilities: { sends } }) => sends === 'idempotent',
    async run(stage) {
      await stage.start();
      const operation = stage.operation();
      const send = () => stage.adapter.send(stage.address, say('once'), operation, stage.signal);
      const both = await Promise.all([send(), send()]);
      assert.deepEqual(await send(), both[0]);
      assert.deepEqual(both[1], both[0]);
      await stage.send('after');
      if (stage.surface.restart) {
        await stage.restart();
        await stage.start();
        await send();
      }
      assert.deepEqual(await stage.seen(), ['once', 'after']);
    },
  },
  {
    name: 'a send that was aborted before it began shows nothing',
    async run(stage) {
      await stage.start();
      const signal = AbortSignal.abort(new Error('given up'));
      const sent = stage.adapter.send(stage.address, say('no'), stage.operation(), signal);
      await assert.rejects(sent);
      await stage.send('yes');
      assert.deepEqual(await stage.seen(), ['yes']);
    },
  },
  {
    name: 'a message that failed is shown as well',
    async run(stage) {
      await stage.start();
      await stage.send('half an ans', { state: 'failed' });
      assert.deepEqual(await stage.seen(), ['half an ans']);
    },
  },
  {
    name: 'a long answer arrives whole, part by part',
    async run(stage) {
      await stage.start();
      const { limit } = stage.adapter.capabilities.text;
      const words = Array.from({ length: Math.ceil((limit * 2.5) / 8) }, (_, i) => `w${1_000_000 + i}`);
      const parts = stage.adapter.split(words.join(' '));
      for (const [part, text] of parts.entries()) {
        await stage.send(text, { turnId: 't1', part, last: part === parts.length - 1 });
      }
      assert.deepEqual((await stage.seen()).join(' ').match(/w\d+/g), words);
    },
  },
  {
    name: 'an edit replaces the words of its message, however often it is repeated',
    applies: ({ capabilities: { preview } }) => preview === 'edit',
    async run(stage) {
      await stage.start();
      const { edits } = stage.adapter;
      assert(edits);
      const { messageId } = await stage.adapter.send(
        stage.address,
        say('…'),
        stage.operation(),
        stage.signal,
      );
      await stage.send('another message');
      const operation = stage.operation();
      const edit = (id: MessageId, text: string) =>
        edits.edit(stage.address, id, say(text), operation, stage.signal);
      await edit(messageId, 'the answer');
      await edit(messageId, 'the answer');
      assert.deepEqual(await stage.seen(), ['the answer', 'another message']);
    },
  },
  {
    name: 'a preview grows, and the final takes its place',
    applies: ({ capabilities: { preview } }) => preview === 'draft',
    async run(stage) {
      await stage.start();
      const { drafts } = stage.adapter;
      assert(drafts);
      for (const text of ['It', 'It is', 'It is so']) {
        await drafts.show(stage.address, { turnId: turn('t1'), text }, stage.signal);
        await previews(stage, [text]);
      }
      assert.deepEqual(await stage.seen(), []);
      await stage.send('It is so.', { turnId: 't1' });
      await previews(stage, []);
      assert.deepEqual(await stage.seen(), ['It is so.']);
    },
  },
  {
    name: 'a preview of one turn outlives the final of another, until it is cleared',
    applies: ({ capabilities: { preview } }) => preview === 'draft',
    async run(stage) {
      await stage.start();
      const { drafts } = stage.adapter;
      assert(drafts);
      await drafts.show(stage.address, { turnId: turn('t2'), text: 'working' }, stage.signal);
      await stage.send('about something else', { turnId: 't1' });
      await previews(stage, ['working']);
      await drafts.clear(stage.address, turn('t2'), stage.signal);
      await previews(stage, []);
    },
  },
  {
    name: 'typing is shown and taken back',
    applies: ({ capabilities: { typing } }) => typing === 'native',
    async run(stage) {
      await stage.start();
      const { typing } = stage.adapter;
      assert(typing && typing.lastsMs > 0);
      await typing.set(stage.address, true, stage.signal);
      await typing.set(stage.address, false, stage.signal);
      assert.deepEqual(await stage.seen(), []);
    },
  },
  {
    name: 'a send without a connection fails as unreachable or is shown later; never lost, never twice',
    needs: 'disconnect',
    async run(stage) {
      const { disconnect, reconnect } = stage.surface;
      assert(disconnect && reconnect);
      await stage.start();
      const operation = stage.operation();
      const send = () => stage.adapter.send(stage.address, say('through'), operation, stage.signal);
      await disconnect.call(stage.surface);
      const failed = await send().then(
        () => false,
        (error: unknown) => {
          assert(isSurfaceError(error), `not a SurfaceError: ${error}`);
          assert.equal(error.code, 'unreachable');
          return true;
        },
      );
      await reconnect.call(stage.surface);
      if (failed) await stage.until(async () => void (await send()));
      await stage.until(async () => assert.deepEqual(await stage.seen(), ['through']));
    },
  },
];

/** Previews are best effort and may come a moment later. */
function previews(stage: Stage, expected: readonly string[]): Promise<void> {
  return stage.until(async () => assert.deepEqual(await stage.person.previews(), expected));
}
