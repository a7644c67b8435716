import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { readAppConfig } from './config.ts';
import { Settings } from './settings.ts';

const ROOT = new URL('../../../', import.meta.url);
const example = readFileSync(new URL('.env.example', ROOT), 'utf8');

test('every setting of an app is in .env.example, and what is shown there is accepted', () => {
  const shown = parseEnv(example.replace(/^#(?=[A-Z_]+=)/gm, ''));
  const asked = new Set<string>();
  const settings = new Settings(
    new Proxy(shown, {
      get: (target, name) => {
        asked.add(String(name));
        return target[String(name)];
      },
    }),
  );
  readAppConfig(
    settings,
    {},
    {
      needsAgent: true,
      isTerminal: false,
      directory: fileURLToPath(ROOT),
    },
  );
  expect(settings.problems).toEqual([]);
  expect(Object.keys(shown)).toEqual(expect.arrayContaining([...asked]));
  expect(asked.size).toBeGreaterThan(8);
});
