/** What the agent suite needs of an implementation, and what its cases share. */
import {
  type AgentClient,
  type AgentEvent,
  AgentId,
  type AgentRequest,
  type ConfirmOption,
  newPlatformChatId,
  PlatformChatId,
  RequestId,
  type WireFeature,
  type WirePerson,
} from '@surfaces/protocol';

export interface SuiteTurn {
  readonly platformChatId: PlatformChatId;
  readonly requestId: string;
  readonly text: string;
  readonly attachments: readonly string[];
  readonly person: WirePerson | undefined;
  readonly features: ReadonlySet<WireFeature>;
  readonly signal: AbortSignal;
  write(text: string): Promise<void>;
  toolCall(step: { id?: string; name: string; text?: string }): Promise<void>;
  toolResult(step: { id?: string; name: string; text?: string }): Promise<void>;
  update(text: string): Promise<void>;
  sendFile(path: string): Promise<void>;
  confirm(question: { text: string; options: readonly ConfirmOption[] }): Promise<string>;
  usage(figures: { tokensUsed?: number; cost?: number }): void;
}

export interface SuiteServeOptions {
  readonly onTurn: (turn: SuiteTurn) => Promise<void>;
  readonly onFork?: (from: PlatformChatId, to: PlatformChatId) => Promise<void>;
  readonly onDispose?: (context: PlatformChatId) => Promise<void>;
  readonly features?: readonly WireFeature[];
  /** Where finished turns outlive the host; without it they are in memory. */
  readonly turnLogDirectory?: string;
  readonly bearer?: string;
  readonly idleMs?: number;
  readonly port?: number;
}

export interface SuiteServer {
  readonly url: string;
  readonly port: number;
  /** With 0: as abrupt as a crash, as far as callers can see. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/** The names and units of the client's limits; all optional. */
export interface SuiteClientOptions {
  readonly agentId: AgentId;
  readonly baseUrl: string;
  readonly bearer?: string;
  readonly connectTimeoutMs?: number;
  readonly statusTimeoutMs?: number;
  readonly connectWindowMs?: number;
  readonly reconnectWindowMs?: number;
  readonly backoffMs?: number;
  readonly firstEventTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly toolIdleTimeoutMs?: number;
  readonly cancelGraceMs?: number;
  readonly connectionIdleMs?: number;
  readonly pingIntervalMs?: number;
  readonly maxRestarts?: number;
  readonly onIgnored?: (reason: string) => void;
}

export interface AgentHarness {
  createClient(options: SuiteClientOptions): AgentClient;
  serve(options: SuiteServeOptions): Promise<SuiteServer>;
}

export interface AgentCase {
  readonly name: string;
  run(bench: AgentBench): Promise<void>;
}

/** What one case works with; everything it opened is closed after it. */
export class AgentBench {
  readonly ignored: string[] = [];
  private readonly harness: AgentHarness;
  private readonly cleanups: (() => Promise<void>)[] = [];

  constructor(harness: AgentHarness) {
    this.harness = harness;
  }

  after(cleanup: () => Promise<void>): void {
    this.cleanups.push(cleanup);
  }

  client(baseUrl: string, options: Partial<SuiteClientOptions> = {}): AgentClient {
    const client = this.harness.createClient({
      agentId: AgentId.parse('agent'),
      baseUrl,
      backoffMs: 5,
      connectWindowMs: 300,
      reconnectWindowMs: 2000,
      onIgnored: (reason) => this.ignored.push(reason),
      ...options,
    });
    this.after(() => client.close());
    return client;
  }

  async serve(options: SuiteServeOptions): Promise<SuiteServer> {
    const server = await this.harness.serve(options);
    this.after(() => server.close({ drainMs: 0 }));
    return server;
  }

  async close(): Promise<void> {
    for (const cleanup of this.cleanups.reverse()) await cleanup();
  }
}

let requests = 0;

export function request(text: string, rest: Partial<AgentRequest> = {}): AgentRequest {
  requests++;
  return {
    platformChatId: newPlatformChatId(),
    requestId: RequestId.parse(`r${requests}`),
    text,
    attachments: [],
    ...rest,
  };
}

export const HEALTH = PlatformChatId.parse('0');

export interface Heard {
  readonly events: AgentEvent[];
  readonly error: unknown;
}

/** Reads an answer to its end, or to its failure. */
export async function hear(
  client: AgentClient,
  asked: AgentRequest,
  onEvent: (event: AgentEvent) => void | Promise<void> = () => {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Heard> {
  const events: AgentEvent[] = [];
  try {
    for await (const event of client.send(asked, signal)) {
      events.push(event);
      await onEvent(event);
    }
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

export function textOf(events: readonly AgentEvent[]): string {
  return events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
}

/** A promise and what settles it. */
export function gate<T = void>(): { opened: Promise<T>; open: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { opened: promise, open: resolve };
}

/** Fails instead of hanging. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
