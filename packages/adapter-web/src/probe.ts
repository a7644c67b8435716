/** Proves that a browser would be served: a real connection to ourselves that is shown a draft. */
import type { SurfaceHealth } from '@surfaces/core';
import { WebSocket } from 'ws';
import { ServerFrame } from './frames.ts';

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
        socket.send(JSON.stringify({ type: 'hello', after: null }));
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
