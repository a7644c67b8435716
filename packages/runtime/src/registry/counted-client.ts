/** An agent's client that can be replaced while it is in use. */
import {
  type AgentClient,
  AgentError,
  type AgentEvent,
  type AgentHealth,
  type AgentId,
  type AgentRequest,
  type PlatformChatId,
  type RequestId,
} from '@surfaces/protocol';

/**
 * After `retire` what runs here ends here, and then the client closes. What is begun later by somebody
 * who still holds it goes to the client that took its place.
 */
export class CountedClient implements AgentClient {
  readonly #inner: AgentClient;
  /** Called once it is closed after `retire`. */
  readonly #onClosed: (error?: unknown) => void;
  readonly #requests = new Map<RequestId, number>();
  #running = 0;
  #successor: (() => AgentClient | undefined) | undefined;
  #closing: Promise<void> | undefined;

  constructor(inner: AgentClient, onClosed: (error?: unknown) => void) {
    this.#inner = inner;
    this.#onClosed = onClosed;
  }

  get agentId(): AgentId {
    return this.#inner.agentId;
  }

  get baseUrl(): string {
    return this.#inner.baseUrl;
  }

  url(platformChatId: PlatformChatId): string {
    return this.#inner.url(platformChatId);
  }

  /** `successor`: the client that now has its place, if the agent still is configured. */
  retire(successor: () => AgentClient | undefined): void {
    this.#successor = successor;
    this.#closeWhenUnused();
  }

  send(request: AgentRequest, signal: AbortSignal): AsyncIterable<AgentEvent> {
    return {
      [Symbol.asyncIterator]: () => {
        let events: AsyncIterator<AgentEvent> | undefined;
        let release = () => {};
        const begin = (): AsyncIterator<AgentEvent> => {
          const target = this.#target();
          if (target === this.#inner) release = this.#count(request.requestId);
          return target.send(request, signal)[Symbol.asyncIterator]();
        };
        return {
          next: () => {
            try {
              events ??= begin();
            } catch (error) {
              return Promise.reject(error);
            }
            const next = events.next();
            // Beside the way of the event: it waits for nothing of this.
            next.then(({ done }) => done && release(), release);
            return next;
          },
          return: async () => {
            try {
              await events?.return?.();
            } finally {
              release();
            }
            return { done: true, value: undefined };
          },
        };
      },
    };
  }

  async reply(
    platformChatId: PlatformChatId,
    requestId: RequestId,
    confirmId: string,
    optionId: string,
  ): Promise<void> {
    const target = this.#requests.has(requestId) ? this.#inner : this.#target();
    await target.reply(platformChatId, requestId, confirmId, optionId);
  }

  fork(platformChatId: PlatformChatId, to: PlatformChatId, signal: AbortSignal): Promise<void> {
    return this.#during((target) => target.fork(platformChatId, to, signal));
  }

  dispose(platformChatId: PlatformChatId, signal: AbortSignal): Promise<void> {
    return this.#during((target) => target.dispose(platformChatId, signal));
  }

  health(signal: AbortSignal): Promise<AgentHealth> {
    return this.#during((target) => target.health(signal));
  }

  close(): Promise<void> {
    this.#closing ??= this.#inner.close();
    return this.#closing;
  }

  async #during<T>(call: (target: AgentClient) => Promise<T>): Promise<T> {
    const target = this.#target();
    const release = target === this.#inner ? this.#count() : () => {};
    try {
      return await call(target);
    } finally {
      release();
    }
  }

  #target(): AgentClient {
    if (this.#successor === undefined) return this.#inner;
    const successor = this.#successor();
    if (successor === undefined) {
      throw new AgentError('refused', 'The agent is not configured any more.', { url: this.#inner.baseUrl });
    }
    return successor;
  }

  /** What it returns takes effect once. */
  #count(request?: RequestId): () => void {
    this.#running++;
    if (request !== undefined) this.#requests.set(request, (this.#requests.get(request) ?? 0) + 1);
    let counted = true;
    return () => {
      if (!counted) return;
      counted = false;
      this.#running--;
      if (request !== undefined) {
        const left = (this.#requests.get(request) ?? 1) - 1;
        if (left === 0) this.#requests.delete(request);
        else this.#requests.set(request, left);
      }
      this.#closeWhenUnused();
    };
  }

  #closeWhenUnused(): void {
    if (this.#successor === undefined || this.#running > 0 || this.#closing !== undefined) return;
    this.close().then(() => this.#onClosed(), this.#onClosed);
  }
}
