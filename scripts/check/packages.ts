/** The shape that every package has, so that none needs to be learnt anew. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import layers from './layers.json' with { type: 'json' };

/** Published as tarballs by `npm run pack`; the others live in this repository only. */
export const PUBLISHED = ['protocol', 'core', 'sdk', 'testkit'];

/** What may lie in a package's own directory. */
const ENTRIES =
  /^(package[.]json|tsconfig([.]\w+)?[.]json|turbo[.]json|README[.]md|Dockerfile|src|client|public|migrations|vite[.]config[.]ts|dist|node_modules|[.]turbo)$/;
const EXACT = /^\d+[.]\d+[.]\d+(-[\w.]+)?$/;
const COMPATIBLE = /^\^?\d+[.]\d+[.]\d+(-[\w.]+)?$/;

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
}

/** The directories of all workspaces, relative to the root. */
export function workspaces(root: string): string[] {
  const { workspaces: patterns } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return globSync(patterns, { cwd: root })
    .filter((directory) => existsSync(path.join(root, directory, 'package.json')))
    .toSorted();
}

/** Everything that is not as it must be, one sentence each. */
export function packageProblems(root: string): string[] {
  const { version } = readManifest(root);
  return workspaces(root).flatMap((directory) =>
    problemsOf(path.join(root, directory), directory, version).map((problem) => `${directory}: ${problem}`),
  );
}

function problemsOf(absolute: string, directory: string, version: string): string[] {
  const problems: string[] = [];
  const must = (holds: boolean, problem: string) => holds || problems.push(problem);
  const manifest = readManifest(absolute);
  const base = path.basename(directory);
  const isPackage = directory.startsWith('packages/');

  must(manifest.name === `@surfaces/${base}`, `"name" must be "@surfaces/${base}", not "${manifest.name}"`);
  must(manifest.version === version, `"version" must be the root's ${version}, not ${manifest.version}`);
  must(manifest.private === true, '"private" must be true: publishing starts from the packed tarball');
  must(manifest.license === 'MIT', '"license" must be "MIT"');
  must(manifest.type === 'module', '"type" must be "module"');
  must(
    /typescript-7\/bin\/tsc -p [.]/.test(manifest.scripts?.typecheck ?? ''),
    '"scripts.typecheck" must run TypeScript 7 (see another package)',
  );
  must(existsSync(path.join(absolute, 'tsconfig.json')), 'tsconfig.json is missing');

  must(typeof manifest.exports === 'object', '"exports" is missing: it is the only door to a package');
  for (const [door, target] of Object.entries(manifest.exports ?? {})) {
    must(isPackage, '"exports" must be {}: only packages are imported');
    must(/^[.](\/[\w-]+)*$/.test(door), `export "${door}" must be a plain path, no pattern`);
    must(
      typeof target === 'string' &&
        /^[.]\/src\/.*[.]ts$/.test(target) &&
        existsSync(path.join(absolute, target)),
      `export "${door}" must name a source file that exists below ./src`,
    );
  }
  if (isPackage) {
    const layer = base.startsWith('adapter-') ? 'adapter-*' : base;
    const allowed = (layers as Record<string, string[]>)[layer];
    must(allowed !== undefined, 'the package is not in scripts/check/layers.json');
    for (const name of ownPackages(manifest.dependencies)) {
      must(
        allowed?.includes(name) ?? false,
        `must not depend on @surfaces/${name} (scripts/check/layers.json)`,
      );
    }
    for (const entry of readdirSync(absolute)) {
      must(ENTRIES.test(entry), `"${entry}" does not belong into a package's directory`);
    }
  }
  if (isPackage || directory.startsWith('apps/')) {
    must(!ownPackages(manifest.dependencies).includes('testkit'), 'testkit may be a devDependency only');
  }
  if (['protocol', 'core'].includes(base)) {
    must(
      !ownPackages(manifest.devDependencies).includes('testkit'),
      'must not know testkit, not even for tests',
    );
  }
  // A published package names the range that its users may have installed; all else is pinned.
  const pinned = isPackage && PUBLISHED.includes(base) ? COMPATIBLE : EXACT;
  for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (name.startsWith('@surfaces/'))
      must(range === '*', `${name} must be "*": it is always the one beside it`);
    else must(pinned.test(range), `${name} must be pinned to a version, not "${range}"`);
  }
  return problems;
}

function ownPackages(dependencies: Readonly<Record<string, string>> = {}): string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith('@surfaces/'))
    .map((name) => name.slice('@surfaces/'.length));
}
