/** What `npm run check` runs. Each tool catches what the others do not; docs/decisions/0002 says which. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageProblems } from './packages.ts';
import { type Ran, runNode } from './run.ts';

export type Tool = (root: string) => Promise<Pick<Ran, 'ok' | 'output'>>;

const TURBO = 'node_modules/turbo/bin/turbo';

export const TOOLS: Readonly<Record<string, Tool>> = {
  biome: (root) =>
    runNode(root, 'node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '--error-on-warnings', '.'),

  async typecheck(root) {
    const own = await runNode(root, 'node_modules/typescript-7/bin/tsc', '-p', '.');
    const all = await runNode(
      root,
      TURBO,
      'run',
      'typecheck',
      '--continue',
      '--output-logs=errors-only',
      '--no-update-notifier',
    );
    return { ok: own.ok && all.ok, output: own.output + all.output };
  },

  boundaries: (root) => runNode(root, TURBO, 'boundaries', '--no-update-notifier'),

  async dependencies(root) {
    const where = ['packages', 'apps', 'tests', 'bench', 'scripts'].filter((directory) =>
      existsSync(path.join(root, directory)),
    );
    const ran = await runNode(
      root,
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      '--config',
      '.dependency-cruiser.mjs',
      '--output-type',
      'err-long',
      ...where,
    );
    // With a TypeScript that it cannot use it sees no file, and calls that a success.
    const modules = Number(/\((\d+) modules/.exec(ran.output)?.[1] ?? 0);
    if (ran.ok && modules === 0) return { ok: false, output: `${ran.output}\nno module was looked at` };
    return ran;
  },

  knip: (root) => runNode(root, 'node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'),

  async packages(root) {
    const problems = packageProblems(root);
    return { ok: problems.length === 0, output: problems.join('\n') };
  },
};
