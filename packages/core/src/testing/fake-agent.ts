/** An agent in memory that does what a test's script says, one request at a time per context. */

import type {
  AgentClient,
  AgentEvent,
  AgentHealth,
  AgentRequest,
  PlatformChatId,
  RequestId,
} from '@surfaces/protocol';
import { AgentError, AgentId } from '@surfaces/protocol';

/** An event without its number. */
export type Said = AgentEvent extends infer E ? (E extends AgentEvent ? Omit<E, 'seq'> : never) : never;

/** One conversation as the script sees it. */
export interface Ask {
  readonly request: AgentRequest;
  readonly signal: AbortSignal;
  /** Waits for the answer to a confirmation. */
  decision(id: string): Promise<string>;
}
export type Script = (ask: Ask) => AsyncIterable<Said>;

/** Repeats what it hears. */
export const echo: Script = async function* ({ request }) {
  yield { kind: 'text', text: request.text };
  yield { kind: 'end' };
};

export class FakeAgent implements AgentClient {
  readonly agentId: AgentId;
  readonly baseUrl = 'http://agent.example/';
  /** Every request, in order. */
  readonly requests: AgentRequest[] = [];
  readonly replies: {
    readonly requestId: RequestId;
    readonly confirmId: string;
    readonly optionId: string;
  }[] = [];
  readonly forks: { readonly from: PlatformChatId; readonly to: PlatformChatId }[] = [];
  readonly disposed: PlatformChatId[] = [];
  script: Script;
  healthy = true;
  /** Without: it is asked for notes. `silent`: it never answers. */
  forking: 'yes' | 'no' | 'silent' = 'yes';
  readonly #close = new AbortController();
  readonly #decisions = new Map<string, PromiseWithResolvers<string>>();

  constructor(script: Script = echo, id = 'agent-0') {
    this.script = script;
    this.agentId = AgentId.parse(id);
  }

  url(platformChatId: PlatformChatId): string {
    return `ws://agent.example/v1/agent_ws/${platformChatId}/`;
  }

  async *send(request: AgentRequest, signal: AbortSignal): AsyncIterable<AgentEvent> {
    this.requests.push(request);
    const ended = AbortSignal.any([signal, this.#close.signal]);
    const aborted = new Promise<never>((_, reject) => {
      const stop = () =>
        reject(signal.aborted ? signal.reason : new AgentError('closed', 'the client was closed'));
      if (ended.aborted) stop();
      else ended.addEventListener('abort', stop, { once: true });
    });
    aborted.catch(() => undefined);
    const decision = (id: string) => this.#decision(`${request.requestId}/${id}`).promise;
    const said = this.script({ request, signal: ended, decision })[Symbol.asyncIterator]();
    for (let seq = (request.resumeAfter ?? 0) + 1; ; seq += 1) {
      const next = await Promise.race([said.next(), aborted]);
      if (next.done) return;
      if (next.value.kind === 'restarted') {
        yield { kind: 'restarted', seq: 1 };
        seq = 0;
        continue;
      }
      // A number makes it an event again.
      yield { ...next.value, seq } as AgentEvent;
    }
  }

  async reply(_: PlatformChatId, requestId: RequestId, confirmId: string, optionId: string): Promise<void> {
    this.replies.push({ requestId, confirmId, optionId });
    this.#decision(`${requestId}/${confirmId}`).resolve(optionId);
  }

  async fork(from: PlatformChatId, to: PlatformChatId): Promise<void> {
    if (this.forking === 'no') throw new AgentError('unsupported', 'this agent cannot fork');
    if (this.forking === 'silent') await new Promise(() => undefined);
    this.forks.push({ from, to });
  }

  async dispose(platformChatId: PlatformChatId): Promise<void> {
    this.disposed.push(platformChatId);
  }

  async health(): Promise<AgentHealth> {
    return this.healthy
      ? { ok: true, url: this.baseUrl, latencyMs: 1, features: [] }
      : { ok: false, url: this.baseUrl, error: 'down' };
  }

  async close(): Promise<void> {
    this.#close.abort();
  }

  #decision(key: string): PromiseWithResolvers<string> {
    let decision = this.#decisions.get(key);
    if (!decision) {
      decision = Promise.withResolvers();
      this.#decisions.set(key, decision);
    }
    return decision;
  }
}
