/** What a lost connection means for the request on it. */
import { AgentError, CLOSE } from '@surfaces/protocol';
import type { Broken } from './connection.ts';

/** The error of a break after which connecting again is of no use. */
export function fatal({ code, error }: Broken): AgentError | undefined {
  if (error.code === 'protocol') return error;
  switch (code) {
    case CLOSE.replaced:
      return new AgentError('replaced', 'Another connection took this context over.', { cause: error });
    case CLOSE.disposed:
      return new AgentError('interrupted', 'The context was disposed of.', { cause: error });
    case CLOSE.protocolError:
    case CLOSE.tooBig:
      return new AgentError('protocol', `The agent would not take our frame: ${error.message}`, {
        cause: error,
      });
    default:
      return undefined;
  }
}

export function interrupted(cause: unknown): AgentError {
  return new AgentError(
    'interrupted',
    'The connection broke in mid-answer and the agent cannot go on with it.',
    cause === undefined ? {} : { cause },
  );
}
