/**
 * A messenger in memory: what people say waits until it is acknowledged, what is sent is shown, and
 * every call can be made to fail. It outlives the adapters that connect to it, so a test can kill
 * one and start the next.
 */
import {
  AccountId,
  type Address,
  addressKey,
  type EventId,
  IncomingEvent,
  type MessageId,
  MessageId as MessageIdSchema,
  type OperationId,
  type OutgoingMessage,
  SurfaceId,
  type TurnId,
} from '@surfaces/protocol';
import { utf8Length } from '../markdown/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Accept, AcceptResult, Capabilities, Draft } from '../ports/surface-adapter.ts';
import { SurfaceError } from '../ports/surface-errors.ts';
import { realClock } from './clock.ts';
import {
  type Call,
  type CallKind,
  FAKE_CAPABILITIES,
  type FakeAuthor,
  type FakeFile,
  type FakeMessengerOptions,
  type Fault,
  type Place,
  type PlaceSign,
  type SaidEvent,
  type Session,
  type Shown,
  type Upload,
} from './messenger-model.ts';
import { errorOf, Trouble } from './messenger-trouble.ts';

/** Who speaks, in the tests that do not care. */
const SOMEBODY = { externalId: 'somebody', name: 'Somebody' };

export class FakeMessenger {
  readonly surface: SurfaceId;
  readonly account: AccountId;
  readonly capabilities: Capabilities;
  readonly clock: Clock;
  /** Every call of an adapter, in order. */
  readonly calls: Call[] = [];
  /** Events that were refused, with what the person was told. */
  readonly refusals: { readonly event: IncomingEvent; readonly notice: string }[] = [];
  #connected = true;
  #session: Session | undefined;
  readonly #trouble = new Trouble();
  #places = new Map<string, Place>();
  #log = new Map<EventId, SaidEvent>();
  /** Places that were made, and what was done to places, by operation. */
  #made = new Map<OperationId, Address>();
  #signed = new Set<OperationId>();
  readonly #uploads = new Map<string, Upload>();
  #count = 0;
  readonly #redeliverMs: number;
  readonly #enforceBudget: boolean;

  constructor(options: FakeMessengerOptions = {}) {
    this.surface = SurfaceId.parse(options.surface ?? 'fake');
    this.account = AccountId.parse(options.account ?? 'bot');
    this.capabilities = { ...FAKE_CAPABILITIES, ...options.capabilities };
    this.clock = options.clock ?? realClock;
    this.#redeliverMs = options.redeliverMs ?? 10;
    this.#enforceBudget = options.enforceBudget ?? false;
  }

  room(room: string): Address {
    return { kind: 'room', surface: this.surface, account: this.account, room };
  }

  thread(room: string, thread: string): Address {
    return { kind: 'thread', surface: this.surface, account: this.account, room, thread };
  }

  // What people do.

  /** `/name args` is a command, anything else a message. */
  say(address: Address, text: string, author: FakeAuthor = SOMEBODY, sentAt = this.clock.now()): SaidEvent {
    const command = /^\/([a-z]\w*)(?:\s+([\s\S]*))?$/u.exec(text);
    const what = command
      ? { kind: 'command', name: command[1], args: command[2] ?? '' }
      : { kind: 'message', text };
    return this.#enter(address, what, author, sentAt);
  }

  /** A command of a control, such as a menu: the person says nothing. */
  control(address: Address, name: string, args: string, author: FakeAuthor = SOMEBODY): SaidEvent {
    return this.#enter(address, { kind: 'command', name, args, quiet: true }, author, this.clock.now());
  }

  /** A message with files; without text where it is empty. */
  sayWith(
    address: Address,
    text: string,
    files: readonly FakeFile[],
    author: FakeAuthor = SOMEBODY,
    sentAt = this.clock.now(),
  ): SaidEvent {
    const attachments = files.map(({ name, mediaType, content, size }) => {
      const ref = `upload-${++this.#count}`;
      this.#uploads.set(ref, { address, author, content });
      return {
        ref,
        name,
        ...(mediaType === undefined ? {} : { mediaType }),
        ...(size === undefined ? {} : { size }),
      };
    });
    return this.#enter(address, { kind: 'message', text, attachments }, author, sentAt);
  }

  press(address: Address, action: string, author: FakeAuthor = SOMEBODY): SaidEvent {
    return this.#enter(address, { kind: 'callback', action }, author, this.clock.now());
  }

  /** Delivers an earlier event once more, as messengers do when they lost the acknowledgement. */
  repeat(eventId: EventId): SaidEvent {
    const said = this.#log.get(eventId);
    if (!said) throw new Error(`no event ${eventId}`);
    return this.#queue(said.event);
  }

  /** What can be read at an address now. */
  shown(address: Address): readonly Shown[] {
    return this.#place(address).shown;
  }

  drafts(address: Address): readonly Draft[] {
    return [...this.#place(address).drafts.values()];
  }

  isTyping(address: Address): boolean {
    return this.#place(address).typing;
  }

  /** What is written over a place. */
  sign(address: Address): PlaceSign {
    return this.#place(address).sign;
  }

  /** Places that were made for chats, in order. */
  madePlaces(): readonly Address[] {
    return [...this.#made.values()];
  }

  /** Events that no adapter acknowledged yet. */
  unacknowledged(): readonly IncomingEvent[] {
    return [...this.#places.values()].flatMap((place) => place.pending.map(({ said }) => said.event));
  }

  // What goes wrong.

  fail(fault: Fault): void {
    this.#trouble.fail(fault);
  }

  heal(): void {
    this.#trouble.heal();
  }

  /** Makes calls of a kind wait until the result is called. */
  hold(call: CallKind): () => void {
    return this.#trouble.hold(call);
  }

  disconnect(): void {
    this.#connected = false;
  }

  reconnect(): void {
    this.#connected = true;
    this.#pumpAll();
  }

  // What the adapter calls.

  open(accept: Accept): Session {
    this.#session = { accept, receiving: true, open: true, closed: Promise.withResolvers() };
    this.#pumpAll();
    return this.#session;
  }

  /** Delivers nothing new; what is in flight can still be acknowledged. */
  pause(session: Session): void {
    session.receiving = false;
  }

  /** Nothing in flight is acknowledged any more: it is delivered to the next session. */
  close(session: Session): void {
    session.receiving = false;
    session.open = false;
    session.closed.resolve(undefined);
    if (this.#session === session) this.#session = undefined;
  }

  isReceiving(session: Session): boolean {
    return this.#connected && this.#session === session && session.receiving;
  }

  show(address: Address, operationId: OperationId, message: OutgoingMessage): MessageId {
    const place = this.#place(address);
    if (message.turnId !== undefined) place.drafts.delete(message.turnId as TurnId);
    const before = place.shown.find((shown) => shown.operationId === operationId);
    if (before && this.capabilities.sends === 'idempotent') return before.messageId;
    const messageId = MessageIdSchema.parse(`m${++this.#count}`);
    place.shown.push({ messageId, operationId, message, edits: 0 });
    return messageId;
  }

  replace(address: Address, messageId: MessageId, message: OutgoingMessage): void {
    const { shown } = this.#place(address);
    const index = shown.findIndex((other) => other.messageId === messageId);
    const before = shown[index];
    if (!before) throw new SurfaceError('refused', `there is no message ${messageId} to edit here`);
    shown[index] = { ...before, message, edits: before.edits + 1 };
  }

  /** A file that was sent here; `undefined` when it is gone. */
  upload(address: Address, ref: string): Upload | undefined {
    const upload = this.#uploads.get(ref);
    return upload && addressKey(upload.address) === addressKey(address) ? upload : undefined;
  }

  /** Forgets all files that were sent, as messengers do after a while. */
  forgetUploads(): void {
    this.#uploads.clear();
  }

  draft(address: Address, turnId: TurnId, draft: Draft | undefined): void {
    const { drafts } = this.#place(address);
    if (draft) drafts.set(turnId, draft);
    else drafts.delete(turnId);
  }

  typing(address: Address, on: boolean): void {
    this.#place(address).typing = on;
  }

  /** A new thread of the room; the same operation makes one. */
  makePlace(from: Address, name: string, operationId: OperationId): Address {
    const before = this.#made.get(operationId);
    if (before) return before;
    const address = this.thread(from.room, `made-${++this.#count}`);
    this.#made.set(operationId, address);
    this.#place(address).sign = { name, archived: false };
    return address;
  }

  /** The same operation changes it once. */
  changeSign(address: Address, change: Partial<PlaceSign>, operationId: OperationId): void {
    if (this.#signed.has(operationId)) return;
    this.#signed.add(operationId);
    const place = this.#place(address);
    place.sign = { ...place.sign, ...change };
  }

  /**
   * Runs one call: waits where it is held, fails where a fault says so, refuses what a real
   * messenger would refuse.
   */
  async call<T>(
    kind: CallKind,
    what: {
      readonly address?: Address;
      readonly operationId?: OperationId;
      readonly message?: OutgoingMessage;
    },
    signal: AbortSignal | undefined,
    effect: () => T,
  ): Promise<T> {
    signal?.throwIfAborted();
    await this.#trouble.released(kind, signal);
    const unreachable: Fault | undefined = this.#connected ? undefined : { fault: 'unreachable' };
    const fault =
      unreachable ?? this.#trouble.take(kind, what.address) ?? this.#overBudget(kind, what.address);
    this.calls.push({
      kind,
      at: this.clock.now(),
      ...(what.address && { address: what.address }),
      ...(what.operationId && { operationId: what.operationId }),
      outcome: fault?.fault ?? 'ok',
    });
    if (fault?.fault === 'lost_after') effect();
    if (fault) throw errorOf(fault);
    this.#check(what.address, what.message);
    return effect();
  }

  #check(address: Address | undefined, message: OutgoingMessage | undefined): void {
    if (address && (address.surface !== this.surface || address.account !== this.account)) {
      throw new SurfaceError('refused', `${addressKey(address)} is not at this messenger`);
    }
    if (!message) return;
    if (message.file) {
      const { files } = this.capabilities;
      if (files === 'none') throw new SurfaceError('refused', 'this messenger has no files');
      if (message.file.size > files.maxBytes) throw new SurfaceError('refused', 'the file is too large');
      if (message.markdown !== '') throw new SurfaceError('refused', 'a file has no text');
    } else if (message.markdown.trim() === '')
      throw new SurfaceError('refused', 'a message must not be empty');
    const { limit, unit } = this.capabilities.text;
    const length = unit === 'utf16' ? message.markdown.length : utf8Length(message.markdown);
    if (length > limit)
      throw new SurfaceError('refused', `a message of ${length} is over the limit of ${limit}`);
    if (message.buttons.length > 0 && this.capabilities.buttons === 'none') {
      throw new SurfaceError('refused', 'this messenger has no buttons');
    }
  }

  #overBudget(kind: CallKind, address: Address | undefined): Fault | undefined {
    if (!this.#enforceBudget || kind === 'start' || !address) return undefined;
    const { calls, perMs } = this.capabilities.budget;
    const since = this.clock.now() - perMs;
    const recent = this.calls.filter(
      (call) => call.at > since && call.outcome !== 'rate_limited' && call.address?.room === address.room,
    );
    const first = recent[0];
    if (!first || recent.length < calls) return undefined;
    return { fault: 'rate_limited', retryAfterMs: first.at + perMs - this.clock.now() };
  }

  #place(address: Address): Place {
    const key = addressKey(address);
    const found = this.#places.get(key);
    if (found) return found;
    const place: Place = {
      shown: [],
      drafts: new Map(),
      typing: false,
      pending: [],
      delivering: false,
      sign: { name: '', archived: false },
    };
    this.#places.set(key, place);
    return place;
  }

  #enter(address: Address, what: object, author: FakeAuthor, sentAt: number): SaidEvent {
    const { surface, account } = this;
    const eventId = `e${++this.#count}`;
    const event = IncomingEvent.parse({ ...what, surface, account, eventId, address, author, sentAt });
    return this.#queue(event);
  }

  #queue(event: IncomingEvent): SaidEvent {
    const { promise, resolve } = Promise.withResolvers<AcceptResult>();
    const said = { event, acknowledged: promise };
    this.#log.set(event.eventId, said);
    const place = this.#place(event.address);
    place.pending.push({ said, settle: resolve });
    void this.#pump(place);
    return said;
  }

  #pumpAll(): void {
    for (const place of this.#places.values()) void this.#pump(place);
  }

  /** Delivers what waits at one address, in order, one at a time. Owned: it never rejects. */
  async #pump(place: Place): Promise<void> {
    if (place.delivering) return;
    place.delivering = true;
    let again = false;
    for (let next = place.pending[0]; next; next = place.pending[0]) {
      const session = this.#session;
      if (!session || !this.isReceiving(session)) break;
      const accepted = session.accept(next.said.event).catch(() => undefined);
      // A dead adapter's call may never end.
      const result = await Promise.race([accepted, session.closed.promise]);
      // An acknowledgement of a dead or disconnected adapter does not arrive.
      if (!this.#connected || !session.open) again = true;
      else if (result) {
        place.pending.shift();
        if (result.outcome === 'refused') {
          this.refusals.push({ event: next.said.event, notice: result.notice });
        }
        next.settle(result);
        continue;
      } else this.clock.after(this.#redeliverMs, () => void this.#pump(place));
      break;
    }
    place.delivering = false;
    // The next session may have opened while the dead one's call was still running.
    if (again && this.#session?.receiving && this.#connected) void this.#pump(place);
  }
}
