/** Where the files are at the end: in the agent's workspace, in keeping, and in the database. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { numberedName, safeFileName } from '@surfaces/core';
import { type AgentLine, lastRuns } from './agent-record.ts';
import type { Conversation } from './conversation.ts';
import type { Database } from './database.ts';
import { type Asked, digest, filesOf, question, reportsOf } from './words.ts';

export interface FileFigures {
  /** From people, in the agent's workspace. */
  readonly saved: number;
  readonly sentByAgent: number;
  /** Kept files that nothing leads to: uploads that were cut off, and copies whose answer was begun anew. */
  readonly givenUp: number;
  readonly copiesLeft: number;
}

interface Places {
  readonly workspace: string;
  readonly kept: string;
}

interface Owner {
  readonly id: string;
  readonly conversation: Conversation;
}

export async function checkFiles(
  database: Database,
  { workspace, kept }: Places,
  lines: readonly AgentLine[],
  conversations: readonly Conversation[],
  appKilled: boolean,
  problems: string[],
): Promise<FileFigures> {
  const turns = await database.rows('SELECT text, outcome FROM turns');
  const stopped = new Set(
    turns.flatMap(({ text, outcome }) => (outcome === 'cancelled' ? [String(text)] : [])),
  );
  const owners = await ownersOf(database, conversations, problems);
  for (const name of existsSync(workspace) ? readdirSync(workspace) : []) {
    if (!owners.some(({ id }) => id === name)) problems.push(`workspace: ${name} is nobody's`);
  }
  const saved = await checkRows(database, workspace, owners, stopped, problems);
  for (const owner of owners) checkDirectory(owner, workspace, saved, lastRuns(lines), stopped, problems);
  return { saved: saved.size, ...(await checkKept(database, kept, owners, appKilled, problems)) };
}

async function ownersOf(
  database: Database,
  conversations: readonly Conversation[],
  problems: string[],
): Promise<Owner[]> {
  const rows = await database.rows('SELECT person, external_id FROM identities');
  return conversations.flatMap((conversation) => {
    const { chat, surface } = conversation.person;
    const own = rows.filter(({ external_id: name }) => name === chat || name === `person-of-${chat}`);
    if (own.length !== 1)
      problems.push(`database: the person of ${surface} ${chat} is there ${own.length} times`);
    return own.map(({ person }) => ({ id: String(person), conversation }));
  });
}

/** Every file is saved, and each row leads to the bytes that were sent. The paths. */
async function checkRows(
  database: Database,
  workspace: string,
  owners: readonly Owner[],
  stopped: ReadonlySet<string>,
  problems: string[],
): Promise<ReadonlySet<string>> {
  const rows = await database.rows(
    `SELECT a.state, a.path, a.person, a.name, t.text FROM ${database.attachments} a LEFT JOIN turns t ON t.id = a.turn ORDER BY a."order"`,
  );
  const paths = new Set<string>();
  const byText = Map.groupBy(rows, ({ text }) => text);
  const unsent = byText.get(null)?.length ?? 0;
  if (unsent > 0) problems.push(`database: ${unsent} files still wait for a message`);
  for (const { id, conversation } of owners) {
    for (const asked of conversation.asked) {
      const text = question(asked);
      const sent = sentWith(asked);
      const own = byText.get(text) ?? [];
      const say = (problem: string) => problems.push(`files: "${text}" ${problem}`);
      if (own.length !== sent.length) say(`has ${own.length} rows, not ${sent.length}`);
      for (const [index, { state, path, person }] of own.entries()) {
        if (person !== id) say(`has a file of ${person}`);
        // What a stop cut short is not brought any more.
        if (state === 'incoming' && stopped.has(text)) continue;
        if (state !== 'saved') say(`has a file that is ${state}`);
        const place = String(path);
        if (paths.has(place)) say(`has the file of another: ${place}`);
        paths.add(place);
        const file = join(workspace, place);
        if (!place.startsWith(`${id}/`)) say(`has its file in ${place}`);
        else if (!existsSync(file)) say(`has lost ${place}`);
        else if (digest(readFileSync(file)) !== digest(sent[index]?.bytes ?? Buffer.alloc(0))) {
          say(`has other bytes in ${place}`);
        }
      }
    }
  }
  return paths;
}

/** What is in a person's directory was sent by the person or written for them, and is there once. */
function checkDirectory(
  { id, conversation }: Owner,
  workspace: string,
  saved: ReadonlySet<string>,
  runs: ReadonlyMap<string, number>,
  stopped: ReadonlySet<string>,
  problems: string[],
): void {
  const directory = join(workspace, id);
  const reports = new Map(
    conversation.asked.flatMap((asked) =>
      reportsOf(asked, runs.get(question(asked)) ?? 0).map(({ name, bytes }) => [
        name,
        { asked, bytes: digest(bytes) },
      ]),
    ),
  );
  const sent = conversation.asked.flatMap((asked) =>
    sentWith(asked).map(({ name, bytes }) => ({ asked, name: safeFileName(name), bytes: digest(bytes) })),
  );
  const most = sent.length;
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const say = (problem: string) => problems.push(`workspace: ${conversation.person.chat} ${problem}`);
    const bytes = digest(readFileSync(join(directory, name)));
    const report = reports.get(name);
    if (report) {
      if (report.bytes !== bytes && !stopped.has(question(report.asked))) say(`has other bytes in ${name}`);
      continue;
    }
    const at = sent.findIndex((file) => file.bytes === bytes && mayBeCalled(name, file.name, most));
    const [found] = at < 0 ? [] : sent.splice(at, 1);
    if (!found) say(`has ${name}, which was not sent, or not so often`);
    else if (!saved.has(`${id}/${name}`) && !stopped.has(question(found.asked))) {
      say(`has ${name}, which no row names`);
    }
  }
}

function mayBeCalled(name: string, wanted: string, most: number): boolean {
  if (name === wanted) return true;
  return Array.from({ length: most }, (_, i) => numberedName(wanted, i + 1)).includes(name);
}

/** What is kept is what an operation or a message leads to. */
async function checkKept(
  database: Database,
  kept: string,
  owners: readonly Owner[],
  appKilled: boolean,
  problems: string[],
): Promise<Omit<FileFigures, 'saved'>> {
  const found = new Map<string, string>();
  for (const owner of existsSync(kept) ? readdirSync(kept) : []) {
    const names = readdirSync(join(kept, owner));
    for (const name of names) {
      if (name.startsWith('.')) problems.push(`kept: ${name} was never finished`);
      if (!name.endsWith('.json')) {
        if (!name.endsWith('.note') && !names.includes(`${name}.json`))
          problems.push(`kept: nobody knows ${name}`);
        continue;
      }
      const facts = JSON.parse(readFileSync(join(kept, owner, name), 'utf8'));
      const id = name.slice(0, -'.json'.length);
      found.set(`${owner}/${id}`, facts.name);
      if (!names.includes(id)) problems.push(`kept: ${id} has no content`);
      else if (readFileSync(join(kept, owner, id)).length !== facts.size) {
        problems.push(`kept: ${id} is not as long as is known`);
      }
    }
  }
  const shown = await database.rows('SELECT message FROM operations WHERE message LIKE \'%"file":{%\'');
  const uploads = await database.rows(
    `SELECT ref, person FROM ${database.attachments} WHERE account LIKE '%web%'`,
  );
  const named = [
    ...shown.map(({ message }) => JSON.parse(String(message)).file),
    ...uploads.map(({ ref, person }) => ({ id: ref, owner: person })),
  ];
  for (const { id, owner } of named) {
    const place = `${createHash('sha256').update(owner).digest('hex')}/${id}`;
    if (!found.delete(place)) problems.push(`kept: ${place} is gone, or named twice`);
  }
  const left = [...found.values()];
  const copiesLeft = left.filter((name) => name.startsWith('report-')).length;
  const givenUp = left.length - copiesLeft;
  const uploadsGivenUp = owners.reduce((sum, { conversation }) => sum + conversation.person.givenUp, 0);
  if (givenUp > uploadsGivenUp) {
    problems.push(`kept: ${givenUp} uploads that nobody has, and ${uploadsGivenUp} were given up`);
  }
  if (copiesLeft > 0 && !appKilled)
    problems.push(`kept: ${copiesLeft} files of the agent that nobody was shown`);
  return { sentByAgent: shown.length, givenUp, copiesLeft };
}

function sentWith(asked: Asked) {
  const { first, along } = filesOf(asked);
  return [...first, ...along];
}
