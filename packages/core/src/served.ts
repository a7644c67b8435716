import type { AgentId, ExternalId, SurfaceId } from '@surfaces/protocol';
import type { Context } from './context.ts';

/**
 * Whether this agent may be given anything of a person now. A chat that is busy cannot move to another
 * agent; what waits in it must not keep an agent that was taken from its person.
 */
export function isServedBy(
  { agents }: Pick<Context, 'agents'>,
  agentId: AgentId,
  { surface, externalId }: { readonly surface: SurfaceId; readonly externalId: ExternalId },
): boolean {
  return agents.assign(surface, externalId)?.choices.includes(agentId) ?? false;
}
