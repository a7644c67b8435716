/** Agents that do what a test tells them, against the people whom they serve and those whom they do not. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentTurn, serveAgent } from '@surfaces/sdk';
import { vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { ListedAgent } from './world.ts';

/** Sends whatever paths a message names (`give` and a JSON list), and repeats the rest. */
export class GivingAgent {
  readonly listed: ListedAgent;
  readonly turns: AgentTurn[] = [];
  readonly #close: () => Promise<void>;

  private constructor(listed: ListedAgent, turns: AgentTurn[], close: () => Promise<void>) {
    this.listed = listed;
    this.turns = turns;
    this.#close = close;
  }

  static async start(id: string): Promise<GivingAgent> {
    const workspace = makeWorkspace(id);
    const turns: AgentTurn[] = [];
    const server = await serveAgent({
      async onTurn(turn) {
        turns.push(turn);
        const paths = /^give (.*)$/s.exec(turn.text)?.[1];
        if (paths === undefined) return turn.write(`${id} heard: ${turn.text}`);
        for (const path of z.array(z.string()).parse(JSON.parse(paths))) await turn.sendFile(path);
      },
      onDispose: async () => undefined,
    });
    const close = async () => {
      await server.close({ drainMs: 0 });
      rmSync(workspace, { recursive: true, force: true });
    };
    return new GivingAgent({ id, url: server.url, workspace }, turns, close);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

const Heard = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  request_id: z.string().optional(),
  id: z.string().optional(),
  option: z.string().optional(),
});

/** One message as an agent hears it, and the connection on which it came. */
export interface Request {
  readonly socket: WebSocket;
  readonly requestId: string;
}

/** Written frame by frame; nothing is answered by itself. */
export class RawAgent {
  readonly listed: ListedAgent;
  readonly heard: { readonly socket: WebSocket; readonly frame: z.output<typeof Heard> }[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer, listed: ListedAgent) {
    this.#server = server;
    this.listed = listed;
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', (data) =>
        this.heard.push({ socket, frame: Heard.parse(JSON.parse(String(data))) }),
      );
      socket.send(JSON.stringify({ type: 'STATUS', features: ['confirm', 'cancel', 'person'] }));
    });
  }

  static async start(id: string): Promise<RawAgent> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const url = `http://127.0.0.1:${address.port}/`;
    return new RawAgent(server, { id, url, workspace: makeWorkspace(id) });
  }

  /** The message with this text, once it came. */
  async asked(text: string): Promise<Request> {
    return vi.waitFor(() => {
      const found = this.heard.find(({ frame }) => frame.type === 'USER_MESSAGE' && frame.text === text);
      if (found?.frame.request_id === undefined) throw new Error(`"${text}" did not come`);
      return { socket: found.socket, requestId: found.frame.request_id };
    }, 10_000);
  }

  /** On one connection, in the name of a request that may be another's. */
  send(
    socket: WebSocket,
    requestId: string,
    frame: { readonly type: string; readonly [field: string]: unknown },
  ) {
    socket.send(JSON.stringify({ ...frame, request_id: requestId }), () => undefined);
  }

  answer({ socket, requestId }: Request, text: string): void {
    this.send(socket, requestId, { type: 'AGENT_EVENT_TEXT_CHUNK', text });
    this.send(socket, requestId, { type: 'AGENT_EVENT_END' });
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.listed.workspace, { recursive: true, force: true });
  }
}

function makeWorkspace(id: string): string {
  const path = join(realpathSync(mkdtempSync(join(tmpdir(), 'surfaces-workspace-'))), id);
  mkdirSync(path);
  return path;
}
