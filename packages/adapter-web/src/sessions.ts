/** Who is asking: whoever sits at the machine, the holder of an access key, or nobody yet. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@surfaces/core';
import { ExternalId } from '@surfaces/protocol';
import type { AccessKey } from './config.ts';
import { isDirectFromHere } from './hosts.ts';
import { LOCAL_PERSON, type WebPerson } from './person.ts';

export const SESSION_COOKIE = 'surfaces_session';
const SESSION_MS = 90 * 24 * 3600_000;
const FAILURES_PER_MINUTE = 10;
const MAX_TRACKED = 10_000;

export type Identified =
  | {
      readonly person: WebPerson;
      readonly by: 'place' | 'key' | 'session';
      /** Names the session, where it is one. */
      readonly session?: string;
      readonly denied?: undefined;
    }
  | {
      readonly person?: undefined;
      /** `no_keys`: a key is needed and none is configured. `too_many`: wrong keys, try later. */
      readonly denied: 'no_keys' | 'login' | 'too_many';
    };

interface Holder {
  readonly person: WebPerson;
  readonly digest: Buffer;
  /** Signs this person's sessions, so that they end when the key goes. */
  readonly secret: Buffer;
}

export class Sessions {
  readonly #holders: readonly Holder[];
  readonly #exposed: boolean;
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; until: number }>();
  /** Logged out, the oldest first; a restart forgets them. */
  readonly #ended = new Set<string>();

  /** `exposed`: the listener is on another address than loopback; nobody is known by place. */
  constructor(options: { keys: readonly AccessKey[]; exposed: boolean; clock: Clock }) {
    this.#holders = options.keys.map(holder);
    this.#exposed = options.exposed;
    this.#clock = options.clock;
  }

  identify(request: IncomingMessage): Identified {
    const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) {
      const result = this.#try(bearer, request);
      return typeof result === 'string'
        ? { denied: this.#denial(result) }
        : { person: result.person, by: 'key' };
    }
    if (!this.#exposed && isDirectFromHere(request)) return { person: LOCAL_PERSON, by: 'place' };
    for (const { person, session } of this.#sessions(request)) return { person, by: 'session', session };
    return { denied: this.#denial('wrong') };
  }

  /** The value of the session cookie for the holder of this key. */
  logIn(key: string, request: IncomingMessage): { readonly cookie: string } | 'wrong' | 'too_many' {
    const result = this.#try(key, request);
    if (typeof result === 'string') return result;
    const name = Buffer.from(result.person.id).toString('base64url');
    // The random part tells logins of one millisecond apart: each is ended alone.
    const issued = `${this.#clock.now().toString(36)}-${randomBytes(9).toString('base64url')}`;
    return { cookie: `${name}.${issued}.${mac(result.secret, `${name}.${issued}`)}` };
  }

  /** Ends the session that a request came with, so that a copy of its cookie is worth nothing. Returns its name. */
  logOut(request: IncomingMessage): string | undefined {
    for (const { session } of this.#sessions(request)) {
      this.#ended.add(session);
      for (const oldest of this.#ended) {
        if (this.#ended.size <= MAX_TRACKED) break;
        this.#ended.delete(oldest);
      }
      return session;
    }
    return undefined;
  }

  #denial(why: 'wrong' | 'too_many') {
    if (why === 'too_many') return 'too_many';
    return this.#holders.length === 0 ? 'no_keys' : 'login';
  }

  #try(key: string, request: IncomingMessage): Holder | 'wrong' | 'too_many' {
    const from = request.socket.remoteAddress ?? '';
    const now = this.#clock.now();
    const seen = this.#failures.get(from);
    const failed = seen !== undefined && seen.until > now ? seen : { count: 0, until: now + 60_000 };
    if (failed.count >= FAILURES_PER_MINUTE) return 'too_many';
    const wanted = digest(key);
    // Every key is compared, so that the time taken does not depend on which one it is.
    let found: Holder | undefined;
    for (const one of this.#holders) if (timingSafeEqual(one.digest, wanted)) found = one;
    if (found !== undefined) return found;
    if (this.#failures.size >= MAX_TRACKED) {
      for (const [address, entry] of this.#failures) if (entry.until <= now) this.#failures.delete(address);
      if (this.#failures.size >= MAX_TRACKED) this.#failures.clear();
    }
    this.#failures.set(from, { count: failed.count + 1, until: failed.until });
    return 'wrong';
  }

  *#sessions(request: IncomingMessage): Generator<{ person: WebPerson; session: string }> {
    for (const value of cookies(request, SESSION_COOKIE)) {
      const [name, issued, signature, ...rest] = value.split('.');
      if (name === undefined || issued === undefined || signature === undefined || rest.length > 0) continue;
      const id = Buffer.from(name, 'base64url').toString();
      const one = this.#holders.find((candidate) => candidate.person.id === id);
      if (one === undefined) continue;
      const right = Buffer.from(mac(one.secret, `${name}.${issued}`));
      const given = Buffer.from(signature);
      if (given.length !== right.length || !timingSafeEqual(given, right)) continue;
      if (this.#clock.now() - Number.parseInt(issued, 36) > SESSION_MS) continue;
      if (this.#ended.has(signature)) continue;
      yield { person: one.person, session: signature };
    }
  }
}

/** `Set-Cookie` for a session; an empty value ends it. Secure when the browser came over TLS. */
export function sessionCookie(value: string, request: IncomingMessage): string {
  const proto = String(request.headers['x-forwarded-proto'] ?? '');
  const secure = proto.split(',')[0]?.trim().toLowerCase() === 'https';
  const age = value === '' ? 0 : SESSION_MS / 1000;
  return `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}

function holder({ name, key }: AccessKey): Holder {
  const bytes = digest(key);
  const id = ExternalId.parse(name ?? `key-${bytes.toString('hex').slice(0, 16)}`);
  return {
    person: { id, name: name ?? id.slice(0, 10) },
    digest: bytes,
    secret: createHmac('sha256', key).update('surfaces web session').digest(),
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function mac(secret: Buffer, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

function* cookies(request: IncomingMessage, name: string): Generator<string> {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals !== -1 && part.slice(0, equals).trim() === name) yield part.slice(equals + 1).trim();
  }
}
