/** A browser's side of the page's WebSocket. */
import { once } from 'node:events';
import { ServerFrame } from '@surfaces/adapter-web';
import { type RawData, WebSocket } from 'ws';

type Kind = ServerFrame['type'];
type Of<K extends Kind> = Extract<ServerFrame, { type: K }>;

export class PageClient implements Disposable {
  /** All that came. */
  bytes = 0;
  readonly #socket: WebSocket;
  #listeners: ((frame: ServerFrame) => void)[] = [];
  #ids = 0;
  readonly #run = Date.now().toString(36);

  /** Connected, and nothing said. */
  static async connect(url: string): Promise<PageClient> {
    const client = new PageClient(new WebSocket(new URL('ws', url.replace(/^http/, 'ws'))));
    await once(client.#socket, 'open');
    return client;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(data));
  }

  /** What a page does first; resolves when it shows the chat that was spoken in last. */
  async hello(): Promise<void> {
    const shown = this.next('caught_up');
    this.post({ type: 'hello', chat: null, after: null, locale: 'en' });
    await shown;
  }

  post(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** The id of an event of this page. */
  id(): string {
    return `${this.#run}-${String(this.#ids++).padStart(6, '0')}`;
  }

  /** The next frame of that kind that fits. Rejects when something was refused, or the connection ends. */
  next<K extends Kind>(kind: K, fits: (frame: Of<K>) => boolean = () => true): Promise<Of<K>> {
    return new Promise((resolve, reject) => {
      const onClose = (code: number) => reject(new Error(`the page's connection ended with ${code}`));
      const listener = (frame: ServerFrame) => {
        const refused = frame.type === 'refused' || frame.type === 'error';
        // A frame of this `type` is one of `Of<K>`.
        const found = frame.type === kind && fits(frame as Of<K>);
        if (!refused && !found) return;
        this.#listeners = this.#listeners.filter((other) => other !== listener);
        this.#socket.off('close', onClose);
        if (refused) reject(new Error(JSON.stringify(frame)));
        else resolve(frame as Of<K>);
      };
      this.#listeners.push(listener);
      this.#socket.once('close', onClose);
    });
  }

  #receive(data: RawData): void {
    const text = data.toString();
    this.bytes += Buffer.byteLength(text);
    const frame = ServerFrame.parse(JSON.parse(text));
    for (const listener of this.#listeners) listener(frame);
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}
