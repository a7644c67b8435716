import type { AgentId } from '@surfaces/protocol';
import type { IgnoredReason } from '../frames.ts';

/** All in milliseconds. */
export interface ClientLimits {
  /** One attempt to connect: resolve, TCP, TLS, upgrade. Default 10 s. */
  readonly connectTimeoutMs: number;
  /** From the open connection to STATUS; also from RESUME to RESUMED. Default 10 s. */
  readonly statusTimeoutMs: number;
  /** How long a request that was not sent yet tries to connect. Default 10 s. */
  readonly connectWindowMs: number;
  /** How long a request that was sent tries to come back without any new event. Default 30 s. */
  readonly reconnectWindowMs: number;
  /** First pause between attempts; it doubles up to 5 s, and is shortened at random by up to half. Default 100 ms. */
  readonly backoffMs: number;
  /** From the message to the first event. Default 120 s. */
  readonly firstEventTimeoutMs: number;
  /** Between two events. Default 60 s. */
  readonly idleTimeoutMs: number;
  /** Between two events while a tool runs. Default 15 min. No limit while a person is asked. */
  readonly toolIdleTimeoutMs: number;
  /** How long an agent that was told to cancel may take to end. Default 5 s. */
  readonly cancelGraceMs: number;
  /** A connection without a request is closed after this. Default 5 min. */
  readonly connectionIdleMs: number;
  /** Between two pings; a connection that did not answer one by the next is dead. Default 20 s. */
  readonly pingIntervalMs: number;
  /** How often one request may begin anew at an agent that forgot it. Default 5. */
  readonly maxRestarts: number;
}

export const DEFAULT_LIMITS: ClientLimits = {
  connectTimeoutMs: 10_000,
  statusTimeoutMs: 10_000,
  connectWindowMs: 10_000,
  reconnectWindowMs: 30_000,
  backoffMs: 100,
  firstEventTimeoutMs: 120_000,
  idleTimeoutMs: 60_000,
  toolIdleTimeoutMs: 15 * 60_000,
  cancelGraceMs: 5_000,
  connectionIdleMs: 5 * 60_000,
  pingIntervalMs: 20_000,
  maxRestarts: 5,
};

export interface AgentClientOptions extends Partial<ClientLimits> {
  readonly agentId: AgentId;
  /** See `agentUrl` for the forms it may have. A user name and password in it become basic auth. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM: a private authority, or a certificate of ours for mutual TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The W3C trace that a new connection belongs to. */
  readonly traceparent?: () => string | undefined;
  /** Counts frames that were of no use. */
  readonly onIgnored?: (reason: IgnoredReason) => void;
  /** Closes the client. */
  readonly signal?: AbortSignal;
}
