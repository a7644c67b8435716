/**
 * What an agent without copies of contexts is asked for. It reads them as a message, so they are in
 * English whatever language the person speaks. To people they are told in other words.
 */
import type { Translate } from './i18n/catalogue.ts';
import { clip, escapeMarkdown } from './markdown/escape.ts';

const NAME = '("(?:[^"\\\\]|\\\\.)*")';
const WRITE = new RegExp(
  `^Write everything that you need to go on with this conversation later, called ${NAME}, into `,
);
const READ = new RegExp(`^Read what you wrote down about an earlier conversation, called ${NAME}, in `);

export function askToWrite(path: string, name: string): string {
  return [
    `Write everything that you need to go on with this conversation later, called ${JSON.stringify(name)}, into the file \`${path}\` of your workspace:`,
    'the goal, what was decided and why, the state of the work, names of files, what is still open.',
    'You will not remember anything else. Create the directory when it is not there. Then say in one sentence that it is done.',
  ].join(' ');
}

export function askToRead(path: string, name: string): string {
  return [
    `Read what you wrote down about an earlier conversation, called ${JSON.stringify(name)}, in the file \`${path}\` of your workspace.`,
    'Go on from there. Say in two or three sentences where we are and what is open, then wait for me.',
  ].join(' ');
}

/** What such a text is for, as Markdown for a list, the name of at most `limit` UTF-16 units. `undefined`: it is another text. */
export function notesWords(text: string, t: Translate, limit: number): string | undefined {
  const [write, read] = [WRITE.exec(text)?.[1], READ.exec(text)?.[1]];
  const written = write ?? read;
  if (written === undefined) return undefined;
  const name = `**${escapeMarkdown(clip(nameOf(written), limit))}**`;
  return t(write === undefined ? 'notes_reading' : 'notes_writing', { name });
}

function nameOf(written: string): string {
  try {
    return String(JSON.parse(written));
  } catch {
    // A person's own words that only look like ours.
    return written;
  }
}
