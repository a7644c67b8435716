export { type AgentRegistry, openRegistry, singleAgent } from './open-registry.ts';
export type { Access } from './read-registry.ts';
