export { agentCases, agentSuite, runAgentCase } from './agent-suite.ts';
export { brokenAgents } from './broken.ts';
export type { AgentCase, AgentHarness } from './harness.ts';
export { resumeTableMarkdown } from './resume-table.ts';
