import { type AgentClient, type AgentId, isAgentError } from '@surfaces/protocol';
import type { Context } from './context.ts';
import type { MessageKey } from './i18n/catalogue.ts';

export type AgentCall =
  | { readonly outcome: 'done' }
  /** The agent cannot do this at all. */
  | { readonly outcome: 'unsupported' }
  /** What to tell the person. */
  | { readonly outcome: 'failed'; readonly key: MessageKey };

/**
 * Asks an agent for something on behalf of a command, for at most `limits.agentCallMs`. Throws only when the core
 * stops: then the command is handled again at the next start.
 */
export async function callAgent(
  context: Context,
  agentId: AgentId,
  call: (client: AgentClient, signal: AbortSignal) => Promise<void>,
): Promise<AgentCall> {
  const client = context.agents.client(agentId);
  if (!client) return { outcome: 'failed', key: 'agent_missing' };
  try {
    await bounded(context, context.limits.agentCallMs, (signal) => call(client, signal));
    return { outcome: 'done' };
  } catch (error) {
    context.stopping.throwIfAborted();
    if (isAgentError(error) && error.code === 'unsupported') return { outcome: 'unsupported' };
    context.logger.warn({ agent: agentId, err: error }, 'an agent did not do what a command asked for');
    const declined = isAgentError(error) && error.code === 'refused';
    return { outcome: 'failed', key: declined ? 'agent_declined' : 'agent_silent' };
  }
}

/** Tells an agent that a context is not needed any more; best effort, and nobody waits for it. */
export function disposeContext(
  context: Context,
  agentId: AgentId,
  platformChatId: Parameters<AgentClient['dispose']>[0],
): void {
  const client = context.agents.client(agentId);
  if (!client) return;
  context.own(
    'the end of a context',
    bounded(context, context.limits.agentCallMs, (signal) => client.dispose(platformChatId, signal)),
  );
}

/** Ends after `ms` or when the core stops, even where the call does not look at its signal. */
export async function bounded<T>(
  context: Context,
  ms: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const cancel = context.clock.after(ms, () => late.abort(new Error(`no answer within ${ms} ms`)));
  const signal = AbortSignal.any([late.signal, context.stopping]);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  const onAbort = () => ended.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([call(signal), ended.promise]);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
