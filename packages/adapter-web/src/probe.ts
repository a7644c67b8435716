/** Proves that a browser would be served: a real connection to ourselves that is shown a draft. */
import type { Person, SurfaceHealth } from '@surfaces/core';
import { ExternalId, PersonId } from '@surfaces/protocol';
import { WebSocket } from 'ws';
import { type ClientFrameInput, ServerFrame } from './frames.ts';
import type { People, WebPerson } from './person.ts';

/** Nobody's key can have such a name: it has a slash. */
const PREFIX = 'probe/';
const NOBODY: Person = {
  id: PersonId.parse('probe'),
  name: 'probe',
  locale: 'en',
  localeChosen: false,
  streaming: true,
};

export function proberOf(token: string): WebPerson {
  return { id: ExternalId.parse(`${PREFIX}${token}`), name: NOBODY.name };
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
