import type { IncomingMessage } from 'node:http';
import type { PlatformChatId, WireFeature } from '@surfaces/protocol';
import type { AgentTurn } from './agent-turn.ts';
import type { TurnLog } from './turn-log.ts';

/** The part of a logger that is used here. */
export interface HostLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ServeAgentOptions {
  /** Answers one message. The turn ends when it resolves; what it throws becomes the error of the turn (see `AgentFailure`). */
  readonly onTurn: (turn: AgentTurn) => Promise<void>;
  /** Copies a context under a new name. Without it, feature `fork` is not offered. */
  readonly onFork?: (from: PlatformChatId, to: PlatformChatId) => Promise<void>;
  /** Forgets a context. Without it, feature `dispose` is not offered. */
  readonly onDispose?: (context: PlatformChatId) => Promise<void>;
  /** Default 127.0.0.1. Any address but loopback needs `bearer`, `tls.ca`, `authorize` or `allowAnyone`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** A path before `/v1/agent_ws/…`: `/agent_17`. */
  readonly prefix?: string;
  /** Default: all that the callbacks allow. */
  readonly features?: readonly WireFeature[];
  /** How the agent calls itself. */
  readonly agent?: string;
  /** Callers must send one of these as `Authorization: Bearer …`. */
  readonly bearer?: string | readonly string[];
  /**
   * Serves https and wss. PEM. With `ca`, callers must show a certificate that this authority signed:
   * others are answered 401 (mutual TLS). An encrypted key is not taken.
   */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Decides on each upgrade, after `tls.ca` and `bearer`. */
  readonly authorize?: (request: IncomingMessage) => boolean | Promise<boolean>;
  /** Serves everybody who can reach the port, on whatever address. */
  readonly allowAnyone?: boolean;
  /** Web pages that may connect. Default none: a request with an `Origin` comes from a browser and is refused. */
  readonly allowedOrigins?: readonly string[];
  /** Names in `Host` that a proxy on this machine leads here. Only looked at on a loopback address. */
  readonly allowedHosts?: readonly string[];
  /** Default `memoryTurnLog()`. */
  readonly turnLog?: TurnLog;
  /** A connection on which nothing happened for so long is closed. Milliseconds, default 10 min. */
  readonly idleMs?: number;
  /** Between two pings; a caller that did not answer one by the next is gone. Milliseconds, default 20 s. */
  readonly pingIntervalMs?: number;
  readonly logger?: HostLogger;
}

/** What the parts of a host share. */
export interface HostCore {
  readonly features: ReadonlySet<WireFeature>;
  readonly log: TurnLog;
  readonly logger: HostLogger;
  readonly onTurn: ServeAgentOptions['onTurn'];
  readonly onFork: ServeAgentOptions['onFork'];
  readonly onDispose: ServeAgentOptions['onDispose'];
  onIdle(context: { readonly id: PlatformChatId; readonly isUnused: boolean }): void;
}
