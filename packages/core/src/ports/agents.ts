import type { AgentClient, AgentId, ExternalId, SurfaceId } from '@surfaces/protocol';

/** Which agents there are and who is served by which. */
export interface Agents {
  /** The agent of a new chat of this person; `undefined` when the person is not served. */
  assign(surface: SurfaceId, externalId: ExternalId): AgentId | undefined;
  /** `undefined` when the agent is not configured any more. */
  client(id: AgentId): AgentClient | undefined;
  all(): readonly AgentClient[];
}
