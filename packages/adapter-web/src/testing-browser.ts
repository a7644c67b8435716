/** For the conformance suite: somebody whose browser stays open, comes back after a break and sends again. */
import { randomUUID } from 'node:crypto';
import type { Locale } from '@surfaces/protocol';
import { WebSocket } from 'ws';
import { type ClientFrameInput, MAIN_CHAT, PageFile, ServerFrame } from './frames.ts';
import { ask, TestPage } from './testing-web.ts';

const RETRY_MS = 20;

export interface BrowserSees {
  readonly text: string;
  readonly buttons: readonly string[];
  readonly file?: { readonly name: string; open(): Promise<Uint8Array> };
}

export class Browser {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #chat: string;
  /** Not accepted yet, in the order in which it was said. */
  readonly #unsent = new Map<string, object>();
  readonly #drafts = new Map<string, string>();
  #socket: WebSocket | undefined;
  #settings: { locale: Locale; streaming: boolean } = { locale: 'en', streaming: true };
  #closed = false;

  constructor(url: string, key: string, chat: string = MAIN_CHAT) {
    this.#url = url;
    this.#chat = chat;
    this.#headers = { authorization: `Bearer ${key}` };
    this.#connect();
  }

  async say(text: string): Promise<void> {
    this.#post({ type: 'message', id: randomUUID(), chat: this.#chat, text });
  }

  async press(label: string): Promise<void> {
    const buttons = (await this.#shown()).flatMap(({ buttons }) => buttons);
    const button = buttons.find((one) => one.label === label);
    if (button === undefined) throw new Error(`no button "${label}" is shown`);
    this.#post({ type: 'action', id: randomUUID(), chat: this.#chat, action: button.action });
  }

  async sendFiles(
    text: string,
    given: readonly { readonly name: string; readonly content: Uint8Array }[],
  ): Promise<void> {
    const files: string[] = [];
    for (const { name, content } of given) {
      const path = `/upload?name=${encodeURIComponent(name)}`;
      const uploaded = await ask(this.#url, path, { method: 'POST', headers: this.#headers, body: content });
      files.push(PageFile.parse(JSON.parse(uploaded.text)).id);
    }
    this.#post({ type: 'message', id: randomUUID(), chat: this.#chat, text, files });
  }

  /** What a browser that is opened now shows. */
  async seen(): Promise<readonly BrowserSees[]> {
    return (await this.#shown()).map(({ markdown, buttons, file }) => ({
      text: markdown,
      buttons: buttons.map((button) => button.label),
      ...(file && { file: { name: file.name, open: () => this.#download(file.id) } }),
    }));
  }

  async previews(): Promise<readonly string[]> {
    return [...this.#drafts.values()];
  }

  async settings(): Promise<{ locale: Locale; streaming: boolean }> {
    return this.#settings;
  }

  close(): void {
    this.#closed = true;
    this.#socket?.terminate();
  }

  async #download(id: string): Promise<Uint8Array> {
    const response = await fetch(new URL(`files/${id}`, this.#url), { headers: this.#headers });
    return new Uint8Array(await response.arrayBuffer());
  }

  async #shown() {
    const page = await TestPage.open(this.#url, null, this.#headers, this.#chat);
    const messages = page.entries().flatMap((entry) => (entry.by === 'bot' ? [entry.message] : []));
    await page.close();
    return messages;
  }

  #post(frame: Extract<ClientFrameInput, { id: string }>): void {
    this.#unsent.set(frame.id, frame);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #connect(): void {
    if (this.#closed) return;
    const socket = new WebSocket(new URL('ws', this.#url.replace(/^http/, 'ws')), { headers: this.#headers });
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => setTimeout(() => this.#connect(), RETRY_MS).unref());
    socket.on('open', () => {
      this.#drafts.clear();
      socket.send(JSON.stringify({ type: 'hello', chat: this.#chat, after: null, locale: 'en' }));
      for (const frame of this.#unsent.values()) socket.send(JSON.stringify(frame));
    });
    socket.on('message', (data) => this.#take(socket, ServerFrame.parse(JSON.parse(String(data)))));
  }

  #take(socket: WebSocket, frame: ServerFrame): void {
    if (frame.type === 'welcome' || frame.type === 'settings') {
      const { locale, streaming } = frame.settings;
      this.#settings = { locale, streaming };
    }
    if (frame.type === 'accepted') this.#unsent.delete(frame.id);
    if (frame.type === 'refused') {
      const again = this.#unsent.get(frame.id);
      if (!frame.retry) this.#unsent.delete(frame.id);
      else if (again !== undefined) setTimeout(() => socket.send(JSON.stringify(again)), RETRY_MS).unref();
    }
    if (frame.type === 'draft') {
      const shown = this.#drafts.get(frame.turnId) ?? '';
      this.#drafts.set(frame.turnId, shown.slice(0, frame.from) + frame.text);
    }
    if (frame.type === 'draft_clear') this.#drafts.delete(frame.turnId);
    if (frame.type !== 'entries') return;
    for (const entry of frame.entries) {
      if (entry.by === 'bot' && entry.message.last && entry.message.turnId) {
        this.#drafts.delete(entry.message.turnId);
      }
    }
  }
}
