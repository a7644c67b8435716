/** The import rules. What a package may import from the others: scripts/check/layers.json. */
import { readFileSync } from 'node:fs';

const layers = JSON.parse(readFileSync(new URL('scripts/check/layers.json', import.meta.url), 'utf8'));
const source = (name) => `^packages/${name.replace('*', '[^/]+')}/(src|client)/`;
const tests = '(^|/)fixtures/|[.]test[.]tsx?$';
const npm = (...names) => `(^|/)node_modules/(@types/)?(${names.join('|')})(/|$)`;
/** Packages of types alone, which have nothing that a resolver finds. */
const typesOnly = '^(mdast|unist|hast)$';

/** Each SDK or driver has one owner. */
const owners = [
  ['matrix-js-sdk', 'adapter-matrix'],
  ['grammy|@grammyjs', 'adapter-telegram'],
  ['discord[.]js|@discordjs', 'adapter-discord'],
  ['better-sqlite3|pg|drizzle-orm', 'store'],
  ['ioredis', 'bus'],
  ['@modelcontextprotocol', 'bus'],
];

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'not-resolvable',
      comment: 'No such file, or not in the `exports` of its package.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: typesOnly },
    },
    {
      name: 'front-door-only',
      comment: 'Other packages are imported by their name, which leads through their `exports`.',
      severity: 'error',
      from: { path: '^((?:packages|apps)/[^/]+|tests|bench)/' },
      to: { path: '^(packages|apps)/', pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'apps-are-not-imported',
      severity: 'error',
      from: { pathNot: '^apps/' },
      to: { path: '^apps/' },
    },
    {
      name: 'protocol-imports-zod-only',
      severity: 'error',
      from: { path: source('protocol'), pathNot: tests },
      to: { pathNot: ['^packages/protocol/', npm('zod')] },
    },
    {
      name: 'core-is-pure',
      comment: 'Core does no I/O: no Node built-ins, no libraries but those that parse Markdown.',
      severity: 'error',
      from: { path: source('core'), pathNot: tests },
      to: { pathNot: ['^packages/(core|protocol)/', npm('zod', '(mdast|micromark|unist)[^/]*'), typesOnly] },
    },
    {
      name: 'adapters-are-strangers',
      severity: 'error',
      from: { path: '^packages/adapter-([^/]+)/' },
      to: { path: '^packages/adapter-', pathNot: '^packages/adapter-$1/' },
    },
    {
      name: 'testkit-is-for-tests',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: ['^packages/testkit/', tests] },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'testkit-not-in-core',
      comment: 'The fakes of core are tested in testkit; the other way round would be a circle.',
      severity: 'error',
      from: { path: '^packages/(core|protocol)/' },
      to: { path: '^packages/testkit/' },
    },
    ...Object.entries(layers).map(([name, allowed]) => ({
      name: `${name.replace('-*', 's')}-imports-its-layer`,
      comment: `${name} may import: ${allowed.join(', ') || 'none of the other packages'}.`,
      severity: 'error',
      from: { path: source(name), pathNot: tests },
      to: {
        path: '^packages/',
        // Siblings of the same kind are for adapters-are-strangers to name.
        pathNot: `^packages/(${[name.replace('*', '[^/]+'), ...allowed, 'testkit'].join('|')})/`,
      },
    })),
    ...owners.map(([sdk, owner]) => ({
      name: `only-${owner}-imports-its-sdk`,
      comment: `${sdk.replaceAll('|', ', ').replaceAll('[.]', '.')}: imported by ${owner} alone.`,
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: `^packages/${owner}/` },
      to: { path: npm(sdk) },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/(dist|migrations)/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.d.ts'],
    },
  },
};
