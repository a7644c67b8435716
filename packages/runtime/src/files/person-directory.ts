/** How the directory of a person is called, in the workspace of an agent that serves several. */
import { createHash } from 'node:crypto';
import { opendir } from 'node:fs/promises';
import { safeFileName } from '@surfaces/core';
import type { PersonId } from '@surfaces/protocol';

/** As the stores make ids of persons, or the hash of any other id. */
const OF_A_PERSON = /^(?:[0-9a-z]{9}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}|p-[0-9a-f]{40})$/;

/** Whether a directory of that name is a person's, wherever it is. */
export function isOfPerson(name: string): boolean {
  return OF_A_PERSON.test(name);
}

/** Ids that are no good as names of directories are hashed. */
export function directoryOf(person: PersonId): string {
  // Asked at every turn: what is longer than any name of a device, and not too long, needs no closer look.
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{7,199}$/.test(person)) return person;
  if (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(person) && safeFileName(person) === person) return person;
  return `p-${createHash('sha256').update(person).digest('hex').slice(0, 40)}`;
}

/** Whether people have directories of their own there. Of what cannot be read: no. */
export async function holdsPeople(workspace: string): Promise<boolean> {
  try {
    for await (const entry of await opendir(workspace)) {
      if (entry.isDirectory() && isOfPerson(entry.name)) return true;
    }
  } catch {
    // It is not there yet, or goes away: nothing can be opened in it then.
  }
  return false;
}
