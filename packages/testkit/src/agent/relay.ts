/** Sits between a client and a host, reads every frame, and cuts or changes what it is told to. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import type { RawFrame } from './raw-peers.ts';

export interface RelayRules {
  /** A frame as it goes on; `undefined` swallows it, `cut` swallows it and breaks both connections. */
  toAgent?(frame: RawFrame, connection: number): RawFrame | RawFrame[] | 'cut' | undefined;
  toClient?(frame: RawFrame, connection: number): RawFrame | RawFrame[] | 'cut' | undefined;
  path?(path: string): string;
}

export class Relay {
  target: string;
  /** New connections wait for it before they are led to the agent. */
  hold: Promise<void> = Promise.resolve();
  readonly url: string;
  private readonly server: ReturnType<typeof createServer>;
  private readonly sockets: WebSocketServer;
  private readonly cuts = new Set<() => void>();

  private constructor(
    server: ReturnType<typeof createServer>,
    sockets: WebSocketServer,
    target: string,
    port: number,
  ) {
    this.server = server;
    this.sockets = sockets;
    this.target = target;
    this.url = `http://127.0.0.1:${port}/`;
  }

  static async start(target: string, rules: RelayRules): Promise<Relay> {
    const server = createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const relay = new Relay(server, sockets, target, address.port);
    let connections = 0;
    sockets.on('connection', (client, request) => {
      const { authorization } = request.headers;
      relay.join(client, request.url ?? '', ++connections, rules, authorization);
    });
    return relay;
  }

  /** Breaks every connection. */
  cut(): void {
    for (const cut of this.cuts) cut();
  }

  async close(): Promise<void> {
    this.cut();
    for (const ws of this.sockets.clients) ws.terminate();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(
    client: WebSocket,
    path: string,
    number: number,
    rules: RelayRules,
    authorization?: string,
  ): void {
    const early: string[] = [];
    let agent: WebSocket | undefined;
    const cut = () => {
      client.terminate();
      agent?.terminate();
    };
    const pass = (text: string, rule: RelayRules['toAgent'], to: WebSocket) => {
      const frame = JSON.parse(text) as RawFrame;
      const result = rule === undefined ? frame : rule(frame, number);
      if (result === 'cut') {
        cut();
        return;
      }
      const out = result === undefined ? [] : Array.isArray(result) ? result : [result];
      for (const each of out) if (to.readyState === WebSocket.OPEN) to.send(JSON.stringify(each));
    };
    this.cuts.add(cut);
    client.on('error', cut);
    client.on('message', (data) => {
      if (agent?.readyState === WebSocket.OPEN) pass(data.toString(), rules.toAgent?.bind(rules), agent);
      else early.push(data.toString());
    });
    client.on('close', () => {
      this.cuts.delete(cut);
      agent?.terminate();
    });
    void this.hold.then(() => {
      if (client.readyState !== WebSocket.OPEN) return;
      const upstream = new WebSocket(
        `${this.target.replace(/^http/, 'ws').replace(/\/$/, '')}${rules.path?.(path) ?? path}`,
        { perMessageDeflate: false, headers: authorization === undefined ? {} : { authorization } },
      );
      agent = upstream;
      upstream.on('error', cut);
      upstream.on('open', () => {
        for (const text of early.splice(0)) pass(text, rules.toAgent?.bind(rules), upstream);
      });
      upstream.on('message', (data) => pass(data.toString(), rules.toClient?.bind(rules), client));
      upstream.on('close', (code) => {
        if (client.readyState === WebSocket.OPEN)
          client.close(code >= 3000 || code === 1000 || code === 1001 ? code : 1011);
      });
    });
  }
}
