export { type AgentRegistry, openRegistry, singleAgent } from './open-registry.ts';
