/** The core's view of an agent. `@surfaces/sdk` implements it over the wire protocol. */
import { z } from 'zod';
import type { AgentErrorCode } from './agent-errors.ts';
import type { AgentId, PlatformChatId, RequestId } from './ids.ts';
import { ConfirmOption, type WirePerson } from './wire.ts';

const seq = z.number().int().positive();

/**
 * One thing an agent said about a request. `seq` begins at 1 and grows by one per event of a request,
 * whether the agent numbers them itself (feature `resume`) or the client does. Each is yielded once.
 */
export const AgentEvent = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), seq, text: z.string() }),
  z.strictObject({
    kind: z.literal('progress'),
    seq,
    phase: z.enum(['call', 'result', 'update']),
    /** A line for people; may be empty. */
    label: z.string(),
  }),
  z.strictObject({ kind: z.literal('file'), seq, path: z.string() }),
  z.strictObject({
    kind: z.literal('confirm'),
    seq,
    id: z.string(),
    text: z.string(),
    options: z.array(ConfirmOption),
  }),
  z.strictObject({
    kind: z.literal('end'),
    seq,
    tokensUsed: z.number().optional(),
    cost: z.number().optional(),
  }),
  /** The agent itself says that it failed; the connection is fine. */
  z.strictObject({ kind: z.literal('error'), seq, code: z.string(), message: z.string() }),
  /**
   * The agent has no memory of the events so far and begins the request anew (same request id): all
   * that came before this is void. Only from agents with `idempotent`. It is made by the client: its
   * own `seq` is always 1 and is not counted, so the events that follow begin at 1 again. Empty the
   * journal on it; do not append it. The agent is asked again only when the next event is: by then
   * nothing of the earlier run may be left, or a later `resumeAfter` would name a number of it.
   */
  z.strictObject({ kind: z.literal('restarted'), seq }),
]);
export type AgentEvent = z.infer<typeof AgentEvent>;

export interface AgentRequest {
  readonly platformChatId: PlatformChatId;
  readonly requestId: RequestId;
  readonly text: string;
  /** Paths relative to the agent's workspace. */
  readonly attachments: readonly string[];
  readonly person?: WirePerson;
  /**
   * Set when this request was, or may have been, sent before (by an earlier process): the last
   * `seq` that was journalled, 0 when none. The client asks the agent to go on from there; see
   * the `interrupted` error for what happens when it cannot.
   */
  readonly resumeAfter?: number;
}

export interface AgentHealth {
  readonly ok: boolean;
  /** The URL that was opened. */
  readonly url: string;
  /** Milliseconds until STATUS came. */
  readonly latencyMs?: number;
  readonly features?: readonly string[];
  readonly agent?: string;
  /** Scrubbed; for operators. */
  readonly error?: string;
  /** With `error`: see `agent-errors.ts`. */
  readonly code?: AgentErrorCode;
  /** With `error`: the HTTP status that came instead of a WebSocket. */
  readonly status?: number;
}

/**
 * A connection to one agent, all of its contexts.
 *
 * `send` yields events until `end` or `error`, the terminal ones, and then finishes. It throws an
 * `AgentError` (see `agent-errors.ts`) where the way there failed. When `signal` aborts, the agent
 * is told (feature `cancel`) and given a moment to finish; then `send` throws the signal's reason.
 * One request per context at a time; the caller keeps the order.
 */
export interface AgentClient {
  readonly agentId: AgentId;
  /** As configured, without credentials; for logs. */
  readonly baseUrl: string;
  /** Where a context is reached, without credentials; for logs. */
  url(platformChatId: PlatformChatId): string;
  send(request: AgentRequest, signal: AbortSignal): AsyncIterable<AgentEvent>;
  /** Answers a `confirm` event of a running request. Repeating it is harmless. */
  reply(
    platformChatId: PlatformChatId,
    requestId: RequestId,
    confirmId: string,
    optionId: string,
  ): Promise<void>;
  /** Copies a context under a new name (feature `fork`). */
  fork(platformChatId: PlatformChatId, to: PlatformChatId, signal: AbortSignal): Promise<void>;
  /** Tells that a context is not needed any more (feature `dispose`; otherwise only closes its connection). */
  dispose(platformChatId: PlatformChatId, signal: AbortSignal): Promise<void>;
  health(signal: AbortSignal): Promise<AgentHealth>;
  close(): Promise<void>;
}
