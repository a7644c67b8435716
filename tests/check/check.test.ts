/** Plants one violation of each kind into a copy of the repository: `npm run check` must name it. */
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
let copy = '';

beforeAll(() => {
  // On the file system of node_modules, which is then linked file by file instead of copied.
  mkdirSync(path.join(root, '.cache'), { recursive: true });
  copy = mkdtempSync(path.join(root, '.cache/check-'));
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root });
  for (const file of files.toString().split('\0')) {
    // The last one is empty; a tracked one may have been deleted.
    if (file && existsSync(path.join(root, file)))
      cpSync(path.join(root, file), path.join(copy, file), { force: true });
  }
  execFileSync('cp', ['-al', path.join(root, 'node_modules'), path.join(copy, 'node_modules')]);
  execFileSync('git', ['init', '-q'], { cwd: copy });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

type Edit = string | ((before: string) => string);
interface Violation {
  readonly kind: string;
  readonly tool: string;
  /** New content by path, or how to change what is there. */
  readonly files: Readonly<Record<string, Edit>>;
  /** What the tool must say. */
  readonly says: RegExp;
}

const planted = 'src/planted.ts';
const manifest = (change: (manifest: Record<string, Record<string, string> | string>) => void): Edit => {
  return (before) => {
    const parsed = JSON.parse(before);
    change(parsed);
    return `${JSON.stringify(parsed, null, 2)}\n`;
  };
};
const depend = (name: string, range: string): Edit =>
  manifest((parsed) => Object.assign(parsed.dependencies ?? {}, { [name]: range }));

const violations: Violation[] = [
  {
    kind: 'format',
    tool: 'biome',
    files: { [`packages/protocol/${planted}`]: 'export  const a=1\n' },
    says: /planted\.ts format/,
  },
  {
    kind: 'lint: any',
    tool: 'biome',
    files: { [`packages/protocol/${planted}`]: 'export const a: any = 1;\n' },
    says: /planted\.ts.*noExplicitAny/,
  },
  {
    kind: 'type error',
    tool: 'typecheck',
    files: { [`apps/agent/${planted}`]: "export const a: number = '1';\n" },
    says: /planted\.ts.*TS2322/,
  },
  {
    kind: 'type error in a script',
    tool: 'typecheck',
    files: { 'scripts/planted.ts': "export const a: number = '1';\n" },
    says: /scripts\/planted\.ts.*TS2322/,
  },
  {
    kind: 'deep import past the exports',
    tool: 'typecheck',
    files: { [`apps/agent/${planted}`]: "import '@surfaces/sdk/src/index.ts';\n" },
    says: /planted\.ts.*TS(2307|2882)/,
  },
  {
    kind: 'deep import past the exports',
    tool: 'dependencies',
    files: { [`packages/runtime/${planted}`]: "import '@surfaces/core/src/ports/clock.ts';\n" },
    says: /not-resolvable.*runtime\/src\/planted\.ts/,
  },
  {
    kind: 'relative import of another package',
    tool: 'dependencies',
    files: { [`packages/runtime/${planted}`]: "import '../../core/src/index.ts';\n" },
    says: /front-door-only.*runtime\/src\/planted\.ts/,
  },
  {
    kind: 'undeclared import',
    tool: 'boundaries',
    files: { [`packages/protocol/${planted}`]: "import 'pino';\n" },
    says: /planted\.ts/,
  },
  {
    kind: 'sibling adapter',
    tool: 'dependencies',
    files: {
      [`packages/adapter-other/${planted}`]: 'export {};\n',
      [`packages/adapter-planted/${planted}`]: "import '../../adapter-other/src/planted.ts';\n",
    },
    says: /adapters-are-strangers.*adapter-planted\/src\/planted\.ts/,
  },
  ...['ws', 'node:fs'].map((name) => ({
    kind: `I/O in core: ${name}`,
    tool: 'dependencies',
    files: { [`packages/core/${planted}`]: `import '${name}';\n` },
    says: /core-is-pure.*core\/src\/planted\.ts/,
  })),
  {
    kind: 'protocol imports more than zod',
    tool: 'dependencies',
    files: { [`packages/protocol/${planted}`]: "import 'ws';\n" },
    says: /protocol-imports-zod-only.*planted\.ts/,
  },
  {
    kind: 'import against the layers',
    tool: 'dependencies',
    files: { [`packages/sdk/${planted}`]: "import '@surfaces/core';\n" },
    says: /sdk-imports-its-layer.*sdk\/src\/planted\.ts/,
  },
  {
    kind: 'a driver outside of its owner',
    tool: 'dependencies',
    files: { [`packages/runtime/${planted}`]: "import 'better-sqlite3';\n" },
    says: /only-store-imports-its-sdk.*runtime\/src\/planted\.ts/,
  },
  {
    kind: 'testkit in core, even in a test',
    tool: 'dependencies',
    files: { 'packages/core/src/planted.test.ts': "import '@surfaces/testkit';\n" },
    says: /testkit-not-in-core.*planted\.test\.ts/,
  },
  {
    kind: 'testkit in a program',
    tool: 'dependencies',
    files: { [`packages/runtime/${planted}`]: "import '@surfaces/testkit';\n" },
    says: /testkit-is-for-tests.*runtime\/src\/planted\.ts/,
  },
  {
    kind: 'cycle of files',
    tool: 'dependencies',
    files: {
      [`packages/core/${planted}`]: "import './planted-2.ts';\n",
      'packages/core/src/planted-2.ts': "import './planted.ts';\n",
    },
    says: /no-circular.*planted/,
  },
  {
    kind: 'dead export',
    tool: 'knip',
    files: {
      [`packages/core/${planted}`]: 'export const used = 1;\nexport const plantedUnused = 2;\n',
      'packages/core/src/planted.test.ts': "import { used } from './planted.ts';\nconsole.log(used);\n",
    },
    says: /plantedUnused/,
  },
  {
    kind: 'dead file',
    tool: 'knip',
    files: { [`packages/core/${planted}`]: 'export {};\n' },
    says: /packages\/core\/src\/planted\.ts/,
  },
  {
    kind: 'dead dependency',
    tool: 'knip',
    files: { 'packages/core/package.json': depend('vite', '1.0.0') },
    says: /vite +packages\/core\/package\.json/,
  },
  {
    kind: 'wrong name of a package',
    tool: 'packages',
    files: { 'packages/sdk/package.json': manifest((parsed) => Object.assign(parsed, { name: 'sdk' })) },
    says: /packages\/sdk: "name" must be "@surfaces\/sdk"/,
  },
  {
    kind: 'dependency that is not pinned',
    tool: 'packages',
    files: { 'packages/runtime/package.json': depend('pino', '^10.0.0') },
    says: /packages\/runtime: pino must be pinned/,
  },
  {
    kind: 'dependency against the layers',
    tool: 'packages',
    files: { 'packages/sdk/package.json': depend('@surfaces/store', '*') },
    says: /packages\/sdk: must not depend on @surfaces\/store/,
  },
  {
    kind: 'stray file in a package',
    tool: 'packages',
    files: { 'packages/sdk/notes.txt': 'x' },
    says: /packages\/sdk: "notes\.txt" does not belong/,
  },
];

test.each(violations)('$tool names: $kind', { timeout: 60_000 }, async ({ tool, files, says }) => {
  const restore = Object.entries(files).map(([file, edit]) => plant(path.join(copy, file), edit));
  try {
    const { code, output } = await check('--only', tool);
    expect(output).toMatch(says);
    expect(output).toContain(`check failed: ${tool}`);
    expect(code).toBe(1);
  } finally {
    for (const undo of restore) undo();
  }
});

test('dependencies that saw no module fail', { timeout: 60_000 }, async () => {
  // The classic compiler API is not in TypeScript 7: with it the tool sees nothing and is content.
  const typescript = path.join(copy, 'node_modules/typescript');
  rmSync(typescript, { recursive: true });
  symlinkSync('typescript-7', typescript);
  const { code, output } = await check('--only', 'dependencies');
  rmSync(typescript);
  cpSync(path.join(root, 'node_modules/typescript'), typescript, { recursive: true });
  expect(output).toContain('no module was looked at');
  expect(code).toBe(1);
});

test('an unknown tool is refused with the names there are', async () => {
  const { code, output } = await check('--only', 'biom');
  expect(output).toMatch(/no tool "biom"; there are: biome, typecheck/);
  expect(code).toBe(2);
});

/** Writes one file and returns what takes it back. */
function plant(file: string, edit: Edit): () => void {
  if (typeof edit === 'function') {
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, edit(before));
    return () => writeFileSync(file, before);
  }
  // mkdir's result is the first directory that it made.
  const made = mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, edit);
  return () => rmSync(made ?? file, { recursive: true, force: true });
}

function check(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [path.join(copy, 'scripts/check.ts'), ...args],
      { cwd: copy, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
      },
    );
  });
}
