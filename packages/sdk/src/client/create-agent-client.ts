/** The client half of the agent wire protocol. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import {
  type AgentClient,
  AgentError,
  type AgentHealth,
  type AgentRequest,
  isAgentError,
  type PlatformChatId,
} from '@surfaces/protocol';
import { agentUrl, basicAuth, publicUrl } from '../agent-url.ts';
import type { ConnectionSetup } from './connection.ts';
import { Connection } from './connection.ts';
import { ClientContext } from './context.ts';
import { Exchange } from './exchange.ts';
import { type AgentClientOptions, type ClientLimits, DEFAULT_LIMITS } from './options.ts';

const HEALTH_CONTEXT = '0';

/**
 * An `AgentClient` over WebSocket: one connection per context, opened on demand and kept for the next
 * requests. Throws a `TypeError` at once when `baseUrl` cannot be used. Behaviour in each case of a
 * lost connection: docs/agent-protocol-table.md.
 */
export function createAgentClient(options: AgentClientOptions): AgentClient {
  agentUrl(options.baseUrl, HEALTH_CONTEXT);
  const setup = setupOf(options);
  const contexts = new Map<PlatformChatId, ClientContext>();
  const stopped = new AbortController();

  const contextOf = (id: PlatformChatId): ClientContext => {
    if (stopped.signal.aborted) throw new AgentError('closed', 'The agent client was closed.');
    let context = contexts.get(id);
    if (context === undefined) {
      const made: ClientContext = new ClientContext(
        setup(id),
        (reason) => options.onIgnored?.(reason),
        () => {
          if (contexts.get(id) === made) contexts.delete(id);
        },
      );
      contexts.set(id, made);
      context = made;
    }
    return context;
  };

  const begin = (request: AgentRequest, signal: AbortSignal): Exchange => {
    const context = contextOf(request.platformChatId);
    if (context.running !== undefined) {
      throw new Error(`Context ${request.platformChatId} is busy: one request at a time.`);
    }
    const exchange = new Exchange(request, signal, context);
    context.begin(exchange);
    return exchange;
  };

  const client: AgentClient = {
    agentId: options.agentId,
    baseUrl: publicUrl(options.baseUrl),
    url: (platformChatId) => publicUrl(agentUrl(options.baseUrl, platformChatId)),
    send: (request, signal) => ({
      [Symbol.asyncIterator]: () => {
        let exchange: Exchange | undefined;
        return {
          // Not `async`: a promise less per event.
          next: () => {
            try {
              exchange ??= begin(request, signal);
            } catch (error) {
              return Promise.reject(error);
            }
            return exchange.next();
          },
          return: async () => {
            await exchange?.return();
            return { done: true, value: undefined };
          },
        };
      },
    }),
    async reply(platformChatId, requestId, confirmId, optionId) {
      const running = contexts.get(platformChatId)?.running;
      if (running?.request.requestId !== requestId) {
        throw new AgentError('interrupted', 'The request that asked is not running.');
      }
      running.reply(confirmId, optionId);
    },
    async fork(platformChatId, to, signal) {
      const frame = (request_id: string) => ({ type: 'FORK' as const, request_id, to });
      await contextOf(platformChatId).call('fork', frame, signal);
    },
    async dispose(platformChatId, signal) {
      const context = contextOf(platformChatId);
      try {
        await context.call('dispose', (request_id) => ({ type: 'DISPOSE', request_id }), signal);
      } catch (error) {
        if (!isAgentError(error) || error.code !== 'unsupported') throw error;
      } finally {
        if (context.running === undefined) context.abandon();
      }
    },
    health: (signal) => probe(setup(HEALTH_CONTEXT), AbortSignal.any([signal, stopped.signal])),
    async close() {
      stopped.abort(new AgentError('closed', 'The agent client was closed.'));
      await Promise.all([...contexts.values()].map((context) => context.close()));
    },
  };
  const { signal } = options;
  if (signal?.aborted) void client.close();
  else signal?.addEventListener('abort', () => void client.close(), { once: true });
  return client;
}

/**
 * Opens one context, waits for STATUS, and closes it again; nothing is said in it. Rejects with the
 * reason of `signal` alone; throws a `TypeError` where the options cannot be used.
 */
export function probeAgent(
  options: AgentClientOptions,
  platformChatId: PlatformChatId,
  signal: AbortSignal,
): Promise<AgentHealth> {
  return probe(setupOf(options)(platformChatId), signal);
}

function setupOf(options: AgentClientOptions): (platformChatId: string) => ConnectionSetup {
  const rest = {
    headers: headersOf(options),
    tls: options.tls ?? {},
    limits: limitsOf(options),
    traceparent: options.traceparent,
  };
  return (platformChatId) => ({ url: agentUrl(options.baseUrl, platformChatId), ...rest });
}

async function probe(setup: ConnectionSetup, signal: AbortSignal): Promise<AgentHealth> {
  signal.throwIfAborted();
  const url = publicUrl(setup.url);
  const began = performance.now();
  let socket: Connection | undefined;
  const onAbort = () => void socket?.close();
  signal.addEventListener('abort', onAbort, { once: true });
  const nobody = { onFrame: () => {}, onBroken: () => {}, onIgnored: () => {} };
  try {
    const connection = await Connection.open(setup, nobody, (opening) => {
      socket = opening;
    });
    const latencyMs = performance.now() - began;
    const { features, agent } = connection.status ?? {};
    return {
      ok: true,
      url,
      latencyMs,
      features: features ?? [],
      ...(agent === undefined ? {} : { agent: typeof agent === 'string' ? agent : String(agent.name ?? '') }),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!isAgentError(error)) return { ok: false, url, error: String(error) };
    const { code, status, message } = error;
    return { ok: false, url, error: message, code, ...(status === undefined ? {} : { status }) };
  } finally {
    signal.removeEventListener('abort', onAbort);
    await socket?.close();
  }
}

function limitsOf(options: AgentClientOptions): ClientLimits {
  const given = (Object.keys(DEFAULT_LIMITS) as (keyof ClientLimits)[]).filter(
    (key) => options[key] !== undefined,
  );
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given.map((key) => [key, options[key]])) };
}

function headersOf(options: AgentClientOptions): Record<string, string> {
  const authorization =
    options.bearer === undefined ? basicAuth(options.baseUrl) : `Bearer ${options.bearer}`;
  const headers = { ...(authorization === undefined ? {} : { authorization }), ...options.headers };
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  return headers;
}
