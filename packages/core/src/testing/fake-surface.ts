/** A complete adapter for the messenger in memory, with the abilities that its capabilities name. */
import type {
  AccountId,
  Address,
  ExternalId,
  MessageId,
  OperationId,
  OutgoingMessage,
  PersonId,
  SurfaceId,
} from '@surfaces/protocol';
import { splitMarkdown, utf8Length } from '../markdown/index.ts';
import type { Person } from '../ports/store-chats.ts';
import type {
  Accept,
  Capabilities,
  ChatPort,
  CommandInfo,
  DraftPort,
  EditPort,
  FilePort,
  HealthPort,
  PeoplePort,
  SendReceipt,
  SurfaceAdapter,
  TypingPort,
} from '../ports/surface-adapter.ts';
import { SurfaceError } from '../ports/surface-errors.ts';
import type { Timeline } from '../ports/timeline.ts';
import { FakeMessenger } from './fake-messenger.ts';
import type { FakeAuthor, FakeMessengerOptions, Session } from './messenger-model.ts';

export interface FakeSurfaceOptions {
  /** Remembers what was shown, for `history: 'store'`. */
  readonly timeline?: Timeline;
  /** Who somebody is, so that nobody fetches what another sent. Left out: whoever asks. */
  readonly identify?: (author: FakeAuthor) => Promise<PersonId>;
}

export class FakeSurface implements SurfaceAdapter {
  readonly messenger: FakeMessenger;
  readonly surface: SurfaceId;
  readonly account: AccountId;
  readonly capabilities: Capabilities;
  readonly edits?: EditPort;
  readonly drafts?: DraftPort;
  readonly typing?: TypingPort;
  readonly chats?: ChatPort;
  readonly people: PeoplePort;
  readonly files?: FilePort;
  readonly health: HealthPort;
  /** The menu that it was given. */
  commands: readonly CommandInfo[] = [];
  /** The settings that it was last told, by who has them. */
  readonly told = new Map<ExternalId, Person>();
  readonly #timeline: Timeline | undefined;
  #session: Session | undefined;
  #stopped = false;

  /** Makes its own messenger from options, or connects to one that is there already. */
  constructor(messenger: FakeMessenger | FakeMessengerOptions = {}, options: FakeSurfaceOptions = {}) {
    this.messenger = messenger instanceof FakeMessenger ? messenger : new FakeMessenger(messenger);
    this.surface = this.messenger.surface;
    this.account = this.messenger.account;
    this.capabilities = this.messenger.capabilities;
    this.#timeline = options.timeline;
    if (this.capabilities.history === 'store' && !this.#timeline) {
      throw new TypeError("a fake surface with history 'store' needs a timeline");
    }
    if (this.capabilities.preview === 'edit') this.edits = this.#editPort();
    if (this.capabilities.preview === 'draft') this.drafts = this.#draftPort();
    if (this.capabilities.files !== 'none') this.files = this.#filePort(options.identify);
    if (this.capabilities.typing === 'native') this.typing = this.#typingPort();
    if (this.capabilities.chats === 'native') this.chats = this.#chatPort();
    this.people = { changed: (externalId, person) => void this.told.set(externalId, person) };
    this.health = {
      probe: async (signal) => {
        signal.throwIfAborted();
        const ok = this.#session !== undefined && this.messenger.isReceiving(this.#session);
        return { ok, detail: ok ? 'receiving' : 'not receiving' };
      },
    };
  }

  async start(accept: Accept, commands: readonly CommandInfo[] = []): Promise<void> {
    this.commands = commands;
    await this.messenger.call('start', {}, undefined, () => {
      this.#stopped = false;
      this.#session = this.messenger.open(accept);
    });
  }

  async pause(): Promise<void> {
    if (this.#session) this.messenger.pause(this.#session);
  }

  async stop(): Promise<void> {
    this.kill();
  }

  /** As SIGKILL does: nothing in flight is acknowledged, nothing is sent any more. */
  kill(): void {
    this.#stopped = true;
    if (this.#session) this.messenger.close(this.#session);
    this.#session = undefined;
  }

  split(markdown: string): readonly string[] {
    const { limit, unit } = this.capabilities.text;
    const parts = splitMarkdown(markdown, { limit, ...(unit === 'utf8' && { measure: utf8Length }) });
    return parts.length > 0 ? parts : ['…'];
  }

  async send(
    address: Address,
    outgoing: OutgoingMessage,
    operationId: OperationId,
    signal: AbortSignal,
  ): Promise<SendReceipt> {
    this.#mustRun();
    await this.#timeline?.append(address, operationId, outgoing, this.messenger.clock.now());
    const messageId = await this.messenger.call(
      'send',
      { address, operationId, message: outgoing },
      signal,
      () => this.messenger.show(address, operationId, outgoing),
    );
    this.#mustRun();
    return { messageId };
  }

  #mustRun(): void {
    if (this.#stopped)
      throw new SurfaceError('unreachable', 'this adapter was stopped', { outcomeUnknown: true });
  }

  #editPort(): EditPort {
    return {
      edit: async (
        address: Address,
        messageId: MessageId,
        outgoing: OutgoingMessage,
        operationId: OperationId,
        signal: AbortSignal,
      ) => {
        this.#mustRun();
        await this.messenger.call('edit', { address, operationId, message: outgoing }, signal, () =>
          this.messenger.replace(address, messageId, outgoing),
        );
      },
    };
  }

  #draftPort(): DraftPort {
    return {
      show: async (address, draft, signal) => {
        this.#mustRun();
        await this.messenger.call('show', { address }, signal, () =>
          this.messenger.draft(address, draft.turnId, draft),
        );
      },
      clear: async (address, turnId, signal) => {
        this.#mustRun();
        await this.messenger.call('clear', { address }, signal, () =>
          this.messenger.draft(address, turnId, undefined),
        );
      },
    };
  }

  #chatPort(): ChatPort {
    return {
      create: async ({ from, chat }, operationId, signal) => {
        this.#mustRun();
        return this.messenger.call('create', { address: from, operationId }, signal, () =>
          this.messenger.makePlace(from, chat.name, operationId),
        );
      },
      rename: async (address, name, operationId, signal) => {
        this.#mustRun();
        await this.messenger.call('rename', { address, operationId }, signal, () =>
          this.messenger.changeSign(address, { name }, operationId),
        );
      },
      archive: async (address, archived, operationId, signal) => {
        this.#mustRun();
        await this.messenger.call('archive', { address, operationId }, signal, () =>
          this.messenger.changeSign(address, { archived }, operationId),
        );
      },
    };
  }

  #filePort(identify: FakeSurfaceOptions['identify']): FilePort {
    return {
      fetch: async (address, person, ref, signal) => {
        this.#mustRun();
        const upload = await this.messenger.call('fetch', { address }, signal, () =>
          this.messenger.upload(address, ref),
        );
        if (!upload || (identify && (await identify(upload.author)) !== person)) {
          throw new SurfaceError('refused', 'there is no such file');
        }
        const { content } = upload;
        return typeof content === 'function' ? content() : pieces(content);
      },
    };
  }

  #typingPort(): TypingPort {
    return {
      lastsMs: 5000,
      set: async (address, on, signal) => {
        this.#mustRun();
        await this.messenger.call('typing', { address }, signal, () => this.messenger.typing(address, on));
      },
    };
  }
}

async function* pieces(content: string | Uint8Array): AsyncGenerator<Uint8Array> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  for (let at = 0; at < bytes.length; at += 4096) yield bytes.slice(at, at + 4096);
}
