/** One small request and its answer, one after another: through our wire protocol, gRPC and a bare WebSocket. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { credentials } from '@grpc/grpc-js';
import { AgentId, newPlatformChatId, RequestId } from '@surfaces/protocol';
import { createAgentClient } from '@surfaces/sdk';
import WebSocket from 'ws';
import { Child } from '../child.ts';
import type { Report } from '../report.ts';
import { interleave, median, medianRatio, percentile } from '../sampling.ts';
import type { Settings } from '../settings.ts';
import { Echo, type EchoMessage } from './echo-service.ts';
import type { Servers } from './servers.child.ts';

const TEXT = 'What is the weather like in Busan today?';

interface Side {
  /** One request; checks the answer. */
  ask(): Promise<void>;
  close(): Promise<void> | void;
}

export async function benchAgent(settings: Settings): Promise<Report> {
  await using servers = new Child<Servers>(new URL('./servers.child.ts', import.meta.url), settings);
  const addresses = await servers.call('addresses');
  const sides = {
    agent: ourSide(addresses.agent),
    grpc: grpcSide(addresses.grpc),
    bare: await bareSide(addresses.bare),
  };
  const requests = settings.quick ? 50 : 3000;
  try {
    // Compiled and settled before anything counts.
    for (const side of Object.values(sides)) await p50(side, requests * 3);
    const micros = await interleave(settings.quick ? 3 : 15, {
      agent: () => p50(sides.agent, requests),
      grpc: () => p50(sides.grpc, requests),
      bare: () => p50(sides.bare, requests),
    });
    return {
      name: 'agent',
      title: 'A small request and its answer',
      method:
        `${TEXT.length} characters there and back, ${requests} one after another per round, ` +
        `${micros.agent.length} interleaved rounds; client here, servers in one other process; medians of the rounds' p50.`,
      figures: [
        { name: 'AgentClient and serveAgent, p50', value: median(micros.agent), unit: 'µs' },
        { name: 'grpc-js unary echo, p50', value: median(micros.grpc), unit: 'µs' },
        { name: 'bare ws JSON echo, p50', value: median(micros.bare), unit: 'µs' },
        {
          name: 'ours over gRPC',
          value: medianRatio(micros.agent, micros.grpc),
          unit: '',
          target: { limit: 'at most', value: 0.5, aim: 0.3 },
        },
        { name: 'ours over bare ws', value: medianRatio(micros.agent, micros.bare), unit: '' },
      ],
    };
  } finally {
    for (const side of Object.values(sides)) await side.close();
  }
}

/** In microseconds. */
async function p50(side: Side, requests: number): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < requests; i += 1) {
    const began = performance.now();
    await side.ask();
    taken.push((performance.now() - began) * 1000);
  }
  return percentile(taken, 0.5);
}

function expectEcho(text: string): void {
  if (text !== TEXT) throw new Error(`the answer is ${JSON.stringify(text)}`);
}

function ourSide(baseUrl: string): Side {
  const client = createAgentClient({ agentId: AgentId.parse('echo'), baseUrl });
  const platformChatId = newPlatformChatId();
  const never = new AbortController().signal;
  return {
    async ask() {
      const requestId = RequestId.parse(randomUUID());
      let text = '';
      const request = { platformChatId, requestId, text: TEXT, attachments: [] };
      for await (const event of client.send(request, never)) if (event.kind === 'text') text += event.text;
      expectEcho(text);
    },
    close: () => client.close(),
  };
}

function grpcSide(address: string): Side {
  const client = new Echo(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = Echo.service.Say;
  return {
    ask: () =>
      new Promise<void>((resolve, reject) => {
        client.makeUnaryRequest<EchoMessage, EchoMessage>(
          path,
          requestSerialize,
          responseDeserialize,
          { requestId: randomUUID(), text: TEXT },
          (error, message) => {
            if (error || message === undefined) return reject(error ?? new Error('no answer'));
            expectEcho(message.text);
            resolve();
          },
        );
      }),
    close: () => client.close(),
  };
}

async function bareSide(url: string): Promise<Side> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  let answered: (text: string) => void = () => undefined;
  socket.on('message', (data) => {
    // The server sends back what `ask` sent.
    answered((JSON.parse(data.toString()) as { text: string }).text);
  });
  return {
    async ask() {
      const answer = new Promise<string>((resolve) => {
        answered = resolve;
      });
      socket.send(JSON.stringify({ type: 'USER_MESSAGE', request_id: randomUUID(), text: TEXT }));
      expectEcho(await answer);
    },
    close: () => socket.close(),
  };
}
