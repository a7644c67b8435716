/** In the app: the adapter of a messenger that the controller plays. */
import { type Accept, type Capabilities, type SurfaceAdapter, SurfaceError } from '@surfaces/core';
import { splitMarkdown } from '@surfaces/core/markdown';
import { AccountId, type MessageId, SurfaceId } from '@surfaces/protocol';
import { WebSocket } from 'ws';
import { type Call, type FrameToApp, type FrameToMessenger, write } from './link.ts';

type Done = Extract<FrameToApp, { type: 'done' }>;

export function playedAdapter(surface: string, capabilities: Capabilities, url: string): SurfaceAdapter {
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
      const { messageId } = await link.call({ kind: 'send', address, message, operationId }, signal);
      if (messageId === undefined) throw new SurfaceError('refused', 'sent without an id');
      return { messageId };
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

class Link {
  readonly #url: string;
  readonly #surface: string;
  readonly #waiting = new Map<number, (done: Done | Error) => void>();
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

  async call(call: Call, signal: AbortSignal): Promise<{ messageId?: MessageId }> {
    signal.throwIfAborted();
    const id = ++this.#count;
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
