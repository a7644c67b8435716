/** Reads the environment through schemas and collects everything that is wrong, so that it is said at once. */
import { createScrubber } from '@surfaces/core';
import type { z } from 'zod';
import { EXIT } from './exit-codes.ts';
import { StartError } from './start-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Problem {
  readonly variable: string;
  /** Left out for secrets and for what is not set. */
  readonly value?: string;
  /** What is expected, in words that go on after a colon. */
  readonly expected: string;
}

const SHOWN_LENGTH = 120;

export class Settings {
  readonly #env: Environment;
  readonly #problems: Problem[] = [];
  readonly #secretValues: string[] = [];

  constructor(env: Environment) {
    this.#env = env;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** A variable that is empty or blank counts as not set. */
  get(variable: string): string | undefined {
    const value = this.#env[variable]?.trim();
    return value === '' ? undefined : value;
  }

  problem(variable: string, expected: string): void {
    const value = this.get(variable);
    const known = this.#problems.some((p) => p.variable === variable && p.expected === expected);
    if (known) return;
    const shown = value === undefined || this.#secretValues.includes(value) ? {} : { value };
    this.#problems.push({ variable, expected, ...shown });
  }

  /**
   * Parses the variables named for the keys of an object schema. `undefined` when something is wrong;
   * `problems` then says what. Values of `secret` variables are never shown.
   */
  read<S extends z.ZodObject>(
    schema: S,
    variables: { readonly [K in keyof z.input<S>]?: string },
    secret: readonly string[] = [],
  ): z.output<S> | undefined {
    for (const name of secret) this.#secretValues.push(this.get(name) ?? '');
    const named = Object.entries<string | undefined>(variables).filter(([, name]) => name !== undefined);
    const input: Record<string, string | undefined> = {};
    for (const [key, name] of named) {
      const value = this.get(name ?? key);
      if (value !== undefined) input[key] = value;
    }
    const result = schema.safeParse(input);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const key = String(issue.path[0] ?? '');
      const name = Object.fromEntries(named)[key] ?? key;
      this.problem(name, placeOf(issue.path) + expectationOf(issue));
    }
    return undefined;
  }

  /** Throws a `StartError` that lists every problem. */
  check(): void {
    if (this.#problems.length === 0) return;
    const scrub = createScrubber(this.#secretValues.flatMap((value) => [value, ...value.split(/[,:]/)]));
    const lines = this.#problems.map(({ variable, value, expected }) => {
      const set = value !== undefined || this.get(variable) !== undefined;
      const shown = value === undefined ? '' : ` (${JSON.stringify(shorten(scrub(value)))})`;
      return `  ${variable}${set ? shown : ' (not set)'}: ${scrub(expected)}`;
    });
    throw new StartError(`the configuration is wrong.\n${lines.join('\n')}`, EXIT.config);
  }
}

/** Inside a list: which entry. The entry itself may be a secret. */
function placeOf(path: readonly PropertyKey[]): string {
  const index = path[1];
  return typeof index === 'number' ? `entry ${index + 1}: ` : '';
}

type Issue = z.core.$ZodIssue;

function expectationOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected a ${issue.expected === 'int' ? 'whole number' : issue.expected}`;
    case 'too_small':
      return issue.message.startsWith('Too small')
        ? `expected at least ${issue.minimum}${unit(issue)}`
        : issue.message;
    case 'too_big':
      return issue.message.startsWith('Too big')
        ? `expected at most ${issue.maximum}${unit(issue)}`
        : issue.message;
    case 'invalid_value':
      return `expected one of ${issue.values.join(', ')}`;
    default:
      return issue.message;
  }
}

function unit({ origin }: { readonly origin: string }): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function shorten(text: string): string {
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}
