/** Proves that a browser would be served: a real connection to ourselves that is shown a draft. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Person, SurfaceHealth } from '@surfaces/core';
import { ExternalId, PersonId } from '@surfaces/protocol';
import { WebSocket } from 'ws';
import { type ClientFrameInput, ServerFrame } from './frames.ts';
import type { People, WebPerson } from './person.ts';
import type { Identified } from './sessions.ts';

/** Nobody's key can have such a name: it has a slash. */
const PREFIX = 'probe/';
const NOBODY: Person = {
  id: PersonId.parse('probe'),
  name: 'probe',
  locale: 'en',
  localeChosen: false,
  streaming: true,
};

/** Our own health probes, each known by a one-time token. */
export class Probers {
  readonly #known = new Map<string, WebPerson>();

  make(): { readonly token: string; readonly person: WebPerson } {
    const token = randomBytes(32).toString('base64url');
    const person = { id: ExternalId.parse(`${PREFIX}${token}`), name: NOBODY.name };
    this.#known.set(token, person);
    return { token, person };
  }

  forget(token: string): void {
    this.#known.delete(token);
  }

  admit(request: IncomingMessage): Extract<Identified, { by: string }> | undefined {
    const given = /^Probe (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) return undefined;
    for (const [token, person] of this.#known) {
      const [a, b] = [Buffer.from(token), Buffer.from(given)];
      if (a.length !== b.length || !timingSafeEqual(a, b)) continue;
      this.#known.delete(token);
      return { person, by: 'key' };
    }
    return undefined;
  }
}

/** A prober is nobody whom the store is to know. */
export function withoutProbers(people: People): People {
  return {
    identify: async (input) => (input.externalId.startsWith(PREFIX) ? NOBODY : await people.identify(input)),
    chatsOf: async (owner) => (owner === NOBODY.id ? [] : await people.chatsOf(owner)),
  };
}

/**
 * Connects through the same door as a browser, says hello (which reads the timeline), then waits for
 * the frame that `show` causes. `signal` ends it; the result says at which step.
 */
export async function probe(
  url: URL,
  token: string,
  show: () => void,
  signal: AbortSignal,
): Promise<SurfaceHealth> {
  let step = 'connecting';
  const socket = new WebSocket(new URL('ws', url.href.replace(/^http/, 'ws')), {
    headers: { Authorization: `Probe ${token}`, Origin: url.origin },
    perMessageDeflate: false,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
      if (signal.aborted) return reject(new Error('no answer in time'));
      socket.on('error', reject);
      socket.on('close', (code) => reject(new Error(`closed with code ${code}`)));
      socket.on('open', () => {
        step = 'waiting for the welcome';
        const hello: ClientFrameInput = { type: 'hello', chat: null, after: null };
        socket.send(JSON.stringify(hello));
      });
      socket.on('message', (data) => {
        const frame = ServerFrame.parse(JSON.parse(String(data)));
        if (frame.type === 'caught_up') {
          step = 'waiting for a draft';
          show();
        }
        if (frame.type === 'draft') resolve();
      });
    });
    return { ok: true, detail: `served at ${url.origin}` };
  } catch (error) {
    return { ok: false, detail: `${step}: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.terminate();
  }
}
