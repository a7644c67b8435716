/** Both ends of the wire without any implementation: agents that misbehave, callers that see each frame. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type WebSocket as Peer, WebSocket, WebSocketServer } from 'ws';
import type { AgentBench } from './harness.ts';

export type RawFrame = Record<string, unknown> & { type: string };

/** One WebSocket as a queue of frames. */
export class RawPeer {
  readonly ws: Peer;
  readonly frames: RawFrame[] = [];
  readonly closed: Promise<number>;
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(ws: Peer) {
    this.ws = ws;
    ws.on('error', () => {});
    ws.on('message', (data) => {
      this.frames.push(JSON.parse(data.toString()) as RawFrame);
      for (const wake of this.waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      ws.on('close', (code) => {
        resolve(code);
        for (const wake of this.waiting.splice(0)) wake();
      });
    });
  }

  send(...frames: (RawFrame | string | Buffer)[]): void {
    for (const frame of frames) {
      this.ws.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
    }
  }

  /** The next frame, of that type when one is named. Throws when the connection closes before. */
  async next(type?: string): Promise<RawFrame> {
    for (;;) {
      while (this.taken < this.frames.length) {
        const frame = this.frames[this.taken++];
        if (frame !== undefined && (type === undefined || frame.type === type)) return frame;
      }
      if (this.ws.readyState !== WebSocket.OPEN) throw new Error(`closed before ${type ?? 'a frame'} came`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}

/** An agent that does what the script says on each connection. Its base URL. */
export async function rawAgent(
  bench: AgentBench,
  script: (peer: RawPeer, connection: number, path: string) => Promise<void> | void,
  upgradeStatus: (attempt: number) => number | undefined = () => undefined,
): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  let attempts = 0;
  let connections = 0;
  server.on('upgrade', (request, socket, head) => {
    const status = upgradeStatus(++attempts);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      // A script whose caller hangs up is over; the case says what it expected of the caller.
      void Promise.resolve(script(new RawPeer(ws), ++connections, request.url ?? '')).catch(() => {});
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  bench.after(async () => {
    for (const ws of sockets.clients) ws.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/`;
}

/** Opens a context of a host by hand. */
export async function rawCaller(
  bench: AgentBench,
  baseUrl: string,
  context: string,
  headers: Record<string, string> = {},
): Promise<RawPeer> {
  const ws = new WebSocket(`${baseUrl.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/agent_ws/${context}/`, {
    headers,
    perMessageDeflate: false,
  });
  const peer = new RawPeer(ws);
  bench.after(async () => ws.terminate());
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('error', reject);
  });
  return peer;
}
