/**
 * One browser's WebSocket as a way for frames: what comes in is handled one by one and not read faster
 * than that; what goes out is waited for, and who does not take it is disconnected.
 */
import type { Clock, Logger } from '@surfaces/core';
import type { RawData, WebSocket } from 'ws';
import { CLOSE, ClientFrame, type ServerFrame } from './frames.ts';

/** Frames of the page that may wait, and their bytes; then it is not read from until they are done. */
const MAX_WAITING = 100;
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Bytes on their way to a page above which its pings are not answered: it must read to be answered. */
const MAX_UNREAD = 64 * 1024;

export interface PageSocketOptions {
  readonly socket: WebSocket;
  /** Whose it is, for the log. */
  readonly person: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A frame that the browser does not take within this: it is too slow. Milliseconds. */
  readonly flushMs: number;
  /** A frame, or what is wrong with it. */
  readonly onFrame: (frame: ClientFrame | string) => Promise<void>;
  readonly onClose: () => void;
}

export class PageSocket {
  readonly #o: PageSocketOptions;
  #waiting = 0;
  #waitingBytes = 0;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: PageSocketOptions) {
    this.#o = options;
    const { socket, logger } = options;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', (data) => {
      if (socket.bufferedAmount <= MAX_UNREAD) socket.pong(data);
    });
    socket.on('close', () => {
      this.#closed = true;
      options.onClose();
    });
    // An error is always followed by 'close'; too large a frame ends the connection with 1009.
    socket.on('error', (error) => logger.debug({ err: error }, 'web socket error'));
  }

  get isClosed(): boolean {
    return this.#closed || this.#o.socket.readyState !== this.#o.socket.OPEN;
  }

  close(code: number, reason: string): void {
    this.#o.socket.close(code, reason);
  }

  /** Resolves when the frame left this process, or can never do so. */
  send(frame: ServerFrame): Promise<void> {
    return new Promise((resolve) => {
      if (this.isClosed) return resolve();
      const cancel = this.#o.clock.after(this.#o.flushMs, () => {
        this.#o.logger.info({ person: this.#o.person }, 'a browser reads too slowly; disconnected');
        this.close(CLOSE.tooSlow, 'too slow');
        this.#o.socket.terminate();
      });
      this.#o.socket.send(JSON.stringify(frame), () => {
        cancel();
        resolve();
      });
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    // ws gives text and binary frames as one Buffer, unless it is told otherwise.
    const bytes = (data as Buffer).length;
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    if (this.#waiting >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES) this.#o.socket.pause();
    this.#work = this.#work
      .then(async () => {
        // Also of one that was asked to leave and stays: it may be logged out, and would get no answer.
        if (!this.isClosed) await this.#o.onFrame(isBinary ? 'a binary frame' : readFrame(String(data)));
      })
      .catch((error: unknown) => {
        this.#o.logger.error({ err: error }, 'web frame failed');
        this.close(1011, 'internal error');
      })
      .then(() => {
        this.#waiting -= 1;
        this.#waitingBytes -= bytes;
        const few = this.#waiting < MAX_WAITING / 2 && this.#waitingBytes < MAX_WAITING_BYTES / 2;
        if (this.#o.socket.isPaused && few) this.#o.socket.resume();
      });
  }
}

function readFrame(text: string): ClientFrame | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const parsed = ClientFrame.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join('.') || 'frame'}: ${issue?.message ?? 'invalid'}`;
}
