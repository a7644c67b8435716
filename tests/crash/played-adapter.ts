/** In the app: the adapter of a messenger that the controller plays. */
import { createHash } from 'node:crypto';
import {
  type Accept,
  type Capabilities,
  type Files,
  type SurfaceAdapter,
  SurfaceError,
} from '@surfaces/core';
import { splitMarkdown } from '@surfaces/core/markdown';
import { AccountId, type OutgoingMessage, SurfaceId } from '@surfaces/protocol';
import { WebSocket } from 'ws';
import { type Call, type FrameToApp, type FrameToMessenger, write } from './link.ts';

type Done = Extract<FrameToApp, { type: 'done' }>;

export function playedAdapter(
  surface: string,
  capabilities: Capabilities,
  url: string,
  files: Files,
): SurfaceAdapter {
  const link = new Link(url, surface);
  return {
    surface: SurfaceId.parse(surface),
    account: AccountId.parse('bot'),
    capabilities,
    start: (accept) => link.open(accept),
    pause: async () => link.pause(),
    stop: async () => link.close(),
    split: (markdown) => splitMarkdown(markdown, { limit: capabilities.text.limit }),
    async send(address, message, operationId, signal) {
      const file = message.file && { fileDigest: await digestOf(files, message.file) };
      const { messageId } = await link.call({ kind: 'send', address, message, operationId, ...file }, signal);
      if (messageId === undefined) throw new SurfaceError('refused', 'sent without an id');
      return { messageId };
    },
    files: {
      fetch: async (address, _person, ref, signal) => link.fetch({ kind: 'fetch', address, ref }, signal),
    },
    chats: {
      async create({ from, chat }, operationId, signal) {
        const call = { kind: 'create', address: from, operationId, name: chat.name } as const;
        const { address } = await link.call(call, signal);
        if (address === undefined) throw new SurfaceError('refused', 'made without an address');
        return address;
      },
      async rename(address, name, operationId, signal) {
        await link.call({ kind: 'sign', address, operationId, change: { name } }, signal);
      },
      async archive(address, archived, operationId, signal) {
        await link.call({ kind: 'sign', address, operationId, change: { archived } }, signal);
      },
    },
    ...(capabilities.preview === 'edit' && {
      edits: {
        async edit(address, messageId, message, operationId, signal) {
          await link.call({ kind: 'edit', address, messageId, message, operationId }, signal);
        },
      },
    }),
    ...(capabilities.preview === 'draft' && {
      drafts: {
        async show(address, draft, signal) {
          await link.call({ kind: 'show', address, draft }, signal);
        },
        async clear(address, turnId, signal) {
          await link.call({ kind: 'clear', address, turnId }, signal);
        },
      },
    }),
  };
}

async function digestOf(files: Files, { owner, id }: NonNullable<OutgoingMessage['file']>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of files.read(owner, id)) hash.update(piece);
  return hash.digest('hex');
}

class Link {
  readonly #url: string;
  readonly #surface: string;
  readonly #waiting = new Map<number, (done: Done | Error) => void>();
  readonly #fetching = new Map<number, (bytes: Uint8Array) => void>();
  #count = 0;
  #socket: WebSocket | undefined;
  #paused = false;

  constructor(url: string, surface: string) {
    this.#url = url;
    this.#surface = surface;
  }

  async open(accept: Accept): Promise<void> {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('message', (data) => this.#receive(JSON.parse(String(data)) as FrameToApp, accept)); // see link.ts
    socket.on('close', () => {
      for (const settle of this.#waiting.values()) settle(unknown());
      this.#waiting.clear();
    });
    socket.send(write({ type: 'open', surface: this.#surface }));
  }

  pause(): void {
    this.#paused = true;
  }

  close(): void {
    this.#socket?.close();
  }

  call(call: Call, signal: AbortSignal): Promise<Done> {
    return this.#call(++this.#count, call, signal);
  }

  fetch(call: Call, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const id = ++this.#count;
    let wanted = true;
    return new ReadableStream<Uint8Array>({
      start: (stream) => {
        this.#fetching.set(id, (bytes) => stream.enqueue(bytes));
        this.#call(id, call, signal)
          .finally(() => this.#fetching.delete(id))
          .then(
            () => wanted && stream.close(),
            (error) => wanted && stream.error(error),
          );
      },
      cancel: () => {
        wanted = false;
        this.#fetching.delete(id);
      },
    });
  }

  async #call(id: number, call: Call, signal: AbortSignal): Promise<Done> {
    signal.throwIfAborted();
    const onAbort = () => this.#waiting.get(id)?.(unknown());
    const done = await new Promise<Done | Error>((resolve) => {
      this.#waiting.set(id, resolve);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#send({ type: 'call', id, call });
    });
    this.#waiting.delete(id);
    signal.removeEventListener('abort', onAbort);
    if (done instanceof Error) throw done;
    if (done.failure) throw new SurfaceError(done.failure.code, done.failure.message);
    return done;
  }

  #send(frame: FrameToMessenger): void {
    // What was on its way when the link broke is settled by its end.
    this.#socket?.send(write(frame), () => undefined);
  }

  #receive(frame: FrameToApp, accept: Accept): void {
    if (frame.type === 'done') {
      this.#waiting.get(frame.id)?.(frame);
      return;
    }
    if (frame.type === 'bytes') {
      this.#fetching.get(frame.id)?.(Buffer.from(frame.bytes, 'base64'));
      return;
    }
    const { id, event } = frame;
    // Not taken: it comes again in the next life.
    if (this.#paused) return;
    accept(event).then(
      (result) => this.#send({ type: 'taken', id, result }),
      () => this.#send({ type: 'taken', id }),
    );
  }
}

function unknown(): SurfaceError {
  return new SurfaceError('unreachable', 'the connection broke during the call', { outcomeUnknown: true });
}
