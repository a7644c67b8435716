/** What to do about an agent that cannot be reached. */
import type { AgentErrorCode } from '@surfaces/protocol';

export interface Failure {
  readonly code: AgentErrorCode;
  readonly status?: number | undefined;
  readonly message: string;
}

/** How far a failed attempt to reach STATUS came. */
export function stageOf({ code, status, message }: Failure): 'connect' | 'status' {
  if (code === 'no_status' || code === 'protocol') return 'status';
  // An ERROR frame came over a connection that was open.
  return code === 'refused' && status === undefined && !isTls(message) ? 'status' : 'connect';
}

/** `undefined`: the message says all there is. */
export function adviceFor({ code, status, message }: Failure): string | undefined {
  if (isTls(message)) return undefined;
  switch (code) {
    case 'refused':
      return status === undefined ? undefined : forStatus(status);
    case 'no_status':
      return 'something accepts connections there and stays silent: is the agent behind it running, and does it speak this protocol (docs/agent-protocol.md)?';
    case 'protocol':
      return 'it does not speak the protocol of docs/agent-protocol.md: is this the right URL?';
    case 'unreachable':
      return forConnection(message);
    case 'first_event_timeout':
    case 'idle_timeout':
      return 'it takes messages but does not answer: see its log, or give it longer with --timeout';
    case 'interrupted':
      return 'the connection broke in the middle of the answer: see the logs of the agent and of the proxies before it';
    default:
      return undefined;
  }
}

function forStatus(status: number): string {
  if (status === 401 || status === 403) {
    return 'the key or the certificate is wrong or missing: compare `auth` here with what the agent wants';
  }
  if (status === 404) {
    return 'the path is wrong: check the path of base_url, and that the proxy passes it on; the agent is asked for at base_url + v1/agent_ws/…';
  }
  if (status >= 300 && status < 400) return 'it is somewhere else: set base_url to where this address leads';
  if (status === 429) return 'it is asked too often: try again later, or with a lower --concurrency';
  if (status >= 500)
    return 'the agent, or the proxy before it, is in trouble: is the agent running? See their logs';
  return 'what answers there opens no WebSocket: check base_url, and that the proxy passes on Upgrade headers';
}

function forConnection(message: string): string {
  if (/ECONNREFUSED/.test(message)) return 'nothing listens there: start the agent, or check host and port';
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return 'the host name is not known here: check base_url and DNS';
  if (/timed? ?out|ETIMEDOUT/i.test(message)) {
    return 'nothing answers there: check host, port and firewalls, and whether a proxy holds the connection back';
  }
  if (/EHOSTUNREACH|ENETUNREACH/.test(message))
    return 'no way leads to that host: check host, network and firewalls';
  if (/ECONNRESET|hang up|closed/i.test(message)) {
    return 'the connection is taken and cut off: is it a proxy without WebSocket, or http:// where https:// is needed?';
  }
  return 'check base_url';
}

function isTls(message: string): boolean {
  return /\bcertificate|\bTLS\b/.test(message);
}
