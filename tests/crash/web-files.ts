/**
 * How a person at the web page sends and gets files. An upload that breaks off is made again, as a new
 * one: nobody learned the id of the old one, if it has any.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { FileId } from '@surfaces/protocol';
import type { Random } from './random.ts';
import { digest, type WorkloadFile } from './words.ts';

/** A device's piece of an upload, and the time between two: kills land inside. */
const PIECE = 2048;
const BETWEEN_MS = 8;
const AGAIN_MS = 60;
/** How often a person cancels an upload in the middle, and begins it anew. */
const CANCELLED = 0.05;

class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

export class WebFiles {
  /** Uploads that were begun and came to nothing that we know of. */
  givenUp = 0;
  readonly #options: { readonly url: string; readonly key: string; readonly random: Random };
  readonly #closing: AbortSignal;
  readonly #complaints: string[];

  constructor(
    options: { readonly url: string; readonly key: string; readonly random: Random },
    closing: AbortSignal,
    complaints: string[],
  ) {
    this.#options = options;
    this.#closing = closing;
    this.#complaints = complaints;
  }

  upload(file: WorkloadFile): Promise<FileId> {
    return this.#untilDone(async () => {
      const { status, body } = await this.#request(
        'POST',
        `upload?name=${encodeURIComponent(file.name)}`,
        file,
      );
      if (status === 201) return FileId.parse(JSON.parse(body.toString()).id);
      // The app is on its way down.
      if (status !== 503) this.#complaints.push(`web: an upload got ${status}: ${body}`);
      throw new BrokenOff(String(status));
    });
  }

  /** What is inside of it. */
  download(id: FileId): Promise<string> {
    return this.#untilDone(async () => {
      const { status, body } = await this.#request('GET', `files/${id}`);
      if (status === 200) return digest(body);
      throw new Error(`the file ${id} got ${status}: ${body}`);
    });
  }

  async #untilDone<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      this.#closing.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof BrokenOff)) throw error;
        await wait(AGAIN_MS, undefined, { signal: this.#closing });
      }
    }
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    file?: WorkloadFile,
  ): Promise<{ readonly status: number; readonly body: Buffer }> {
    const { url, key, random } = this.#options;
    const http = request(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${key}`, ...(file && { 'content-length': file.bytes.length }) },
      agent: false,
      signal: this.#closing,
    });
    let connected = false;
    http.on('socket', (socket) => socket.once('connect', () => (connected = true)));
    http.on('error', () => undefined);
    const answered = once(http, 'response') as Promise<[IncomingMessage]>; // as Node says
    const broken = once(http, 'close').then(() => {
      throw new BrokenOff('closed');
    });
    for (const promise of [answered, broken]) promise.catch(() => undefined);
    const cancelAt = file && random.chance(CANCELLED) ? random.between(0, file.bytes.length - 1) : Infinity;
    try {
      for (let from = 0; file && from < file.bytes.length && !http.destroyed; from += PIECE) {
        if (from >= cancelAt) http.destroy();
        else http.write(file.bytes.subarray(from, from + PIECE));
        await wait(Math.random() * BETWEEN_MS);
      }
      http.end();
      const [response] = await Promise.race([answered, broken]);
      return { status: response.statusCode ?? 0, body: await buffer(response) };
    } catch (error) {
      if (file && connected) this.givenUp += 1;
      throw new BrokenOff(method, { cause: error });
    }
  }
}
