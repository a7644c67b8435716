/** That every benchmark runs and takes its figures. What they are is no test's business: the clock is not ours. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMet } from './report.ts';
import { median, medianRatio, percentile } from './sampling.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const run = promisify(execFile);

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'bench-'));
});
afterAll(() => rm(out, { recursive: true, force: true }));

describe('npm run bench', () => {
  it('writes the figures of every benchmark, with their targets and the machine', {
    timeout: 300_000,
  }, async () => {
    const { stdout } = await run(process.execPath, [main, '--quick', '--report-only', '--out', out]);
    for (const [name, targets] of Object.entries({
      agent: 1,
      turns: 2,
      'first-text': 4,
      chats: 1,
      files: 2,
      page: 0,
    })) {
      const report = JSON.parse(await readFile(join(out, `${name}.json`), 'utf8'));
      expect(report).toMatchObject({ name, quick: true, machine: { node: process.version } });
      expect(stdout).toContain(report.title);
      const judged = report.figures.filter((figure: { target?: unknown }) => figure.target !== undefined);
      expect(judged).toHaveLength(targets);
      for (const { value } of report.figures) expect(value).toEqual(expect.any(Number));
      for (const { met } of judged) expect(met).toEqual(expect.any(Boolean));
    }
  });

  it('names what it does not know', async () => {
    const failed = run(process.execPath, [main, '--only', 'agent,nothing']);
    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('"nothing"') });
    const sized = run(process.execPath, [main, '--only', 'files', '--size', 'huge']);
    await expect(sized).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('"huge"') });
  });
});

describe('a figure', () => {
  it('is met at its limit and not beyond', () => {
    const at = (value: number, limit: 'at most' | 'at least') =>
      isMet({ name: 'x', value, unit: '', target: { limit, value: 2 } });
    expect([at(2, 'at most'), at(2.1, 'at most')]).toEqual([true, false]);
    expect([at(2, 'at least'), at(1.9, 'at least')]).toEqual([true, false]);
    // Nothing was measured: that is no success.
    expect([at(Number.NaN, 'at most'), at(Number.NaN, 'at least')]).toEqual([false, false]);
  });

  it('is the middle of its rounds', () => {
    expect(median([9, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(percentile([0, 10], 0.9)).toBeCloseTo(9);
    expect(medianRatio([2, 30, 4], [1, 3, 4])).toBe(2);
    expect(() => median([])).toThrow(RangeError);
  });
});
