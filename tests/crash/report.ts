/** What a run comes to. */
export interface Report {
  readonly target: string;
  readonly store: string;
  readonly seed: number;
  readonly kills: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly counts: Readonly<Record<string, number>>;
  /** Everything that is not as it must be; empty in a run that passed. */
  readonly problems: readonly string[];
  readonly directory: string;
  readonly seconds: number;
}

const SHOWN = 30;

export function describeReport(report: Report): string {
  const lines = [`${report.target} on ${report.store}: seed ${report.seed}, ${report.seconds.toFixed(0)} s`];
  for (const [victim, kills] of Object.entries(report.kills)) {
    const sum = Object.values(kills).reduce((a, b) => a + b, 0);
    const where = Object.entries(kills)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([point, count]) => `${point} ${count}`);
    lines.push(`  ${victim} killed ${sum} times: ${where.join(', ')}`);
  }
  const counts = Object.entries(report.counts).map(([name, count]) => `${inWords(name)} ${count}`);
  lines.push(`  ${counts.join(', ')}`);
  for (const problem of report.problems.slice(0, SHOWN)) lines.push(`  ✗ ${problem}`);
  if (report.problems.length > SHOWN) lines.push(`  … and ${report.problems.length - SHOWN} more`);
  return lines.join('\n');
}

function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
