/** A reverse proxy with path prefixes, for tests: `/agent_3/…` goes to the third agent, or to a fault. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { Duplex } from 'node:stream';

/** `silent`: takes the upgrade and never says a word. `reset`: cuts the connection off. A number: that HTTP status. */
export type Route = { readonly to: string } | 'silent' | 'reset' | number;

export interface Proxy {
  readonly url: string;
  /** Upgrades that were asked for, by prefix. */
  readonly asked: ReadonlyMap<string, number>;
  /** Contexts of connections that were opened. */
  readonly contexts: ReadonlySet<string>;
  /** Connections of silent routes that are open now. */
  silent(): number;
  close(): Promise<void>;
}

export async function startProxy(routes: Readonly<Record<string, Route>>): Promise<Proxy> {
  const sockets = new Set<Duplex>();
  const asked = new Map<string, number>();
  const contexts = new Set<string>();
  const held = new Set<Duplex>();
  const server = createServer((_, response) => response.writeHead(404).end());
  server.on('upgrade', (incoming, socket, head) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const [, prefix = '', rest = ''] = /^\/([^/]+)(\/.*)$/.exec(incoming.url ?? '') ?? [];
    asked.set(prefix, (asked.get(prefix) ?? 0) + 1);
    contexts.add(/agent_ws\/(\d+)\//.exec(rest)?.[1] ?? '');
    const route = routes[prefix] ?? 404;
    if (route === 'reset') return void socket.destroy();
    if (typeof route === 'number') {
      return void socket.end(`HTTP/1.1 ${route} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    if (route === 'silent') {
      held.add(socket);
      // Sockets of an HTTP server stay half open: its end is to be read, and answered.
      socket.on('end', () => socket.end()).resume();
      socket.on('close', () => held.delete(socket));
      return void socket.write(acceptance(incoming.headers['sec-websocket-key'] ?? ''));
    }
    const outgoing = request(new URL(rest.slice(1), route.to), { headers: incoming.headers });
    outgoing.on('upgrade', (answer, upstream, first) => {
      sockets.add(upstream);
      upstream.on('close', () => sockets.delete(upstream));
      upstream.on('error', () => socket.destroy());
      const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('')}\r\n`);
      socket.write(first);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    outgoing.on('response', ({ statusCode }) => {
      socket.end(`HTTP/1.1 ${statusCode} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
    outgoing.on('error', () => {
      socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    outgoing.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    contexts,
    silent: () => held.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** RFC 6455, section 4.2.2. */
function acceptance(key: string): string {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}
