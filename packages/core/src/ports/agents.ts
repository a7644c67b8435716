import type { AgentClient, AgentId, ExternalId, SurfaceId } from '@surfaces/protocol';
import type { Assignment } from './store-chats.ts';

export interface AgentInfo {
  readonly id: AgentId;
  /** What people call it. */
  readonly label: string;
}

/** Which agents there are and who is served by which. It may change at any time. */
export interface Agents {
  /** `undefined` when the person is not served. */
  assign(surface: SurfaceId, externalId: ExternalId): Assignment | undefined;
  /** `undefined` when the agent is not configured any more. */
  client(id: AgentId): AgentClient | undefined;
  info(id: AgentId): AgentInfo | undefined;
  all(): readonly AgentClient[];
}
