/** The three that answer with what they hear: an agent of ours, gRPC, a WebSocket with JSON and nothing else. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { serveAgent } from '@surfaces/sdk';
import { WebSocketServer } from 'ws';
import { answer } from '../child.ts';
import { Echo } from './echo-service.ts';

const agent = await serveAgent({ onTurn: (turn) => turn.write(turn.text) });

const grpc = new Server();
grpc.addService(Echo.service, {
  Say: (call: { readonly request: unknown }, reply: (error: null, message: unknown) => void) =>
    reply(null, call.request),
});
const grpcPort = await new Promise<number>((resolve, reject) => {
  grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
});

const bare = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
bare.on('connection', (socket) => {
  socket.on('message', (data) => socket.send(JSON.stringify(JSON.parse(data.toString()))));
});
await once(bare, 'listening');

export type Servers = typeof calls;
const calls = {
  addresses: () => ({
    agent: agent.url,
    grpc: `127.0.0.1:${grpcPort}`,
    // A TCP server has a port.
    bare: `ws://127.0.0.1:${(bare.address() as AddressInfo).port}/`,
  }),
};
answer(calls);
