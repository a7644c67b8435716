/** `npm run person`: who is known, what is stored about somebody, an export of it, its deletion. */
import { resolve } from 'node:path';
import { PersonId } from '@surfaces/protocol';
import { directoryOf } from '../files/person-directory.ts';
import type { Forgotten, FoundPerson, Holdings } from '../operator/messages.ts';
import type { OpenOperator } from '../operator/open-operator.ts';
import type { Operator } from '../operator/operator.ts';
import { OperatorError } from '../operator/operator-error.ts';
import { printable } from '../printable.ts';
import { readArguments } from '../read-arguments.ts';
import { parseIdentity } from '../registry/identity.ts';
import { UsageError } from '../usage-error.ts';
import { type CommandWorld, counted, DONE, FAILED, runCommand, table } from './command.ts';
import { exportTo, keptLine } from './export-person.ts';

const USAGE = `Usage: npm run person -- <what> [ID] [options]

  list                 who is known
  show ID              how much is stored about somebody
  export ID            everything that is stored about somebody
  delete ID            deletes it: chats, messages, files, and their contexts at the agents

ID is surface:id as the registry has it (web:anna, a bare Matrix id) or the id that "list" shows.

  --out DIR            export: into this new directory, records.jsonl and files/; without it the
                       records alone go to standard output (use "npm run --silent")
  --yes                delete: does not ask
  --json               list, show, delete: JSON for programs
  --help

A running app does it; when none runs on this data directory (SURFACES_DATA_DIR), it is done here.
Exit code: 0 done, 1 it failed or there is no such person, 2 wrong usage, 130 ended by Ctrl-C.
`;

interface Options {
  readonly what: 'list' | 'show' | 'export' | 'delete';
  readonly who: string;
  readonly out: string | undefined;
  readonly yes: boolean;
  readonly json: boolean;
}

export function personCommand(args: readonly string[], world: CommandWorld): Promise<number> {
  return runCommand(args, world, { usage: USAGE, parse, run });
}

function parse(args: readonly string[]): Options | 'help' {
  const { values, positionals } = readArguments(args, OPTIONS, { allowPositionals: true });
  if (values.help) return 'help';
  const [what, who, ...more] = positionals;
  if (what !== 'list' && what !== 'show' && what !== 'export' && what !== 'delete') {
    throw new UsageError(
      `Expected list, show, export or delete${what === undefined ? '' : `, not "${what}"`}.`,
    );
  }
  if (more.length > 0) throw new UsageError('One person at a time.');
  if (what === 'list' && who !== undefined) throw new UsageError('list takes no ID: did you mean show?');
  if (what !== 'list' && who === undefined)
    throw new UsageError(`${what}: of whom? ("list" shows everybody.)`);
  if (values.out !== undefined && what !== 'export') throw new UsageError('--out is for export.');
  if (values.yes && what !== 'delete') throw new UsageError('--yes is for delete.');
  return { what, who: who ?? '', out: values.out, yes: values.yes ?? false, json: values.json ?? false };
}

const OPTIONS = {
  out: { type: 'string' },
  yes: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function run(options: Options, access: OpenOperator, world: CommandWorld): Promise<number> {
  const { operator } = access;
  if (options.what === 'list') return await list(operator, options, world);
  const person = await find(operator, options.who);
  switch (options.what) {
    case 'show': {
      const holdings = await operator.holdings(person.id);
      await world.out(
        options.json ? `${JSON.stringify({ ...person, holdings })}\n` : shown(person, holdings),
      );
      return DONE;
    }
    case 'export':
      return await give(operator, person, options, world);
    case 'delete':
      return await remove(access, person, options, world);
  }
}

async function find(operator: Operator, who: string): Promise<FoundPerson> {
  const id = PersonId.safeParse(who);
  const identity = parseIdentity(who);
  const queries = [...('problem' in identity ? [] : [identity]), ...(id.success ? [{ id: id.data }] : [])];
  for (const query of queries) {
    const [found] = await operator.people({ ...query, limit: 1 });
    if (found !== undefined) return found;
  }
  throw new OperatorError(`Nobody is known as ${printable(who)}: "npm run person -- list" shows everybody.`);
}

async function list(operator: Operator, { json }: Options, { out, signal }: CommandWorld): Promise<number> {
  let after: PersonId | undefined;
  for (let first = true; ; first = false) {
    signal.throwIfAborted();
    const people = await operator.people({ limit: 500, ...(after === undefined ? {} : { after }) });
    if (json) for (const person of people) await out(`${JSON.stringify(person)}\n`);
    else if (first && people.length === 0) await out('Nobody is known yet.\n');
    else if (people.length > 0) {
      const rows = people.map((one) => [one.id, identitiesOf(one), String(one.chats), printable(one.name)]);
      await out(table(['ID', 'IDENTITIES', 'CHATS', 'NAME'], rows));
    }
    after = people.at(-1)?.id;
    if (people.length < 500) return DONE;
  }
}

async function give(
  operator: Operator,
  { id }: FoundPerson,
  { out }: Options,
  world: CommandWorld,
): Promise<number> {
  if (out !== undefined) {
    const directory = resolve(world.directory, out);
    const { records, files } = await exportTo(directory, operator, id, world.signal);
    await world.out(
      `${directory}: ${counted(records, 'record', 'records')}, ${counted(files, 'file', 'files')}.\n`,
    );
    return DONE;
  }
  for await (const record of operator.records(id)) {
    world.signal.throwIfAborted();
    await world.out(`${JSON.stringify(record)}\n`);
  }
  for await (const file of operator.files(id)) await world.out(keptLine(file));
  return DONE;
}

async function remove(
  { operator, running }: OpenOperator,
  person: FoundPerson,
  { yes, json }: Options,
  world: CommandWorld,
): Promise<number> {
  const holdings = await operator.holdings(person.id);
  if (!yes) {
    if (world.ask === undefined) throw new UsageError('delete: nobody is there to be asked; say --yes.');
    world.err(shown(person, holdings));
    const answer = await world.ask('Delete all of this? It cannot be undone. Type yes: ');
    world.signal.throwIfAborted();
    if (answer.trim().toLowerCase() !== 'yes') {
      world.err('Nothing was deleted.\n');
      return FAILED;
    }
  }
  let forgotten: Forgotten;
  try {
    forgotten = await operator.forget(person.id);
  } catch (error) {
    world.err(`The deletion failed half-way. Repeat it: npm run person -- delete ${person.id}\n`);
    throw error;
  }
  const { left, stays } = forgotten;
  if (json) await world.out(`${JSON.stringify({ deleted: person, holdings, left, stays })}\n`);
  else {
    await world.out(`Deleted: ${inWords(holdings)}.\n`);
    if (left.length > 0) {
      const agents = [...new Set(left.map(({ agentId }) => agentId))].join(', ');
      const why =
        running === undefined
          ? ' (an agent that the app runs itself is reached only while the app runs)'
          : '';
      world.err(
        `Note: ${counted(left.length, 'context', 'contexts')} could not be ended at ${agents}${why}. Delete there what belongs to: ${left.map(({ platformChatId }) => platformChatId).join(', ')}\n`,
      );
    }
    for (const { agentId, path } of stays) {
      world.err(
        path === undefined
          ? `Note: ${agentId} is not known here any more: if it has a directory, delete ${directoryOf(person.id)} in it.\n`
          : `Note: ${path} is as it was, but for a directory ${directoryOf(person.id)} in it: ${agentId} works there for one person alone. Delete there what is no longer needed.\n`,
      );
    }
  }
  return DONE;
}

function shown(person: FoundPerson, holdings: Holdings): string {
  return `${printable(person.name)} (${identitiesOf(person)}), ${person.id}\n  ${inWords(holdings)}\n`;
}

function inWords({ chats, messages, history, files, fileBytes, contexts }: Holdings): string {
  return [
    counted(chats, 'chat', 'chats'),
    counted(messages, 'message', 'messages'),
    `${counted(history, 'entry', 'entries')} of history`,
    `${counted(files, 'file', 'files')} (${fileBytes} bytes)`,
    `${counted(contexts, 'context', 'contexts')} at agents`,
  ].join(', ');
}

function identitiesOf({ identities }: FoundPerson): string {
  return identities.map(({ surface, externalId }) => printable(`${surface}:${externalId}`)).join(', ') || '-';
}
