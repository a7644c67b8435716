/** What a benchmark says: figures, some with a target, with the machine they were taken on. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';

export interface Target {
  readonly limit: 'at most' | 'at least';
  readonly value: number;
  /** Where it should be in the end; missing it fails nothing. */
  readonly aim?: number;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: Target;
}

export interface Report {
  /** Names the file. */
  readonly name: string;
  readonly title: string;
  /** What was done, in a sentence or two: nobody can judge a figure without it. */
  readonly method: string;
  readonly figures: readonly Figure[];
}

export function isMet({ value, target }: Figure): boolean {
  if (target === undefined) return true;
  return target.limit === 'at most' ? value <= target.value : value >= target.value;
}

/** Writes `<name>.json` into the directory. */
export async function writeReport(directory: string, report: Report, quick: boolean): Promise<void> {
  const file = {
    ...report,
    figures: report.figures.map((figure) =>
      figure.target === undefined ? figure : { ...figure, met: isMet(figure) },
    ),
    // Too short to be believed: it proves only that the benchmark runs.
    quick,
    at: new Date().toISOString(),
    machine: {
      node: process.version,
      platform: `${platform()} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cpus: availableParallelism(),
      memoryMiB: Math.round(totalmem() / 2 ** 20),
    },
  };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, `${report.name}.json`), `${JSON.stringify(file, null, 2)}\n`);
}

export function printReport(report: Report): void {
  console.log(`\n${report.title}\n${report.method}\n`);
  const rows = report.figures.map((figure) => [
    figure.name,
    shown(figure),
    targetText(figure),
    verdict(figure),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [name = '', value = '', target = '', met = ''] of rows) {
    const [w0 = 0, w1 = 0, w2 = 0] = widths;
    console.log(`  ${name.padEnd(w0)}  ${value.padStart(w1)}  ${target.padEnd(w2)}  ${met}`.trimEnd());
  }
}

function shown({ value, unit }: Figure): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3;
  return `${value.toFixed(digits)} ${unit}`.trimEnd();
}

function targetText({ target }: Figure): string {
  if (target === undefined) return '';
  return `${target.limit} ${target.value}${target.aim === undefined ? '' : `, aim ${target.aim}`}`;
}

function verdict(figure: Figure): string {
  if (figure.target === undefined) return '';
  return isMet(figure) ? 'met' : 'MISSED';
}
