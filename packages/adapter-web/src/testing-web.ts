/** For tests: a web adapter on a free port over a timeline in memory, and a page that speaks its frames. */
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Accept,
  AcceptResult,
  CommandInfo,
  Files,
  Timeline,
  TimelineEntry,
  TimelineItem,
} from '@surfaces/core';
import { realClock, silentLogger } from '@surfaces/core/testing';
import {
  type Address,
  addressKey,
  type IncomingEvent,
  OperationId,
  OutgoingMessage,
} from '@surfaces/protocol';
import { WebSocket } from 'ws';
import { createWebAdapter, type WebAdapter, type WebAdapterOptions } from './adapter.ts';
import { WebAdapterConfig } from './config.ts';
import { type ChatSummary, type ClientFrameInput, type Entry, ServerFrame } from './frames.ts';
import { MemoryPeople, memoryFiles, testAgents } from './testing-people.ts';

export { realClock, silentLogger as silent };

/** What a store's timeline promises; `fault` makes the next calls fail. */
export class MemoryTimeline implements Timeline {
  readonly rows: { room: string; entry: TimelineEntry; key: string }[] = [];
  readonly reads = new Map<string, number>();
  /** Until it resolves, nothing of that address is read. */
  readonly gates = new Map<string, Promise<void>>();
  /** How often it was asked for summaries. */
  summarised = 0;
  fault: Error | undefined;
  #seq = 0;

  add(room: string, key: string, item: TimelineItem): { seq: number; fresh: boolean } {
    const known = this.rows.find((row) => row.key === key);
    if (known !== undefined) return { seq: known.entry.seq, fresh: false };
    this.#seq += 1;
    this.rows.push({ room, key, entry: { seq: this.#seq, at: Date.now(), item } });
    return { seq: this.#seq, fresh: true };
  }

  async append(...[address, operationId, message]: Parameters<Timeline['append']>) {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.fault !== undefined) throw this.fault;
    return this.add(addressKey(address), operationId, { by: 'bot', operationId, message });
  }

  async read(...[address, page]: Parameters<Timeline['read']>) {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.fault !== undefined) throw this.fault;
    const room = addressKey(address);
    await this.gates.get(room);
    const { after = 0, before = Number.POSITIVE_INFINITY, limit } = page;
    const found = this.rows
      .filter((row) => row.room === room && row.entry.seq > after && row.entry.seq < before)
      .map((row) => row.entry);
    return page.after === undefined ? found.slice(-limit) : found.slice(0, limit);
  }

  async summaries(addresses: readonly Address[]) {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.fault !== undefined) throw this.fault;
    this.summarised += 1;
    return addresses.map((address) => {
      const room = addressKey(address);
      const entries = this.rows.filter((row) => row.room === room).map((row) => row.entry);
      const lastOther = entries.findLast(({ item }) => item.by === 'bot')?.seq ?? 0;
      const last = entries.at(-1);
      return { last: last?.seq ?? 0, at: last?.at ?? 0, lastOther, read: this.reads.get(room) ?? 0 };
    });
  }

  async markRead(address: Address, seq: number) {
    if (this.fault !== undefined) throw this.fault;
    const room = addressKey(address);
    this.reads.set(room, Math.max(seq, this.reads.get(room) ?? 0));
  }
}

export interface TestWeb {
  readonly adapter: WebAdapter;
  readonly timeline: MemoryTimeline;
  readonly people: MemoryPeople;
  readonly files: Files;
  readonly events: IncomingEvent[];
  readonly url: string;
  /** Instead of storing what comes in. */
  answer: ((event: IncomingEvent) => Promise<AcceptResult>) | undefined;
}

/** A directory in the place of the built page. */
export function emptyPage(): string {
  const directory = mkdtempSync(join(tmpdir(), 'web-page-'));
  writeFileSync(join(directory, 'index.html'), '<!doctype html><title>page</title>');
  return directory;
}

/** A store's people, agents and files in memory. */
export function memoryParts() {
  return { people: new MemoryPeople(), agents: testAgents(), files: memoryFiles() };
}

const closers: (() => unknown)[] = [];

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

export async function startWeb(
  config: Partial<WebAdapterConfig> &
    Pick<Partial<WebAdapterOptions>, 'limits' | 'clock' | 'logger' | 'files' | 'agents' | 'clientDir'> = {},
): Promise<TestWeb> {
  const { limits, clock = realClock, logger = silentLogger, files, agents, clientDir, ...rest } = config;
  const timeline = new MemoryTimeline();
  const parts = memoryParts();
  const { people } = parts;
  const adapter = createWebAdapter({
    ...WebAdapterConfig.parse({ port: 0, ...rest }),
    ...parts,
    ...(files === undefined ? {} : { files }),
    ...(agents === undefined ? {} : { agents }),
    timeline,
    clock,
    logger,
    clientDir: clientDir ?? emptyPage(),
    ...(limits === undefined ? {} : { limits }),
  });
  const events: IncomingEvent[] = [];
  const web = {
    adapter,
    timeline,
    people,
    files: files ?? parts.files,
    events,
    url: '',
    answer: undefined as TestWeb['answer'],
  };
  const accept: Accept = async (event) => {
    if (web.answer !== undefined) return await web.answer(event);
    if (event.kind === 'callback' || (event.kind === 'command' && event.quiet)) {
      events.push(event);
      return { outcome: 'accepted' };
    }
    const text = event.kind === 'message' ? event.text : `/${event.name}`;
    const files = event.kind === 'message' ? event.attachments : [];
    const item = { by: 'person', eventId: event.eventId, name: event.author.name, text, files } as const;
    const { seq, fresh } = timeline.add(addressKey(event.address), event.eventId, item);
    if (fresh) events.push(event);
    return { outcome: fresh ? 'accepted' : 'duplicate', seq };
  };
  await adapter.start(accept, COMMANDS);
  web.url = adapter.url;
  closers.push(() => adapter.stop());
  return web;
}

export const COMMANDS: readonly CommandInfo[] = [
  { name: 'help', help: { en: 'this list', ru: 'этот список', ko: '이 목록' } },
  { name: 'rename', takes: '<name>', help: { en: 'rename', ru: 'переименовать', ko: '이름 바꾸기' } },
];

let operations = 0;
export function operation(): OperationId {
  operations += 1;
  return OperationId.parse(`op-${operations}`);
}

export function answerOf(markdown: string, turnId?: string): OutgoingMessage {
  return OutgoingMessage.parse({ kind: 'message', role: 'agent', markdown, ...(turnId ? { turnId } : {}) });
}

/** A browser: what it is sent, and what its page would show. */
export class TestPage {
  readonly frames: ServerFrame[] = [];
  readonly socket: WebSocket;
  closed: { code: number } | undefined;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(new URL('ws', url.replace(/^http/, 'ws')), { headers });
    this.socket.on('message', (data) => this.frames.push(ServerFrame.parse(JSON.parse(String(data)))));
    this.socket.on('close', (code) => {
      this.closed = { code };
    });
    this.socket.on('error', () => undefined);
    closers.push(() => this.socket.terminate());
  }

  static async open(
    url: string,
    after: number | null = null,
    headers: Record<string, string> = {},
    chat: string | null = null,
  ) {
    const page = new TestPage(url, headers);
    await once(page.socket, 'open');
    page.post({ type: 'hello', chat, after, locale: 'en' });
    await page.until((frame) => frame.type === 'caught_up');
    return page;
  }

  post(frame: ClientFrameInput | object): void {
    this.socket.send(JSON.stringify(frame));
  }

  entries(chat?: string): Entry[] {
    return this.frames.flatMap((frame) =>
      frame.type === 'entries' && frame.chat === (chat ?? frame.chat) ? frame.entries : [],
    );
  }

  /** One of the last list that came. */
  listed(chat: string): ChatSummary | undefined {
    const list = this.frames.findLast((frame) => frame.type === 'chats');
    return list?.type === 'chats' ? list.chats.find(({ id }) => id === chat) : undefined;
  }

  /** The first frame, also of those that came already, that fits. */
  async until<F extends ServerFrame>(fits: (frame: ServerFrame) => frame is F): Promise<F>;
  async until(fits: (frame: ServerFrame) => boolean): Promise<ServerFrame>;
  async until(fits: (frame: ServerFrame) => boolean): Promise<ServerFrame> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined) return found;
      if (this.closed !== undefined) throw new Error(`closed with ${this.closed.code}`);
      const one = new AbortController();
      const next = (name: string) => once(this.socket, name, { signal: one.signal }).catch(() => undefined);
      await Promise.race([next('message'), next('close')]);
      one.abort();
    }
  }

  async close(): Promise<void> {
    if (this.closed !== undefined) return;
    const gone = once(this.socket, 'close');
    this.socket.close();
    await gone;
  }
}

/** An HTTP request with any headers, also those that `fetch` does not allow. */
export async function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  const { method = 'GET', headers = {}, body } = options;
  const sent = request(new URL(path, url), { method, headers, agent: false });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

/** The status with which an upgrade is answered; 101 when it is one. */
export async function upgradeStatus(url: string, headers: Record<string, string> = {}): Promise<number> {
  const sent = request(new URL('ws', url), {
    agent: false,
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  });
  sent.end();
  return await new Promise((resolve, reject) => {
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
  });
}
