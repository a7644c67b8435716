/** Adapters that break what is said of files: each is caught by the case that is there for it. */
import { type FilePort, SurfaceError } from '@surfaces/core';
import { type FakeMessenger, FakeSurface } from '@surfaces/core/testing';
import { OperationId, PersonId } from '@surfaces/protocol';
import { expect, test } from 'vitest';
import { fakeWorld } from './fake-world.ts';
import { runSurfaceCase, surfaceAdapterCases } from './suite.ts';

const whole = (messenger: FakeMessenger) =>
  new FakeSurface(messenger, { identify: async ({ externalId }) => PersonId.parse(externalId) });

/** An adapter whose `fetch` does something else. */
const fetching = (wrap: (fetch: FilePort['fetch'], messenger: FakeMessenger) => FilePort['fetch']) => {
  return (messenger: FakeMessenger) => {
    const surface = whole(messenger);
    const { files } = surface;
    if (!files) throw new Error('the fake has files');
    return Object.assign(surface, { files: { fetch: wrap(files.fetch.bind(files), messenger) } });
  };
};

const sending = (wrap: (send: FakeSurface['send']) => FakeSurface['send']) => (messenger: FakeMessenger) => {
  const surface = whole(messenger);
  return Object.assign(surface, { send: wrap(surface.send.bind(surface)) });
};

async function* none(): AsyncGenerator<Uint8Array> {}

const BROKEN: readonly {
  readonly how: string;
  readonly make: (messenger: FakeMessenger) => FakeSurface;
  readonly caught: string;
}[] = [
  {
    how: 'has no port',
    make: (messenger) => Object.assign(whole(messenger), { files: undefined }),
    caught: 'it has the port of files',
  },
  {
    how: 'drops files',
    make: (messenger) => {
      const surface = whole(messenger);
      const start = surface.start.bind(surface);
      return Object.assign(surface, {
        start: (...[accept, commands]: Parameters<FakeSurface['start']>) =>
          start(
            (event) => accept(event.kind === 'message' ? { ...event, attachments: [] } : event),
            commands,
          ),
      });
    },
    caught: 'files arrive',
  },
  {
    how: 'turns files around',
    make: (messenger) => {
      const surface = whole(messenger);
      const start = surface.start.bind(surface);
      return Object.assign(surface, {
        start: (...[accept, commands]: Parameters<FakeSurface['start']>) =>
          start(
            (event) =>
              accept(
                event.kind === 'message' ? { ...event, attachments: event.attachments.toReversed() } : event,
              ),
            commands,
          ),
      });
    },
    caught: 'files arrive',
  },
  {
    how: 'takes bytes for text',
    make: fetching((fetch) => async (...args) => {
      const content = await fetch(...args);
      return (async function* () {
        for await (const piece of content) yield new TextEncoder().encode(new TextDecoder().decode(piece));
      })();
    }),
    caught: 'a file is fetched byte by byte',
  },
  {
    how: 'gives a file once',
    make: fetching((fetch, messenger) => async (...args) => {
      const content = await fetch(...args);
      messenger.forgetUploads();
      return content;
    }),
    caught: 'a file is fetched byte by byte',
  },
  {
    how: 'has all of a file in memory',
    make: fetching((fetch) => async (...args) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of await fetch(...args)) pieces.push(piece);
      return (async function* () {
        yield Buffer.concat(pieces);
      })();
    }),
    caught: 'a large file comes in pieces',
  },
  {
    how: 'loses the end of a file',
    make: fetching((fetch) => async (...args) => {
      const content = await fetch(...args);
      return (async function* () {
        let before: Uint8Array | undefined;
        for await (const piece of content) {
          if (before) yield before;
          before = piece;
        }
      })();
    }),
    caught: 'a large file comes in pieces',
  },
  {
    how: 'gives a file to whoever asks',
    make: (messenger) => new FakeSurface(messenger),
    caught: "another person's file is refused",
  },
  {
    how: 'gives nothing for what is gone',
    make: fetching(
      (fetch) =>
        (...args) =>
          fetch(...args).catch(() => none()),
    ),
    caught: 'a file that is gone',
  },
  {
    how: 'asks to try again for what is gone',
    make: fetching(
      (fetch) =>
        (...args) =>
          fetch(...args).catch(() => {
            throw new SurfaceError('unreachable', 'HTTP 404');
          }),
    ),
    caught: 'a file that is gone',
  },
  {
    how: 'does not look at the signal',
    make: fetching(
      (fetch) => (address, person, ref) => fetch(address, person, ref, new AbortController().signal),
    ),
    caught: 'a fetch that was aborted',
  },
  {
    how: 'says the name instead of sending the file',
    make: sending(
      (send) =>
        (address, { file, ...message }, ...rest) =>
          send(address, file ? { ...message, markdown: file.name } : message, ...rest),
    ),
    caught: 'a file that is sent',
  },
  {
    how: 'shows a repeated file again',
    make: sending(
      (send) => (address, message, id, signal) =>
        send(address, message, message.file ? OperationId.parse(crypto.randomUUID()) : id, signal),
    ),
    caught: 'the same file under the same operation',
  },
];

test.for(BROKEN)('an adapter that $how is caught', async ({ make, caught }) => {
  const cases = surfaceAdapterCases.filter(({ name }) => name.startsWith(caught));
  expect(cases).toHaveLength(1);
  for (const one of cases) {
    await runSurfaceCase(one, await fakeWorld(), 100);
    await expect(runSurfaceCase(one, await fakeWorld({}, make), 100)).rejects.toThrow();
  }
});
