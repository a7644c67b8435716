/** What was found, for people and for programs. */
import { printable } from '../printable.ts';

export const STAGES = ['config', 'connect', 'status', 'message', 'mount'] as const;
export type Stage = (typeof STAGES)[number];

export interface AgentReport {
  readonly agent: string;
  /** The URL that was opened, without credentials. */
  readonly url?: string;
  readonly ok: boolean;
  /** The one that failed; the last one, when none did. */
  readonly stage: Stage;
  /** Milliseconds until STATUS. */
  readonly latencyMs?: number;
  /** Milliseconds until the end of the answer. */
  readonly answerMs?: number;
  readonly features?: readonly string[];
  readonly error?: string;
  /** What to do about it. */
  readonly advice?: string;
  readonly warning?: string;
}

export interface CheckReport {
  readonly ok: boolean;
  /** What is wrong with the registry. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly agents: readonly AgentReport[];
}

/** As it goes to standard output, without the line end. */
export function showReport(report: CheckReport): string {
  const lines: string[] = [];
  if (report.problems.length > 0)
    lines.push('The registry is wrong:', ...report.problems.map((line) => `  ${line}`));
  // What is wrong has been said above.
  else if (report.agents.length > 0) lines.push(...table(report.agents));
  lines.push(...report.warnings.map((line) => `Note: ${line}`), '', summary(report));
  return lines.join('\n').trimStart();
}

function table(agents: readonly AgentReport[]): string[] {
  const rows = agents.map((agent) => [
    agent.agent,
    agent.ok ? (agent.warning === undefined ? 'ok' : 'ok, but') : 'FAILED',
    agent.stage,
    agent.latencyMs === undefined ? '-' : `${agent.latencyMs} ms`,
    agent.url ?? '-',
  ]);
  const all = [['AGENT', 'RESULT', 'STAGE', 'STATUS IN', 'URL'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const shown = all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return shown.flatMap((line, i) => {
    const { error, advice, warning } = agents[i - 1] ?? {};
    const notes = [error, advice && `→ ${advice}`, warning].filter((note) => note !== undefined);
    return [line, ...notes.map((note) => `    ${printable(note)}`)];
  });
}

function summary({ agents, problems }: CheckReport): string {
  if (problems.length > 0) return 'No agent was asked.';
  const failed = agents.filter(({ ok }) => !ok).length;
  const doubtful = agents.filter(({ ok, warning }) => ok && warning !== undefined).length;
  const parts = [
    `${agents.length - failed} ok${doubtful === 0 ? '' : ` (${doubtful} with a note)`}`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
  ];
  return `${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}: ${parts.join(', ')}.`;
}
