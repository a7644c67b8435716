/** A person's page: everything that it is ever sent is kept, so that it can be searched for what is not theirs. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { type ClientFrame, type Entry, ServerFrame } from '@surfaces/adapter-web';
import { FileId } from '@surfaces/protocol';
import { vi } from 'vitest';
import { WebSocket } from 'ws';

type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;
export type BotMessage = Extract<Entry, { by: 'bot' }>['message'];
type Said = { readonly chat?: string; readonly files?: readonly string[]; readonly id?: string };

const WAIT_MS = 15_000;
const TOO_FAST_MS = 500;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks with the path exactly as it is given. */
export async function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export class Page {
  readonly frames: ServerFrame[] = [];
  /** How the connection ended. */
  readonly ended: Promise<number>;
  readonly #socket: WebSocket;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #answers: Answer[] = [];

  private constructor(url: string, headers: Record<string, string>) {
    this.#url = url;
    this.#headers = headers;
    this.#socket = new WebSocket(new URL('ws', url.replace(/^http/, 'ws')), { headers });
    this.#socket.on('message', (data) => this.frames.push(ServerFrame.parse(JSON.parse(String(data)))));
    this.#socket.on('error', () => undefined);
    this.ended = once(this.#socket, 'close').then(([code]) => code);
  }

  static async open(url: string, headers: Record<string, string>, chat = 'main'): Promise<Page> {
    const page = new Page(url, headers);
    await once(page.#socket, 'open');
    page.post({ type: 'hello', chat, after: null });
    await page.until('caught_up', () => true);
    return page;
  }

  close(): void {
    this.#socket.terminate();
  }

  post(frame: ClientFrame): void {
    this.#socket.send(JSON.stringify(frame), () => undefined);
  }

  all<T extends ServerFrame['type']>(type: T): FrameOf<T>[] {
    return this.frames.filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  until<T extends ServerFrame['type']>(type: T, fits: (frame: FrameOf<T>) => boolean): Promise<FrameOf<T>> {
    return waitFor(
      () => this.all(type).find(fits),
      `${type} did not come`,
      () => this.frames,
    );
  }

  /** What the bot said in the chat that is shown, after an entry. */
  bot(after = 0): BotMessage[] {
    return this.all('entries')
      .flatMap(({ entries }) => entries)
      .flatMap((entry) => (entry.by === 'bot' && entry.seq > after ? entry.message : []));
  }

  /** The newest entry that was shown. */
  get last(): number {
    return Math.max(0, ...this.all('entries').flatMap(({ entries }) => entries.map(({ seq }) => seq)));
  }

  /** Sends a message and waits until it is stored or refused. */
  async send(text: string, { chat = 'main', files = [], id }: Said = {}) {
    const message = { type: 'message', chat, text, files: files.map((file) => FileId.parse(file)) } as const;
    return await this.#enter((given) => ({ ...message, id: given }), id);
  }

  /** Whoever attacks says much: what is too fast is said again. */
  async #enter(make: (id: string) => ClientFrame, named?: string) {
    for (;;) {
      const id = named ?? randomUUID();
      this.post(make(id));
      const taken = await this.#taken(id);
      if (taken.type === 'accepted' || taken.reason !== 'rate') return taken;
      await wait(TOO_FAST_MS);
    }
  }

  async #taken(id: string): Promise<FrameOf<'accepted'> | FrameOf<'refused'>> {
    const fits = (frame: ServerFrame) =>
      (frame.type === 'accepted' || frame.type === 'refused') && frame.id === id;
    const found = await waitFor(
      () => this.frames.find(fits),
      `no answer to ${id}`,
      () => this.frames,
    );
    return found as FrameOf<'accepted'> | FrameOf<'refused'>;
  }

  /** The agent's answer to a message, or what the system says instead: every part of it. */
  async say(text: string, said: Said = {}): Promise<readonly BotMessage[]> {
    const sent = await this.send(text, said);
    if (sent.type === 'refused') throw new Error(`refused: ${JSON.stringify(sent)}`);
    const after = sent.seq ?? 0;
    return waitFor(
      () => {
        const said = this.bot(after);
        return said.some(({ last, turnId }) => last && turnId !== undefined) ? said : undefined;
      },
      `no answer to "${text}"`,
      () => this.bot(after),
    );
  }

  /** What a command says, in words. */
  async command(name: string, args = '', chat = 'main'): Promise<string> {
    return await this.#replied((id) => ({ type: 'command', id, chat, name, args }));
  }

  /** What pressing a button says, in words. */
  async press(action: string, chat = 'main'): Promise<string> {
    return await this.#replied((id) => ({ type: 'action', id, chat, action }));
  }

  async #replied(make: (id: string) => ClientFrame): Promise<string> {
    const after = this.last;
    const taken = await this.#enter(make);
    if (taken.type === 'refused') return `refused: ${taken.reason}`;
    const said = await waitFor(
      () => this.bot(after).find(({ role }) => role === 'system'),
      'nothing was said',
      () => this.frames.slice(-10),
    );
    return said.markdown;
  }

  /** A further chat: its name on the page, which is shown from now on. */
  async newChat(name: string): Promise<string> {
    const by = (id: string) => ({ type: 'command', id, chat: 'main', name: 'new', args: name }) as const;
    const { id } = await this.#enter(by);
    const { chat } = await this.until('created', (frame) => frame.by === id);
    await this.show(chat);
    return chat;
  }

  async show(chat: string): Promise<void> {
    const before = this.all('caught_up').length;
    this.post({ type: 'open', chat, after: null });
    await waitFor(
      () => this.all('caught_up')[before],
      'the chat does not open',
      () => this.frames.slice(-5),
    );
  }

  /** As `ask`, with this person's key or session. */
  async http(path: string, options: Parameters<typeof ask>[2] = {}): Promise<Answer> {
    const headers = { ...this.#headers, ...options.headers };
    const answer = await ask(this.#url, path, { ...options, headers });
    this.#answers.push(answer);
    return answer;
  }

  async upload(name: string, content: string): Promise<string> {
    const path = `/upload?name=${encodeURIComponent(name)}`;
    const answer = await this.http(path, { method: 'POST', body: content });
    if (answer.status !== 201) throw new Error(`not uploaded: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text).id;
  }

  /** A question of the agent: the action of each button. */
  async question(after = 0): Promise<readonly string[]> {
    const found = await waitFor(
      () =>
        this.bot(after).find(({ buttons }) => buttons.some(({ action }) => action.startsWith('confirm:'))),
      'no question came',
      () => this.bot(after),
    );
    return found.buttons.map(({ action }) => action);
  }

  /** All that this person was ever sent, once everything of theirs is done: an own command went all the way. */
  async heard(chat = 'main'): Promise<string> {
    await this.command('context', '', chat);
    return JSON.stringify([this.frames, this.#answers]);
  }
}

async function waitFor<T>(find: () => T | undefined, trouble: string, seen: () => unknown): Promise<T> {
  return vi.waitFor(
    () => {
      const found = find();
      if (found === undefined) throw new Error(`${trouble}: ${JSON.stringify(seen())}`);
      return found;
    },
    { timeout: WAIT_MS, interval: 20 },
  );
}
