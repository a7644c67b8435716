export { type CheckWorld, checkAgents } from './check-agents.ts';
