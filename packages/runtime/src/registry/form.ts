/** What is wrong with the form of a registry file, in words for the person who writes it. */
import type { z } from 'zod';
import { closest } from './closest.ts';
import type { Path, Problem, YamlText } from './places.ts';
import { RegistryFile } from './schema.ts';

type Issue = z.core.$ZodIssue;

/** `file` is there when nothing is wrong. */
export function checkForm(
  text: YamlText,
  value: unknown,
): { readonly file?: RegistryFile; readonly problems: readonly Problem[] } {
  const result = RegistryFile.safeParse(value);
  if (result.success) return { file: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(text, value, issue, [])) };
}

function problemsOf(text: YamlText, value: unknown, issue: Issue, above: Path): Problem[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => text.problem([...path, key], unknownKey(key, path)));
  }
  if (issue.code === 'invalid_union') {
    const list = Array.isArray(valueAt(value, path)) ? issue.errors[1] : undefined;
    if (list !== undefined) return list.flatMap((inner) => problemsOf(text, value, inner, path));
    return [text.problem(path, 'expected the id of an agent, or a list of ids')];
  }
  return [text.problem(path, expectation(issue, valueAt(value, path)))];
}

function unknownKey(key: string, path: Path): string {
  const known = keysAt(path);
  const hint = closest(key, known);
  return `unknown key${hint === undefined ? `; known here: ${known.join(', ')}` : `: did you mean ${hint}?`}`;
}

function keysAt(path: Path): string[] {
  const { shape } = RegistryFile;
  if (path.length === 0) return Object.keys(shape);
  const agent = shape.agents.element.shape;
  return Object.keys(path.at(-1) === 'auth' ? agent.auth.unwrap().shape : agent);
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
};

function expectation(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = WORDS[issue.expected] ?? issue.expected;
      if (value === undefined || value === null) return `is missing: expected ${wanted}`;
      const quotable = issue.expected === 'string' && typeof value !== 'object';
      return `expected ${wanted}${quotable ? ': put it into quotes' : ''}`;
    }
    case 'too_small':
      return issue.origin === 'array' && issue.message.startsWith('Too small')
        ? 'expected at least one entry'
        : issue.message;
    default:
      return issue.message;
  }
}

/** `undefined` where there is nothing of that path. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    // An object was checked for; what is in it is unknown still.
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}
