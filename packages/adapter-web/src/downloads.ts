/** Gives people their files, and takes back an upload that was not used. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Files, isFileError, type KeptFile, type Logger } from '@surfaces/core';
import { FileId, type Locale } from '@surfaces/protocol';
import { UNKNOWN_TYPE } from './entries.ts';
import { contentDisposition } from './file-name.ts';
import { identify, type People, type WebPerson } from './person.ts';
import { parseRange } from './ranges.ts';
import type { Uploaded } from './uploaded.ts';

/** What a browser may show as part of a page: images that can do nothing. */
const SHOWN: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];
const OF_THE_FILE = ['ETag', 'Accept-Ranges', 'Content-Disposition', 'Content-Length', 'Content-Range'];
const YEAR_S = 365 * 24 * 3600;

export interface DownloadsOptions {
  readonly people: People;
  readonly files: Files;
  readonly uploaded: Uploaded;
  readonly logger: Logger;
  readonly defaultLocale: Locale;
}

/** The id in a path of the form `/files/<id>`. Nothing is decoded: an id needs no escapes. */
export function fileIdOf(path: string): FileId | undefined {
  return FileId.safeParse(/^\/files\/([^/]+)$/.exec(path)?.[1]).data;
}

export class Downloads {
  readonly #o: DownloadsOptions;

  constructor(options: DownloadsOptions) {
    this.#o = options;
  }

  /** Answers `GET` and `HEAD`. `undefined`, an unknown id and one of somebody else get the same answer. */
  async give(
    request: IncomingMessage,
    response: ServerResponse,
    web: WebPerson,
    id: FileId | undefined,
  ): Promise<void> {
    const { files } = this.#o;
    const { id: owner } = await this.#identify(web);
    const file = id === undefined ? undefined : await files.find(owner, id);
    if (file === undefined) return nothing(response);
    const etag = `"${file.id}"`;
    response.setHeader('ETag', etag);
    response.setHeader('Cache-Control', `private, max-age=${YEAR_S}, immutable`);
    // Who logs in on the same browser next is not shown this one's.
    response.setHeader('Vary', 'Cookie, Authorization');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    response.setHeader('Content-Security-Policy', "sandbox; default-src 'none'");
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
    const shown = isInline(request) && SHOWN.includes(file.mediaType);
    const condition = request.headers['if-range'];
    const range = condition === undefined || condition === etag ? request.headers.range : undefined;
    const wanted = request.method === 'HEAD' ? undefined : parseRange(range, file.size);
    response.setHeader('Accept-Ranges', 'bytes');
    if (wanted === 'none') {
      response.setHeader('Cache-Control', 'no-store');
      return void response.writeHead(416, { 'Content-Range': `bytes */${file.size}` }).end();
    }
    const { from, to } = wanted ?? { from: 0, to: file.size };
    response.setHeader('Content-Type', typeOf(file));
    response.setHeader('Content-Disposition', contentDisposition(shown ? 'inline' : 'attachment', file.name));
    response.setHeader('Content-Length', to - from);
    if (wanted !== undefined) response.setHeader('Content-Range', `bytes ${from}-${to - 1}/${file.size}`);
    response.statusCode = wanted === undefined ? 200 : 206;
    if (request.method === 'HEAD') return void response.end();
    try {
      for await (const chunk of files.read(owner, file.id, { from, to })) {
        if (!response.write(chunk)) await taken(response);
        if (response.destroyed) return;
      }
      response.end();
    } catch (error) {
      this.#o.logger.warn({ err: error }, 'a file could not be given');
      if (response.headersSent) return void response.destroy();
      if (!isFileError(error) || error.code !== 'not_found') throw error;
      for (const name of OF_THE_FILE) response.removeHeader(name);
      nothing(response);
    }
  }

  /** Answers `DELETE`. */
  async remove(response: ServerResponse, web: WebPerson, id: FileId | undefined): Promise<void> {
    const { id: owner } = await this.#identify(web);
    const result = id === undefined ? 'unknown' : await this.#o.uploaded.drop(owner, id);
    if (result === 'unknown') return nothing(response);
    if (result === 'dropped') return void response.writeHead(204).end();
    text(response, 409, 'A message has this file.');
  }

  #identify(web: WebPerson) {
    return identify(this.#o.people, web, this.#o.defaultLocale);
  }
}

/** Resolves when the browser took what was written, or is gone: who takes nothing for long is cut off. */
function taken(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
    if (response.destroyed) done();
  });
}

function isInline(request: IncomingMessage): boolean {
  return new URLSearchParams((request.url ?? '').split('?').slice(1).join('?')).has('inline');
}

/** What a page of ours could be made to run or to look like is not served as such. */
const ACTIVE = /script|\/css$/i;

function typeOf({ mediaType }: KeptFile): string {
  if (ACTIVE.test(mediaType)) return UNKNOWN_TYPE;
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(mediaType) ? mediaType : UNKNOWN_TYPE;
}

function nothing(response: ServerResponse): void {
  text(response, 404, 'There is no such file.');
}

function text(response: ServerResponse, status: number, body: string): void {
  response.setHeader('Cache-Control', 'no-store');
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${body}\n`);
}
