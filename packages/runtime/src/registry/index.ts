export { closest } from './closest.ts';
export { type AgentRegistry, linesOf, openRegistry, shownName, singleAgent } from './open-registry.ts';
export { type Access, type RegisteredAgent, readRegistry } from './read-registry.ts';
