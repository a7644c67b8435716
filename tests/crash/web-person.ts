/**
 * A person at the web page, as the page's protocol wants it: what is not acknowledged is sent again
 * under the same id after a lost connection, and what was missed is fetched by its place.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type ClientFrame, type Entry, ServerFrame } from '@surfaces/adapter-web';
import type { FileId } from '@surfaces/protocol';
import { WebSocket } from 'ws';
import { Bell, type Person, type Seen } from './person.ts';
import type { Random } from './random.ts';
import { WebFiles } from './web-files.ts';
import { chatsIn, type WorkloadFile } from './words.ts';

type Said = Extract<ClientFrame, { type: 'message' | 'action' }>;

const RECONNECT_MS = 60;
/** This suite speaks in the first chat of each person. */
const CHAT = 'main';
/** How often an acknowledgement is lost on its way, and the connection with it. */
const LOST = 0.03;

export interface WebPersonOptions {
  /** Of the page. */
  readonly url: string;
  readonly key: string;
  readonly chat: string;
  readonly random: Random;
}

export class WebPerson implements Person {
  readonly surface = 'web';
  readonly opens = true;
  readonly chat: string;
  readonly refused: string[] = [];
  readonly complaints: string[] = [];
  readonly digests = new Map<FileId, string>();
  readonly #files: WebFiles;
  readonly #options: WebPersonOptions;
  readonly #bell = new Bell();
  readonly #waiting = new Map<string, Said>();
  readonly #entries: Entry[] = [];
  readonly #own = new Set<string>();
  readonly #drafts = new Map<string, string>();
  readonly #closing = new AbortController();
  readonly #living: Promise<void>;
  readonly #seen: Seen[] = [];
  /** The main chat is always there. */
  #chats = 1;
  /** What is said waits for the uploads of what was said before. */
  #saying: Promise<unknown> = Promise.resolve();
  /** Of these: not said yet, and shown files that are not there yet. */
  #busy = 0;
  #socket: WebSocket | undefined;
  /** It has everything that was there: messages may follow. */
  #live = false;

  constructor(options: WebPersonOptions) {
    this.#options = options;
    this.chat = options.chat;
    this.#files = new WebFiles(options, this.#closing.signal, this.complaints);
    this.#living = this.#keepConnected();
  }

  say(text: string, attached: readonly WorkloadFile[] = []): void {
    this.#while(async () => {
      const before = this.#saying;
      const saying = before.then(() => Promise.all(attached.map((file) => this.#files.upload(file))));
      this.#saying = saying.catch(() => undefined);
      const files = await saying;
      this.#enter({ type: 'message', id: randomUUID(), chat: CHAT, text, files });
    });
  }

  press(action: string): void {
    this.#enter({ type: 'action', id: randomUUID(), chat: CHAT, action });
  }

  unacknowledged(): number {
    return this.#waiting.size + this.#busy;
  }

  get givenUp(): number {
    return this.#files.givenUp;
  }

  places(): number {
    return this.#chats - 1;
  }

  seen(): readonly Seen[] {
    return this.#seen;
  }

  changed(): Promise<void> {
    return this.#bell.rung();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#socket?.terminate();
    await this.#living;
  }

  /** Work that the person is not through with before it ended; after `close` it is left. */
  #while(work: () => Promise<void>): void {
    this.#busy += 1;
    work()
      .catch((error) => {
        if (!this.#closing.signal.aborted) this.complaints.push(`web: ${error}`);
      })
      .finally(() => {
        this.#busy -= 1;
        this.#bell.ring();
      });
  }

  /** Connects, again and again. */
  async #keepConnected(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#connection();
      await wait(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when it is over. */
  #connection(): Promise<void> {
    const url = new URL('ws', this.#options.url.replace(/^http/, 'ws'));
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${this.#options.key}` } });
    this.#socket = socket;
    const after = this.#entries.at(-1)?.seq ?? null;
    socket.on('open', () => this.#send({ type: 'hello', chat: CHAT, after }));
    socket.on('message', (data) => {
      if (socket.readyState === WebSocket.OPEN) this.#take(ServerFrame.parse(JSON.parse(String(data))));
    });
    socket.on('error', () => undefined);
    return new Promise((resolve) =>
      socket.on('close', () => {
        this.#live = false;
        this.#drafts.clear();
        resolve();
      }),
    );
  }

  #enter(said: Said): void {
    this.#waiting.set(said.id, said);
    if (this.#live) this.#send(said);
  }

  #send(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame), () => undefined);
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'opened':
        if (frame.reset && this.#entries.length > 0) this.complaints.push('web: told to forget what it has');
        if (frame.older) this.complaints.push('web: missed more than it was told');
        break;
      case 'entries':
        for (const entry of frame.entries) this.#add(entry);
        break;
      case 'caught_up':
        this.#live = true;
        for (const said of this.#waiting.values()) this.#send(said);
        break;
      case 'accepted':
        if (this.#options.random.chance(LOST)) this.#socket?.terminate();
        else this.#waiting.delete(frame.id);
        break;
      case 'refused':
        this.#waiting.delete(frame.id);
        this.refused.push(frame.notice ?? frame.reason);
        break;
      case 'draft': {
        const text = (this.#drafts.get(frame.turnId) ?? '').slice(0, frame.from) + frame.text;
        this.#drafts.set(frame.turnId, text);
        this.#mustBeOurs(text);
        break;
      }
      case 'draft_clear':
        this.#drafts.delete(frame.turnId);
        break;
      case 'error':
        this.complaints.push(`web: ${frame.code}: ${frame.detail}`);
        break;
      case 'chats':
        this.#chats = frame.chats.length;
        break;
      case 'welcome':
      case 'created':
      case 'settings':
      case 'older':
      case 'busy':
      case 'pong':
        break;
    }
    this.#bell.ring();
  }

  #add(entry: Entry): void {
    const last = this.#entries.at(-1)?.seq ?? 0;
    if (entry.seq <= last) this.complaints.push(`web: entry ${entry.seq} after ${last}`);
    this.#entries.push(entry);
    if (entry.by === 'bot') {
      this.#mustBeOurs(entry.message.markdown);
      const { file, ...message } = entry.message;
      this.#seen.push({ message, ...(file === undefined ? {} : { file }) });
      if (file) {
        this.#while(async () => {
          this.digests.set(file.id, await this.#files.download(file.id));
        });
      }
      return;
    }
    if (this.#own.has(entry.id)) this.complaints.push(`web: ${this.chat} reads "${entry.text}" twice`);
    this.#own.add(entry.id);
    // It ends with the chat.
    this.#mustBeOurs(`${entry.text}\n`);
  }

  #mustBeOurs(text: string): void {
    const strangers = chatsIn(text).filter((chat) => chat !== this.chat);
    if (strangers.length > 0) this.complaints.push(`web: ${this.chat} is shown ${strangers.join()}: ${text}`);
  }
}
