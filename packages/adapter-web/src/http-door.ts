/** HTTP: who may come in, the built page, login and logout, and which upgrades become connections. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, Logger } from '@surfaces/core';
import { LOCALES, type Locale } from '@surfaces/protocol';
import { DOOR_STYLE_HASH, errorPage, loginPage, noKeysPage } from './door-pages.ts';
import { type Downloads, fileIdOf } from './downloads.ts';
import type { HostGuard } from './hosts.ts';
import { type Identified, type Sessions, sessionCookie } from './sessions.ts';
import type { StaticFile } from './static-files.ts';
import type { Uploads } from './uploads.ts';

const MAX_LOGIN_BODY = 8 * 1024;
/** How long the body of a login may take. */
const LOGIN_MS = 30_000;
const MINUTE = 60;

const APP_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const DOOR_POLICY = `default-src 'none'; style-src ${DOOR_STYLE_HASH}; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;

export interface HttpDoorOptions {
  readonly guard: HostGuard;
  readonly sessions: Sessions;
  readonly page: ReadonlyMap<string, StaticFile>;
  readonly defaultLocale: Locale;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly uploads: Uploads;
  readonly downloads: Downloads;
  /** How long what an answered request still sends is read and thrown away, milliseconds. */
  readonly lingerMs: number;
  /** Its connections are to be closed. */
  readonly onLogOut: (session: string) => void;
}

export class HttpDoor {
  readonly #o: HttpDoorOptions;

  constructor(options: HttpDoorOptions) {
    this.#o = options;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    // Not `no-referrer`: browsers would then send no usable Origin with the login form.
    response.setHeader('Referrer-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Content-Security-Policy', DOOR_POLICY);
    response.setHeader('Cache-Control', 'no-store');
    response.once('finish', () => this.#linger(request));
    const verdict = this.#o.guard.check(request);
    if (!verdict.ok) return html(response, verdict.status, errorPage('Not here', verdict.text));

    const path = pathOf(request);
    if (path === '/upload' || path.startsWith('/files/')) return await this.#files(request, response, path);
    const read = request.method === 'GET' || request.method === 'HEAD';
    const route = `${read ? 'GET' : request.method} ${path}`;
    const file = read ? this.#o.page.get(path) : undefined;
    if (file !== undefined && path !== '/index.html') return send(request, response, file);
    switch (route) {
      case 'GET /':
      case 'GET /index.html':
        return this.#page(request, response);
      case 'GET /login':
        return html(response, 200, loginPage(this.#locale(request)));
      case 'POST /login':
        return await this.#logIn(request, response);
      case 'POST /logout':
        return this.#logOut(request, response);
      case 'GET /session':
        return this.#session(request, response);
    }
    const known = this.#o.page.has(path) || ['/', '/login', '/logout', '/session'].includes(path);
    if (known) return html(response, 405, errorPage('Not so', 'This address does not take this method.'));
    html(response, 404, errorPage('Nothing here', 'There is no such page. The chat is at the start page.'));
  }

  /** Who may open a connection; otherwise the request has been answered. */
  admit(request: IncomingMessage, socket: Duplex): Extract<Identified, { by: string }> | undefined {
    const verdict = this.#o.guard.check(request);
    if (!verdict.ok) return refuseUpgrade(socket, verdict.status, verdict.text);
    if (pathOf(request) !== '/ws') return refuseUpgrade(socket, 404, 'The chat connects at /ws.');
    const identified = this.#o.sessions.identify(request);
    if (identified.person !== undefined) return identified;
    const [status, text] = denial(identified.denied);
    return refuseUpgrade(socket, status, text);
  }

  async #files(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { person, denied } = this.#o.sessions.identify(request);
    if (denied !== undefined) {
      const [status, text] = denial(denied);
      return json(response, status, { error: denied, text });
    }
    const { uploads, downloads } = this.#o;
    const isUpload = path === '/upload';
    if (isUpload && request.method === 'POST') return await uploads.take(request, response, person);
    const id = fileIdOf(path);
    if (!isUpload && request.method === 'DELETE') return await downloads.remove(response, person, id);
    if (!isUpload && (request.method === 'GET' || request.method === 'HEAD')) {
      return await downloads.give(request, response, person, id);
    }
    response.setHeader('Allow', isUpload ? 'POST' : 'GET, HEAD, DELETE');
    html(response, 405, errorPage('Not so', 'This address does not take this method.'));
  }

  /** Closing at once could take the answer away from who still sends; reading for ever would cost a connection. */
  #linger(request: IncomingMessage): void {
    if (request.complete || request.destroyed) return;
    const cancel = this.#o.clock.after(this.#o.lingerMs, () => request.destroy());
    request.once('close', cancel).resume();
  }

  #page(request: IncomingMessage, response: ServerResponse): void {
    const identified = this.#o.sessions.identify(request);
    const index = this.#o.page.get('/index.html');
    if (identified.person !== undefined && index !== undefined) {
      response.setHeader('Content-Security-Policy', APP_POLICY);
      send(request, response, index);
    } else if (identified.denied === 'no_keys') {
      html(response, 403, noKeysPage(this.#locale(request)));
    } else if (identified.denied === 'too_many') {
      response.setHeader('Retry-After', MINUTE);
      html(response, 429, loginPage(this.#locale(request), 'tooMany'));
    } else {
      redirect(response, 'login');
    }
  }

  #session(request: IncomingMessage, response: ServerResponse): void {
    const { person, denied } = this.#o.sessions.identify(request);
    if (denied === undefined) {
      json(response, 200, { person: { id: person.id, name: person.name } });
    } else {
      const [status, text] = denial(denied);
      json(response, status, { error: denied, text });
    }
  }

  async #logIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cancel = this.#o.clock.after(LOGIN_MS, () => request.destroy());
    const body = await readBody(request, MAX_LOGIN_BODY).finally(cancel);
    const key = body === undefined ? null : new URLSearchParams(body).get('key');
    const locale = this.#locale(request);
    if (key === null) return html(response, 400, loginPage(locale, 'wrong'));
    const result = this.#o.sessions.logIn(key.trim(), request);
    if (typeof result === 'object') {
      response.setHeader('Set-Cookie', sessionCookie(result.cookie, request));
      return redirect(response, './');
    }
    this.#o.logger.warn({ from: request.socket.remoteAddress, result }, 'a login was refused');
    if (result === 'wrong') return html(response, 401, loginPage(locale, 'wrong'));
    response.setHeader('Retry-After', MINUTE);
    html(response, 429, loginPage(locale, 'tooMany'));
  }

  #logOut(request: IncomingMessage, response: ServerResponse): void {
    const session = this.#o.sessions.logOut(request);
    if (session !== undefined) this.#o.onLogOut(session);
    response.setHeader('Set-Cookie', sessionCookie('', request));
    redirect(response, 'login');
  }

  #locale(request: IncomingMessage): Locale {
    const wanted = (request.headers['accept-language'] ?? '').split(',');
    for (const part of wanted) {
      const language = part.trim().slice(0, 2).toLowerCase();
      const known = LOCALES.find((locale) => locale === language);
      if (known !== undefined) return known;
    }
    return this.#o.defaultLocale;
  }
}

function denial(denied: 'no_keys' | 'login' | 'too_many'): [number, string] {
  switch (denied) {
    case 'no_keys':
      return [
        403,
        'From here an access key is needed, and none is set. Set WEB_ACCESS_KEYS and start again.',
      ];
    case 'login':
      return [401, 'Log in with an access key, or send it as "Authorization: Bearer <key>".'];
    case 'too_many':
      return [429, 'Too many wrong keys. Wait a minute.'];
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/';
}

function send(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  response.setHeader('Content-Type', file.type);
  response.setHeader('ETag', file.etag);
  response.setHeader('Vary', 'Accept-Encoding');
  response.setHeader('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304).end();
    return;
  }
  const zip = file.gzipped !== undefined && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = zip && file.gzipped !== undefined ? file.gzipped : file.body;
  if (zip) response.setHeader('Content-Encoding', 'gzip');
  response.writeHead(200, { 'Content-Length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function html(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(body);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Relative, so that it also works below a path of a proxy. */
function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { Location: to }).end();
}

function refuseUpgrade(socket: Duplex, status: number, text: string): undefined {
  const body = Buffer.from(`${text}\n`);
  // Nothing else ends it: node does not watch over it any more, and the other side may keep its half open.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  return undefined;
}

/** `undefined` when it is longer than `limit` bytes. */
async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    // Without an encoding set, node gives buffers.
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length <= limit) chunks.push(bytes);
  }
  return length > limit ? undefined : Buffer.concat(chunks).toString('utf8');
}
