/** In the controller: the messengers that it plays. They outlive the app and forget nothing. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type AcceptResult, isSurfaceError } from '@surfaces/core';
import { FakeMessenger, type SaidEvent } from '@surfaces/core/testing';
import { type Address, addressKey, type IncomingEvent, type MessageId } from '@surfaces/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Call, type FrameToMessenger, write } from './link.ts';
import { Bell, type Person, type Seen } from './person.ts';
import { PLAYED, PLAYED_SURFACES, type PlayedSurface } from './played-surfaces.ts';
import { chatsIn } from './words.ts';

/** The network's part of a call, each way. Milliseconds, so that kills land inside. */
const LATENCY_MS = 4;

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
    this.#people.set(addressKey(address), person);
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
    const person = this.#people.get(addressKey(call.address));
    try {
      if (!messenger || !person) throw new Error(`${addressKey(call.address)} is nowhere`);
      const { kind, ...what } = call;
      const messageId = await messenger.call(kind, what, undefined, () => effect(messenger, call));
      person.happened(call);
      await wait(Math.random() * LATENCY_MS);
      socket.send(write({ type: 'done', id, ...(messageId === undefined ? {} : { messageId }) }));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      person?.complaints.push(`${call.kind} failed: ${message}`);
      const code = isSurfaceError(error) ? error.code : 'refused';
      socket.send(write({ type: 'done', id, failure: { code, message } }));
    }
  }
}

function effect(messenger: FakeMessenger, call: Call): MessageId | undefined {
  switch (call.kind) {
    case 'send':
      return messenger.show(call.address, call.operationId, call.message);
    case 'edit':
      messenger.replace(call.address, call.messageId, call.message);
      return undefined;
    case 'show':
      messenger.draft(call.address, call.draft.turnId, call.draft);
      return undefined;
    case 'clear':
      messenger.draft(call.address, call.turnId, undefined);
      return undefined;
  }
}

class MessengerPerson implements Person {
  readonly surface: string;
  readonly chat: string;
  readonly refused: string[] = [];
  readonly complaints: string[] = [];
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

  say(text: string): void {
    this.#follow(this.#messenger.say(this.#address, text, this.#author()));
  }

  press(action: string): void {
    this.#follow(this.#messenger.press(this.#address, action, this.#author()));
  }

  unacknowledged(): number {
    return this.#unacknowledged;
  }

  seen(): readonly Seen[] {
    return this.#messenger.shown(this.#address);
  }

  changed(): Promise<void> {
    return this.#bell.rung();
  }

  async close(): Promise<void> {}

  happened(call: Call): void {
    const text = 'message' in call ? call.message.markdown : 'draft' in call ? call.draft.text : '';
    const strangers = chatsIn(text).filter((chat) => chat !== this.chat);
    if (strangers.length > 0) this.complaints.push(`${call.kind} shows ${strangers.join()}: ${text}`);
    this.#bell.ring();
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
