/** docs/configuration.md, made of the schemas that read the configuration. */
import { z } from 'zod';
import { APP_SECRETS, APP_VARIABLES, AppSettings } from './config.ts';
import { RegistryFile } from './registry/schema.ts';

export interface DescribedSurface {
  readonly name: string;
  readonly schema: z.ZodObject;
  readonly variables: { readonly [key: string]: string | undefined };
  readonly secretVariables?: readonly string[];
}

/** Throws where something has no description. */
export function configurationPage(surfaces: readonly DescribedSurface[]): string {
  return `# Configuration

Made from the schemas that read it; a test keeps this file equal to them (\`UPDATE_DOCS=1 npx vitest run apps/local\`).

## Variables

Of the environment, or of a \`.env\` file in the current directory, over which the real environment wins. One that
is set to nothing counts as not set. What is wrong is named at the start, all at once. \`.env.example\` is a file to
begin with.

### Every app

${variables({ name: 'app', schema: AppSettings, variables: APP_VARIABLES, secretVariables: APP_SECRETS })}
${surfaces.map((surface) => `### The surface \`${surface.name}\`\n\n${variables(surface)}`).join('\n')}
The demo agent has its own: \`npm start -w @surfaces/agent -- --help\`.

## The agent registry

The file that \`AGENTS_CONFIG\` names, in YAML. \`config/agents.example.yaml\` is one to begin with, and
\`npm run check-agents -- --config FILE\` tries one out: it opens every agent's real address (\`--help\` has the rest).

${keys()}
- **Changes** count within seconds, without a restart; also of the certificates. Answers that are being given end
  where they began. A version that is wrong is not used: the log, \`/healthz\` and the counter
  \`surfaces_registry_reloads_total\` say so. A file that vanishes changes nothing. Keys (\`bearer_env\`) come from the
  environment, which is read at the start.
- **Who is not served** by an agent any more moves to the first of theirs at the next message. Somebody who is not
  listed has \`default_agent\`, or one clear message and nothing else.
- **Whose files**: the directory of an agent that exactly one person is listed for is that person's. Any other is
  shared, and has a directory per person in it. Agents whose directories are the same, or inside each other, count
  as one: then the people of all of them share it. A directory that people have shared stays so, whoever is left:
  empty it of theirs, or give the agent a new one, and it is one person's again. What an agent that was one
  person's own has in its directory goes with the agent when it is given to another: empty it before.
- **Certificates** are checked when they are read: whether they can be read, belong together and are valid. One that
  ends within 14 days is a warning.
`;
}

interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Shape | boolean;
}

function shapeOf(schema: z.ZodType): Shape {
  // JSON Schema; what of it is looked at is written above.
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
}

function variables(surface: DescribedSurface): string {
  const { properties = {} } = shapeOf(surface.schema);
  const rows = Object.entries(surface.variables).flatMap(([key, variable]) => {
    const shape = properties[key];
    if (variable === undefined || shape === undefined) return [];
    const secret = surface.secretVariables?.includes(variable) ? ' (secret)' : '';
    return [
      [`\`${variable}\``, `${typeOf(shape)}${secret}`, defaultOf(shape), descriptionOf(shape, variable)],
    ];
  });
  return table(['variable', 'type', 'default', 'what it does'], rows);
}

function keys(): string {
  const rows: string[][] = [];
  const walk = (shape: Shape, prefix: string): void => {
    for (const [name, inner] of Object.entries(shape.properties ?? {})) {
      const key = `${prefix}${name}`;
      const needed = shape.required?.includes(name) ? 'yes' : '';
      rows.push([`\`${key}\``, typeOf(inner), needed, descriptionOf(inner, key)]);
      if (inner.type === 'object') walk(inner, `${key}.`);
      if (inner.items?.type === 'object') walk(inner.items, `${key}[].`);
    }
  };
  walk(shapeOf(RegistryFile), '');
  return table(['key', 'type', 'needed', 'what it says'], rows);
}

function typeOf(shape: Shape): string {
  if (shape.enum) return shape.enum.map((value) => `\`${value}\``).join(', ');
  if (shape.anyOf) {
    const kinds = shape.anyOf.map(typeOf);
    // A variable is text whatever else the schema takes.
    return kinds.includes('list') ? 'list, with commas' : kinds.join(' or ');
  }
  switch (shape.type) {
    case 'integer':
    case 'number': {
      const kind = shape.type === 'integer' ? 'whole number' : 'number';
      const { minimum, maximum = Number.MAX_SAFE_INTEGER } = shape;
      if (minimum === undefined) return kind;
      return maximum < Number.MAX_SAFE_INTEGER
        ? `${kind}, ${minimum} to ${maximum}`
        : `${kind}, ${minimum} or more`;
    }
    case 'array':
      return 'list';
    case 'object':
      return shape.properties ? 'keys' : 'keys with values';
    case 'boolean':
      return 'true or false';
    default:
      return 'text';
  }
}

function defaultOf({ default: value }: Shape): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '';
  return `\`${Array.isArray(value) ? value.join(',') : String(value)}\``;
}

function descriptionOf({ description }: Shape, name: string): string {
  if (description === undefined)
    throw new Error(`${name} has no description: give its schema one with .describe()`);
  return description;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return `${line(head)}|${'---|'.repeat(head.length)}\n${rows.map(line).join('')}`;
}
