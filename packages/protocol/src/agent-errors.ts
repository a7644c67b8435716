/** What can go wrong on the way to an agent. Branded, so that guards work across duplicate installs. */

const brand = '@surfaces/agent-error';

export type AgentErrorCode =
  /** Could not reach it: refused, unresolved, TLS. */
  | 'unreachable'
  /** It answered the upgrade with an HTTP error (`status`): key, path or proxy is wrong; or it refused a fork. */
  | 'refused'
  /** Connected, but no STATUS in time. */
  | 'no_status'
  /** No first event in time. */
  | 'first_event_timeout'
  /** Silent in mid-answer for longer than the limit. */
  | 'idle_timeout'
  /** The connection broke in mid-answer and the answer cannot be resumed. */
  | 'interrupted'
  /** It broke the protocol: garbage, binary, a frame over the limit. */
  | 'protocol'
  /** It lacks the feature that the call needs. */
  | 'unsupported'
  /** Another connection took this context over. */
  | 'replaced'
  /** This client was closed. */
  | 'closed';

export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: AgentErrorCode;
  readonly url: string | undefined;
  /** The HTTP status, with `refused`. */
  readonly status: number | undefined;
  readonly [brand] = true;

  constructor(
    code: AgentErrorCode,
    message: string,
    options: { cause?: unknown; url?: string; status?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.url = options.url;
    this.status = options.status;
  }
}

export function isAgentError(error: unknown): error is AgentError {
  return typeof error === 'object' && error !== null && brand in error;
}
