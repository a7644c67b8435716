export { agentCases, agentSuite, runAgentCase } from './agent-suite.ts';
export { brokenAgents, throughRelay } from './broken.ts';
export type { AgentCase, AgentHarness } from './harness.ts';
export { resumeTableMarkdown } from './resume-table.ts';
