/**
 * `npm run pack [-- --out DIR]`: tarballs of the published packages, by default in dist-packages/.
 *
 * In the repository packages run from their sources. Node refuses to strip types below
 * node_modules, so what is published is compiled, and its `exports` lead to `dist`.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { type Manifest, PUBLISHED, readManifest } from './check/packages.ts';
import { run, runNode } from './check/run.ts';

const root = path.resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { out: { type: 'string', default: path.join(root, 'dist-packages') } },
});
const out = path.resolve(values.out);
mkdirSync(path.join(root, '.cache'), { recursive: true });
// Below the root, where the compiler finds the dependencies of what it compiled before.
const staging = mkdtempSync(path.join(root, '.cache/pack-'));

/** `./src/testing/index.ts` is compiled to `./dist/testing/index.js`. */
function compiled(target: unknown, extension: string): string {
  return String(target)
    .replace(/^[.]\/src\//, './dist/')
    .replace(/[.]ts$/, extension);
}

/** What is published instead of the manifest in the repository. */
function publishedManifest(manifest: Manifest): object {
  const doors = Object.entries(manifest.exports ?? {});
  const dependencies = Object.entries(manifest.dependencies ?? {});
  return {
    name: manifest.name,
    version: manifest.version,
    ...(manifest.description && { description: manifest.description }),
    license: manifest.license,
    type: 'module',
    engines: { node: '>=22' },
    files: ['dist'],
    exports: Object.fromEntries(
      doors.map(([door, target]) => [
        door,
        { types: compiled(target, '.d.ts'), default: compiled(target, '.js') },
      ]),
    ),
    dependencies: Object.fromEntries(
      dependencies.map(([name, range]) => [name, range === '*' ? manifest.version : range]),
    ),
  };
}

/** Compiles against the declarations of those packages that were compiled before. */
async function compile(name: string, target: string): Promise<void> {
  const source = path.join(root, 'packages', name);
  const paths = Object.fromEntries(
    PUBLISHED.slice(0, PUBLISHED.indexOf(name)).flatMap((other) =>
      Object.entries(readManifest(path.join(root, 'packages', other)).exports ?? {}).map(([door, file]) => [
        path.posix.join('@surfaces', other, door),
        [path.join(staging, other, compiled(file, '.d.ts'))],
      ]),
    ),
  );
  const project = path.join(staging, `${name}.tsconfig.json`);
  const config = {
    extends: path.join(source, 'tsconfig.json'),
    include: [path.join(source, 'src')],
    exclude: [path.join(source, 'src/**/*.test.ts')],
    compilerOptions: {
      noEmit: false,
      rootDir: path.join(source, 'src'),
      outDir: path.join(target, 'dist'),
      declaration: true,
      rewriteRelativeImportExtensions: true,
      typeRoots: [path.join(root, 'node_modules/@types')],
      paths,
    },
  };
  writeFileSync(project, JSON.stringify(config));
  const { ok, output } = await runNode(root, 'node_modules/typescript-7/bin/tsc', '-p', project);
  if (!ok) throw new Error(`${name} does not compile:\n${output}`);
}

async function pack(name: string): Promise<string> {
  const source = path.join(root, 'packages', name);
  const target = path.join(staging, name);
  mkdirSync(target, { recursive: true });
  await compile(name, target);
  writeFileSync(
    path.join(target, 'package.json'),
    `${JSON.stringify(publishedManifest(readManifest(source)), null, 2)}\n`,
  );
  cpSync(path.join(root, 'LICENSE'), path.join(target, 'LICENSE'));
  const readme = path.join(source, 'README.md');
  if (existsSync(readme)) cpSync(readme, path.join(target, 'README.md'));

  const { messages, pkg } = await publint({ pkgDir: target, strict: true, pack: false });
  if (messages.length > 0) {
    throw new Error(`${name}: ${messages.map((message) => formatMessage(message, pkg)).join('\n')}`);
  }
  const { ok, output, stdout } = await run(root, 'npm', 'pack', target, '--json', '--pack-destination', out);
  if (!ok) throw new Error(`npm pack of ${name} failed:\n${output}`);
  return path.join(out, JSON.parse(stdout)[0].filename);
}

mkdirSync(out, { recursive: true });
try {
  for (const name of PUBLISHED) console.log(await pack(name));
} finally {
  rmSync(staging, { recursive: true });
}
