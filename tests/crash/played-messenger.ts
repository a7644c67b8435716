/** In the controller: the messengers that it plays. They outlive the app and forget nothing. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type AcceptResult, isSurfaceError } from '@surfaces/core';
import { FakeMessenger, type SaidEvent } from '@surfaces/core/testing';
import {
  type Address,
  addressKey,
  type FileId,
  type IncomingEvent,
  type MessageId,
} from '@surfaces/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Call, type FrameToMessenger, write } from './link.ts';
import { Bell, type Person, type Seen } from './person.ts';
import { PLAYED, PLAYED_SURFACES, type PlayedSurface } from './played-surfaces.ts';
import { chatsIn, type WorkloadFile } from './words.ts';

/** The network's part of a call, each way. Milliseconds, so that kills land inside. */
const LATENCY_MS = 4;
/** Of a file that is fetched, at a time. */
const PIECE = 4096;

export class PlayedMessengers {
  readonly #messengers = new Map<string, FakeMessenger>(
    PLAYED_SURFACES.map((surface) => [
      surface,
      new FakeMessenger({ surface, capabilities: PLAYED[surface] }),
    ]),
  );
  readonly #people = new Map<string, MessengerPerson>();
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async listen(): Promise<PlayedMessengers> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new PlayedMessengers(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // it listens on a port
  }

  person(surface: PlayedSurface, chat: string): Person {
    const messenger = this.#messengers.get(surface);
    if (!messenger) throw new Error(`no messenger ${surface}`);
    const address = messenger.room(`room-of-${chat}`);
    const person = new MessengerPerson(messenger, address, surface, chat);
    this.#people.set(address.room, person);
    return person;
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: WebSocket): void {
    let count = 0;
    const waiting = new Map<number, (result: AcceptResult | Error) => void>();
    const deliver = async (event: IncomingEvent) => {
      const id = ++count;
      socket.send(write({ type: 'event', id, event }));
      const result = await new Promise<AcceptResult | Error>((resolve) => waiting.set(id, resolve));
      waiting.delete(id);
      if (result instanceof Error) throw result;
      return result;
    };
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as FrameToMessenger; // see link.ts
      if (frame.type === 'taken') {
        waiting.get(frame.id)?.(frame.result ?? new Error('not taken'));
      } else if (frame.type === 'call') {
        void this.#call(socket, frame.id, frame.call);
      } else {
        const messenger = this.#messengers.get(frame.surface);
        if (!messenger) return socket.terminate();
        const session = messenger.open(deliver);
        socket.on('close', () => messenger.close(session));
      }
    });
    socket.on('error', () => socket.terminate());
  }

  /** Has its effect whether or not the caller lives to hear of it. */
  async #call(socket: WebSocket, id: number, call: Call): Promise<void> {
    await wait(Math.random() * LATENCY_MS);
    const messenger = this.#messengers.get(call.address.surface);
    const person = this.#people.get(call.address.room);
    try {
      if (!messenger || !person) throw new Error(`${addressKey(call.address)} is nowhere`);
      const { kind, ...what } = call;
      const action = kind === 'sign' ? 'rename' : kind;
      const done = await messenger.call(action, what, undefined, () => effect(messenger, call));
      person.happened(call);
      if (call.kind === 'fetch') await this.#bytes(socket, id, messenger, call);
      await wait(Math.random() * LATENCY_MS);
      socket.send(write({ type: 'done', id, ...done }));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      person?.complaints.push(`${call.kind} failed: ${message}`);
      const code = isSurfaceError(error) ? error.code : 'refused';
      socket.send(write({ type: 'done', id, failure: { code, message } }));
    }
  }

  /** Takes its time, so that kills land inside. */
  async #bytes(
    socket: WebSocket,
    id: number,
    messenger: FakeMessenger,
    { address, ref }: Extract<Call, { kind: 'fetch' }>,
  ): Promise<void> {
    const content = messenger.upload(address, ref)?.content;
    if (!(content instanceof Uint8Array)) throw new Error(`there is no file ${ref}`);
    for (let from = 0; from < content.length; from += PIECE) {
      const bytes = Buffer.from(content.subarray(from, from + PIECE)).toString('base64');
      socket.send(write({ type: 'bytes', id, bytes }));
      await wait(Math.random() * LATENCY_MS);
    }
  }
}

function effect(
  messenger: FakeMessenger,
  call: Call,
): { readonly messageId?: MessageId; readonly address?: Address } {
  switch (call.kind) {
    case 'send':
      return { messageId: messenger.show(call.address, call.operationId, call.message) };
    case 'edit':
      messenger.replace(call.address, call.messageId, call.message);
      break;
    case 'create':
      return { address: messenger.makePlace(call.address, call.name, call.operationId) };
    case 'sign':
      messenger.changeSign(call.address, call.change, call.operationId);
      break;
    case 'show':
      messenger.draft(call.address, call.draft.turnId, call.draft);
      break;
    case 'clear':
      messenger.draft(call.address, call.turnId, undefined);
      break;
    case 'fetch':
      break;
  }
  return {};
}

class MessengerPerson implements Person {
  readonly surface: string;
  readonly chat: string;
  readonly refused: string[] = [];
  readonly complaints: string[] = [];
  readonly digests = new Map<FileId, string>();
  readonly givenUp = 0;
  readonly #messenger: FakeMessenger;
  readonly #address: Address;
  readonly #bell = new Bell();
  #unacknowledged = 0;

  constructor(messenger: FakeMessenger, address: Address, surface: string, chat: string) {
    this.#messenger = messenger;
    this.#address = address;
    this.surface = surface;
    this.chat = chat;
  }

  say(text: string, files: readonly WorkloadFile[] = []): void {
    const sent = files.map(({ name, bytes }) => ({ name, content: bytes, size: bytes.length }));
    this.#follow(
      sent.length === 0
        ? this.#messenger.say(this.#address, text, this.#author())
        : this.#messenger.sayWith(this.#address, text, sent, this.#author()),
    );
  }

  press(action: string): void {
    this.#follow(this.#messenger.press(this.#address, action, this.#author()));
  }

  unacknowledged(): number {
    return this.#unacknowledged;
  }

  seen(): readonly Seen[] {
    return this.#messenger.shown(this.#address).map(({ message: { file, ...message }, operationId }) => ({
      message,
      operationId,
      ...(file === undefined ? {} : { file }),
    }));
  }

  places(): number {
    return this.#messenger.madePlaces().filter(({ room }) => room === this.#address.room).length;
  }

  changed(): Promise<void> {
    return this.#bell.rung();
  }

  async close(): Promise<void> {}

  happened(call: Call): void {
    const text = 'message' in call ? call.message.markdown : 'draft' in call ? call.draft.text : '';
    const strangers = chatsIn(text).filter((chat) => chat !== this.chat);
    if (strangers.length > 0) this.complaints.push(`${call.kind} shows ${strangers.join()}: ${text}`);
    if (call.kind === 'send' && call.message.file) this.#take(call.message.file.id, call.fileDigest ?? '');
    this.#bell.ring();
  }

  #take(id: FileId, digest: string): void {
    const before = this.digests.get(id);
    if (before !== undefined && before !== digest)
      this.complaints.push(`file ${id} has other bytes than before`);
    this.digests.set(id, digest);
  }

  #author() {
    return { externalId: `person-of-${this.chat}`, name: `Person of ${this.chat}` };
  }

  #follow(said: SaidEvent): void {
    this.#unacknowledged += 1;
    void said.acknowledged.then((result) => {
      this.#unacknowledged -= 1;
      if (result.outcome === 'refused') this.refused.push(result.notice);
      this.#bell.ring();
    });
  }
}
