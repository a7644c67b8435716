/** Each broken adapter is caught by the case that is there for it. */
import type { Accept, Capabilities, ChatPort, CommandInfo, SurfaceHealth } from '@surfaces/core';
import { type FakeMessenger, FakeSurface } from '@surfaces/core/testing';
import {
  type Address,
  EventId,
  type IncomingEvent,
  OperationId,
  type OutgoingMessage,
} from '@surfaces/protocol';
import { expect, test } from 'vitest';
import { fakeWorld } from './fake-world.ts';
import { runSurfaceCase, surfaceAdapterCases } from './suite.ts';

type Make = (messenger: FakeMessenger) => FakeSurface;
interface Broken {
  readonly how: string;
  readonly make: Make;
  /** Begin of the names of cases of which at least one must fail. */
  readonly caught: string;
  readonly capabilities?: Partial<Capabilities>;
}

/** An adapter whose `start` hands another `accept` to the messenger. */
const accepting = (wrap: (accept: Accept) => Accept): Make => {
  class Wrapped extends FakeSurface {
    override start(accept: Accept, commands: readonly CommandInfo[]) {
      return super.start(wrap(accept), commands);
    }
  }
  return (messenger) => new Wrapped(messenger);
};
const changing = (change: (event: IncomingEvent) => object): Make =>
  accepting((accept) => (event) => accept({ ...event, ...change(event) } as IncomingEvent));

type Send = FakeSurface['send'];
const sending = (wrap: (send: Send, surface: FakeSurface) => Send): Make => {
  class Wrapped extends FakeSurface {
    override send(...args: Parameters<Send>) {
      return wrap((...inner) => super.send(...inner), this)(...args);
    }
  }
  return (messenger) => new Wrapped(messenger);
};
const splitting = (split: (markdown: string, surface: FakeSurface) => readonly string[]): Make => {
  class Wrapped extends FakeSurface {
    override split(markdown: string) {
      return split(markdown, this);
    }
    right(markdown: string) {
      return super.split(markdown);
    }
  }
  return (messenger) => new Wrapped(messenger);
};
const rightly = (surface: FakeSurface, markdown: string) =>
  FakeSurface.prototype.split.call(surface, markdown);
const slices = (text: string, size: number) =>
  Array.from({ length: Math.max(1, Math.ceil(text.length / size)) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );

/** An adapter of which one property is another. */
const having = (change: (surface: FakeSurface) => object): Make => {
  return (messenger) => {
    const surface = new FakeSurface(messenger);
    for (const [name, value] of Object.entries(change(surface)))
      Object.defineProperty(surface, name, { value });
    return surface;
  };
};
/** An adapter whose places are made or changed in another way. */
const placing = (change: (right: ChatPort, surface: FakeSurface) => Partial<ChatPort>): Make =>
  having((surface) => {
    if (!surface.chats) throw new Error('this one has no chats');
    return { chats: { ...surface.chats, ...change(surface.chats, surface) } };
  });
const small: Partial<Capabilities> = { text: { limit: 100, unit: 'utf16' } };
let counter = 0;

const BROKEN: readonly Broken[] = [
  {
    how: 'acknowledges before accept resolved',
    make: accepting((accept) => async (event) => {
      accept(event).catch(() => undefined);
      return { outcome: 'accepted' };
    }),
    caught: 'a message is acknowledged only after accept resolved',
  },
  {
    how: 'drops what accept rejected',
    make: accepting((accept) => (event) => accept(event).catch(() => ({ outcome: 'accepted' }))),
    caught: 'a message that accept rejected comes again',
  },
  {
    how: 'numbers events anew at each delivery',
    make: changing(() => ({ eventId: EventId.parse(`new-${++counter}`) })),
    caught: 'a message that accept rejected comes again',
  },
  {
    how: 'gives all events one id',
    make: changing(() => ({ eventId: EventId.parse('same') })),
    caught: 'messages of one address arrive in order',
  },
  {
    how: 'forgets the thread of an address',
    make: changing(({ address }) => ({ address: { ...address, kind: 'room', thread: undefined } })),
    caught: 'what a person says arrives',
  },
  {
    how: 'says that the bot itself is the author',
    make: changing((event) => ({ author: { ...event.author, externalId: event.account } })),
    caught: 'what a person says arrives',
  },
  {
    how: 'gives seconds for milliseconds',
    make: changing((event) => ({ sentAt: Math.floor(event.sentAt / 1000) })),
    caught: 'what a person says arrives',
  },
  {
    how: 'takes markup out of what was typed',
    make: changing((event) =>
      event.kind === 'message' ? { text: event.text.replaceAll(/[*_<>]/g, '') } : {},
    ),
    caught: 'words arrive as typed',
  },
  {
    how: 'delivers the next message while the first is being accepted',
    make: accepting((accept) => async (event) => {
      setTimeout(() => void accept(event), event.kind === 'message' && event.text.endsWith('0') ? 20 : 0);
      return { outcome: 'accepted' };
    }),
    caught: 'messages of one address arrive in order',
  },
  {
    how: 'delivers what was refused again and again',
    make: accepting((accept) => async (event) => {
      const result = await accept(event);
      if (result.outcome === 'refused') throw new Error(result.notice);
      return result;
    }),
    caught: 'a refused message does not come again',
  },
  {
    how: 'mixes up callbacks',
    make: changing((event) => (event.kind === 'callback' ? { action: event.action.slice(0, 8) } : {})),
    caught: 'a pressed button arrives',
  },
  {
    how: 'leaves buttons out',
    make: sending(
      (send) =>
        (address, message, ...rest) =>
          send(address, { ...message, buttons: [] }, ...rest),
    ),
    caught: 'a pressed button arrives',
  },
  {
    how: 'sends to the room instead of the thread',
    make: sending(
      (send) =>
        (address, ...rest) =>
          send({ ...address, kind: 'room' } as Address, ...rest),
    ),
    caught: 'two addresses never mix',
  },
  {
    how: 'resolves before it is shown',
    make: sending((send) => async (...args) => {
      setTimeout(() => void send(...args).catch(() => undefined), 5);
      return { messageId: 'm' as never };
    }),
    caught: 'a send resolves when it is shown',
  },
  {
    how: 'shows a repeated operation again',
    make: sending(
      (send) => (address, message, _, signal) =>
        send(address, message, OperationId.parse(`fresh-${++counter}`), signal),
    ),
    caught: 'the same operation is shown once',
  },
  {
    how: 'forgets the operations at a restart',
    make: (messenger) => {
      const life = ++counter;
      class Forgetful extends FakeSurface {
        override send(address: Address, message: OutgoingMessage, id: OperationId, signal: AbortSignal) {
          return super.send(address, message, OperationId.parse(`${life}-${id}`), signal);
        }
      }
      return new Forgetful(messenger);
    },
    caught: 'the same operation is shown once',
  },
  {
    how: 'takes equal words for the same operation',
    make: sending(
      (send) => (address, message, _, signal) =>
        send(address, message, OperationId.parse(message.markdown), signal),
    ),
    caught: 'sends are shown in their order',
  },
  {
    how: 'does not look at the signal',
    make: sending(
      (send) => (address, message, id) => send(address, message, id, new AbortController().signal),
    ),
    caught: 'a send that was aborted',
  },
  {
    how: 'hides messages that failed',
    make: sending(
      (send) =>
        async (...args) =>
          args[1].state === 'failed' ? { messageId: 'm' as never } : send(...args),
    ),
    caught: 'a message that failed',
  },
  {
    how: 'throws errors of its library',
    make: sending(
      (send) =>
        (...args) =>
          send(...args).catch(() => {
            throw new Error('ECONNREFUSED');
          }),
    ),
    caught: 'a send without a connection',
  },
  {
    how: 'swallows what could not be sent',
    make: sending(
      (send) =>
        (...args) =>
          send(...args).catch(() => ({ messageId: 'm' as never })),
    ),
    caught: 'a send without a connection',
  },
  {
    how: 'says edit, and sends',
    capabilities: { preview: 'edit' },
    make: having((surface) => ({
      edits: {
        edit: (address: Address, _: string, message: OutgoingMessage, id: OperationId, signal: AbortSignal) =>
          surface.send(address, message, id, signal),
      },
    })),
    caught: 'an edit replaces the words',
  },
  {
    how: 'has edits that do nothing',
    capabilities: { preview: 'edit' },
    make: having(() => ({ edits: { edit: async () => undefined } })),
    caught: 'an edit replaces the words',
  },
  {
    how: 'promises edits and has none',
    capabilities: { preview: 'edit' },
    make: having(() => ({ edits: undefined })),
    caught: 'it has the abilities',
  },
  {
    how: 'promises more calls for finals than there are',
    capabilities: { budget: { calls: 1, perMs: 1000, reserve: 2, previewEveryMs: 0 } },
    make: (messenger) => new FakeSurface(messenger),
    caught: 'it has the abilities',
  },
  {
    how: 'leaves the preview beside the final',
    make: sending(
      (send) =>
        (address, message, ...rest) =>
          send(address, { ...message, turnId: undefined } as never, ...rest),
    ),
    caught: 'a preview grows',
  },
  {
    how: 'clears all previews with any final',
    make: sending((send, surface) => async (address, ...rest) => {
      for (const { turnId } of surface.messenger.drafts(address))
        surface.messenger.draft(address, turnId, undefined);
      return send(address, ...rest);
    }),
    caught: 'a preview of one turn outlives',
  },
  {
    how: 'never clears a preview',
    make: having((surface) => ({ drafts: { show: surface.drafts?.show, clear: async () => undefined } })),
    caught: 'a preview of one turn outlives',
  },
  {
    how: 'shows typing as a message',
    make: having((surface) => ({
      typing: {
        lastsMs: 1000,
        set: (address: Address, _: boolean, signal: AbortSignal) =>
          surface.send(address, message('typing'), OperationId.parse(`typing-${++counter}`), signal),
      },
    })),
    caught: 'typing is shown',
  },
  {
    how: 'does not pause',
    make: having(() => ({ pause: async () => undefined })),
    caught: 'paused, it takes no more events',
  },
  {
    how: 'stops at a pause',
    make: having((surface) => ({ pause: () => surface.stop() })),
    caught: 'paused, it takes no more events',
  },
  {
    how: 'does not stop',
    make: having(() => ({ stop: async () => undefined })),
    caught: 'stopped, it neither takes',
  },
  {
    how: 'probes its socket',
    make: having(() => ({
      health: { probe: async (): Promise<SurfaceHealth> => ({ ok: true, detail: 'socket is open' }) },
    })),
    caught: 'the probe tells',
  },
  {
    how: 'promises places for chats and has none',
    make: having(() => ({ chats: undefined })),
    caught: 'it has the abilities',
  },
  {
    how: 'makes another place each time',
    make: placing(({ create }) => ({
      create: (request, _, signal) => create(request, OperationId.parse(`fresh-${++counter}`), signal),
    })),
    caught: 'a chat gets a place of its own',
  },
  {
    how: 'forgets at a restart which places it made',
    make: (messenger) => {
      const life = ++counter;
      return placing(({ create }) => ({
        create: (request, id, signal) => create(request, OperationId.parse(`${life}-${id}`), signal),
      }))(messenger);
    },
    caught: 'a chat gets a place of its own',
  },
  {
    how: 'makes one place for all chats of the same name',
    make: placing(({ create }) => ({
      create: (request, _, signal) => create(request, OperationId.parse(request.chat.name), signal),
    })),
    caught: 'the places of two people',
  },
  {
    how: 'takes the place where it was asked for',
    make: placing(() => ({ create: async ({ from }) => from })),
    caught: 'what is said in the place of a chat',
  },
  {
    how: 'says that what comes from a new place is from the room',
    make: changing(({ address }) =>
      address.kind === 'thread' && address.thread.startsWith('made')
        ? { address: { ...address, kind: 'room', thread: undefined } }
        : {},
    ),
    caught: 'what is said in the place of a chat',
  },
  {
    how: 'renames in the order of the calls, whatever they repeat',
    make: placing(({ rename }) => ({
      rename: (address, name, _, signal) =>
        rename(address, name, OperationId.parse(`fresh-${++counter}`), signal),
    })),
    caught: 'a place is renamed',
  },
  {
    how: 'renames nothing',
    make: placing(() => ({ rename: async () => undefined })),
    caught: 'a place is renamed',
  },
  {
    how: 'archives for ever',
    make: placing(({ archive }) => ({
      archive: (address, _, id, signal) => archive(address, true, id, signal),
    })),
    caught: 'a place is renamed',
  },
  {
    how: 'tells of a new name by a message',
    make: placing((_, surface) => ({
      rename: async (address, name, id, signal) => {
        await surface.send(address, message(name), id, signal);
        surface.messenger.changeSign(address, { name }, id);
      },
    })),
    caught: 'a place is renamed',
  },
  {
    how: 'makes a place that nobody waits for any more',
    make: placing(({ create }) => ({
      create: (request, id) => create(request, id, new AbortController().signal),
    })),
    caught: 'a place that was given up',
  },
  {
    how: 'throws errors of its library when a place cannot be made',
    make: placing(({ create }) => ({
      create: (...args) =>
        create(...args).catch(() => {
          throw new Error('ECONNREFUSED');
        }),
    })),
    caught: 'a place without a connection',
  },
  {
    how: 'keeps settings to itself',
    make: having(() => ({ people: { changed: () => undefined } })),
    caught: 'changed settings are shown',
  },
  {
    how: 'does not expect people who are not there',
    make: having((surface) => ({
      people: {
        changed: (...[externalId, person]: Parameters<typeof surface.people.changed>) => {
          if (externalId.startsWith('nobody')) throw new TypeError('undefined is not a person');
          surface.people.changed(externalId, person);
        },
      },
    })),
    caught: 'changed settings are shown',
  },
  {
    how: 'does not split',
    capabilities: small,
    make: splitting((markdown) => [markdown || '…']),
    caught: 'split: every part is within',
  },
  {
    how: 'makes empty parts',
    capabilities: small,
    make: splitting((markdown, surface) => [...rightly(surface, markdown), ' ']),
    caught: 'split: every part is within',
  },
  {
    how: 'counts units where the messenger counts bytes',
    capabilities: { text: { limit: 100, unit: 'utf8' } },
    make: splitting((markdown) => {
      const wide = new FakeSurface({ capabilities: small });
      return wide.split(markdown);
    }),
    caught: 'split:',
  },
  {
    how: 'loses the last part',
    capabilities: small,
    make: splitting((markdown, surface) => {
      const parts = rightly(surface, markdown);
      return parts.length > 1 ? parts.slice(0, -1) : parts;
    }),
    caught: 'split: no word is lost',
  },
  {
    how: 'doubles a part',
    capabilities: small,
    make: splitting((markdown, surface) => {
      const parts = rightly(surface, markdown);
      return parts.length > 2 ? [...parts, ...parts.slice(1, 2)] : parts;
    }),
    caught: 'split: no word is lost',
  },
  {
    how: 'turns the parts around',
    capabilities: small,
    make: splitting((markdown, surface) => rightly(surface, markdown).toReversed()),
    caught: 'split: no word is lost',
  },
  {
    how: 'cuts through blocks of code',
    capabilities: small,
    make: splitting((markdown) => slices(markdown, 100)),
    caught: 'split: code stays in code',
  },
  {
    how: 'cuts through links',
    capabilities: small,
    make: splitting((markdown) => slices(markdown, 100)),
    caught: 'split: a link stays whole',
  },
  {
    how: 'cuts through characters',
    capabilities: small,
    make: splitting((markdown) => slices(markdown, 99)),
    caught: 'split: characters stay whole',
  },
];

function message(markdown: string): OutgoingMessage {
  return { kind: 'message', role: 'agent', markdown, state: 'final', part: 0, last: true, buttons: [] };
}

test.for(BROKEN)('an adapter that $how is caught', async ({ make, caught, capabilities }) => {
  const cases = surfaceAdapterCases.filter(({ name }) => name.startsWith(caught));
  expect(cases).not.toEqual([]);
  const failed: string[] = [];
  for (const one of cases) {
    const surface = await fakeWorld({ ...(capabilities && { capabilities }) }, make);
    expect(one.applies?.(surface.adapter)).not.toBe(false);
    await runSurfaceCase(one, surface, 100).catch((error: unknown) => failed.push(`${one.name}: ${error}`));
  }
  expect(failed).not.toEqual([]);
});
