/** What can be said with a `/`: which commands a text may become. */
import type { Command } from './session.ts';

/** The commands that `text` begins, the one that it is first; none where it is not one word after a `/`. */
export function completions(commands: readonly Command[], text: string): readonly Command[] {
  const word = /^\/([a-z]*)$/i.exec(text)?.[1]?.toLowerCase();
  if (word === undefined) return [];
  const begun = commands.filter(({ name }) => name.startsWith(word));
  return begun.sort((a, b) => Number(b.name === word) - Number(a.name === word));
}

/** Nothing of the command's name is left to write. */
export function isWrittenOut(command: Command, text: string): boolean {
  return text.toLowerCase() === `/${command.name}`;
}

/** The command that `text` is, with what follows it. */
export function commandOf(commands: readonly Command[], text: string): Command | undefined {
  const word = /^\/([a-z]+)\s/i.exec(text)?.[1]?.toLowerCase();
  return commands.find(({ name }) => name === word);
}

/** What the text becomes: with room for what the command takes. */
export function completed(command: Command): string {
  return `/${command.name}${command.takes === undefined ? '' : ' '}`;
}
