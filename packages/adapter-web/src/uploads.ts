/**
 * Takes uploads: the body of one request is one file, streamed into keeping. A slow one may take as long
 * as it needs; one that stands still, is too large, or is cut off leaves nothing behind.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Agents,
  type Bytes,
  type Clock,
  type Files,
  isFileError,
  type KeptFile,
  type Logger,
} from '@surfaces/core';
import type { Locale, PersonId } from '@surfaces/protocol';
import { UPLOAD_ERRORS } from './frames.ts';
import { identify, type People, SURFACE, type WebPerson } from './person.ts';
import { type UploadProblem, uploadText } from './upload-words.ts';
import type { Uploaded } from './uploaded.ts';

/** Of one person at the same time. */
const MAX_PARALLEL = 6;
/** UTF-16 units of a name; what is in front goes, because the end says what it is. */
const MAX_NAME = 1000;

const STATUS: Readonly<Record<UploadProblem, number>> = {
  too_large: 413,
  empty: 400,
  disk_full: 507,
  cut_off: 408,
  not_served: 403,
  no_files: 403,
  stopping: 503,
  failed: 500,
  too_many: 429,
};

export interface UploadsOptions {
  readonly people: People;
  readonly agents: Pick<Agents, 'assign'>;
  readonly files: Files;
  readonly uploaded: Uploaded;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly defaultLocale: Locale;
  readonly isTaking: () => boolean;
  /** How long an upload may stand still, milliseconds. */
  readonly idleMs: number;
}

export class Uploads {
  readonly #o: UploadsOptions;
  readonly #running = new Map<string, number>();
  readonly #pending = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: UploadsOptions) {
    this.#o = options;
  }

  /** Ends those that run; resolves when nothing of them is left. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the web surface stops'));
    await Promise.allSettled(this.#pending);
  }

  /** Answers `POST upload?name=…`. */
  async take(request: IncomingMessage, response: ServerResponse, person: WebPerson): Promise<void> {
    const taking = this.#take(request, response, person);
    this.#pending.add(taking);
    await taking.finally(() => this.#pending.delete(taking));
  }

  async #take(request: IncomingMessage, response: ServerResponse, web: WebPerson): Promise<void> {
    const { people, agents, files, defaultLocale, isTaking, logger } = this.#o;
    let locale = defaultLocale;
    const refuse = (problem: UploadProblem) => {
      const error = problem === 'too_many' ? 'failed' : problem;
      answer(response, STATUS[problem], { error, text: uploadText(problem, locale, files.maxBytes) });
    };
    if (!isTaking()) return refuse('stopping');
    if (agents.assign(SURFACE, web.id) === undefined) return refuse('not_served');
    let owner: PersonId;
    try {
      ({ id: owner, locale } = await identify(people, web, defaultLocale));
    } catch (error) {
      logger.warn({ err: error }, 'an upload could not be taken: the store does not answer');
      return refuse('failed');
    }
    const announced = request.headers['content-length'];
    if (announced === '0') return refuse('empty');
    if (Number(announced ?? 0) > files.maxBytes) return refuse('too_large');
    const running = this.#running.get(web.id) ?? 0;
    if (running >= MAX_PARALLEL) return refuse('too_many');
    this.#running.set(web.id, running + 1);
    try {
      const result = await this.#keep(request, owner);
      if (typeof result === 'string') return refuse(result);
      // Nobody was left to be told its id.
      if (response.destroyed) return await files.drop(owner, result.id);
      this.#o.uploaded.add(owner, result.id);
      const { id, name, mediaType, size } = result;
      answer(response, 201, { id, name, mediaType, size });
    } finally {
      const left = (this.#running.get(web.id) ?? 1) - 1;
      if (left > 0) this.#running.set(web.id, left);
      else this.#running.delete(web.id);
    }
  }

  async #keep(request: IncomingMessage, owner: PersonId): Promise<KeptFile | UploadProblem> {
    const { files, logger } = this.#o;
    const file = { name: nameOf(request), ...typeOf(request) };
    const stopped = this.#stop.signal;
    try {
      return await files.keep(owner, file, this.#body(request), stopped);
    } catch (error) {
      if (stopped.aborted) return 'stopping';
      const problem = UPLOAD_ERRORS.find((code) => isFileError(error) && code === error.code) ?? 'failed';
      const isTheirs = ['too_large', 'empty', 'cut_off'].includes(problem);
      logger[isTheirs ? 'debug' : 'error']({ err: error }, 'an upload was not kept');
      return problem;
    }
  }

  async *#body(request: IncomingMessage): Bytes {
    const { files, clock, idleMs } = this.#o;
    const stopped = this.#stop.signal;
    // The request stays as it is when this ends early: there is an answer to be sent.
    const chunks = request.iterator({ destroyOnReturn: false });
    let size = 0;
    // One byte more than may be: whoever keeps it refuses it then, and no more is read.
    while (size <= files.maxBytes) {
      stopped.throwIfAborted();
      const next = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        const onStop = () => reject(stopped.reason);
        const cancel = clock.after(idleMs, () => reject(new Error('the upload stands still')));
        stopped.addEventListener('abort', onStop, { once: true });
        const done = () => {
          cancel();
          stopped.removeEventListener('abort', onStop);
        };
        chunks.next().then(resolve, reject).finally(done);
      });
      if (next.done === true) return;
      size += next.value.length;
      yield next.value;
    }
  }
}

function nameOf(request: IncomingMessage): string {
  const query = (request.url ?? '').split('?').slice(1).join('?');
  const name = new URLSearchParams(query).get('name')?.slice(-MAX_NAME).toWellFormed() ?? '';
  return name === '' ? 'file' : name;
}

function typeOf(request: IncomingMessage): { mediaType?: string } {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
  const mediaType = type.trim().toLowerCase();
  return /^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(mediaType) ? { mediaType } : {};
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
