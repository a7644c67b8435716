import { expect, test } from 'vitest';
import { commandOf, completed, completions, isWrittenOut } from './completion.ts';

const command = (name: string, takes?: string) => ({
  name,
  ...(takes !== undefined && { takes }),
  help: { en: name, ru: name, ko: name },
});
const COMMANDS = [command('new', '[name]'), command('help'), command('rename', '<name>'), command('retry')];
const names = (text: string) => completions(COMMANDS, text).map(({ name }) => name);

test('commands are offered for one word after a slash, in their order', () => {
  expect(names('/')).toEqual(['new', 'help', 'rename', 'retry']);
  expect(names('/re')).toEqual(['rename', 'retry']);
  expect(names('/RE')).toEqual(['rename', 'retry']);
  for (const text of ['', 'a/', ' /', '//', '/x', '/new ', '/new x', '/new\n', '/re/', '/.*']) {
    expect(names(text)).toEqual([]);
  }
});

test('a command that takes something leaves room for it, and is known while it is given', () => {
  expect(COMMANDS.map(completed)).toEqual(['/new ', '/help', '/rename ', '/retry']);
  expect(commandOf(COMMANDS, '/rename my chat')?.name).toBe('rename');
  expect(commandOf(COMMANDS, '/new ')?.name).toBe('new');
  for (const text of ['/rename', 'rename x', '/other x', ' /new x']) {
    expect(commandOf(COMMANDS, text)).toBe(undefined);
  }
});

test('a command that is written out comes before those that only begin so, however it is written', () => {
  const longer = [command('renames'), ...COMMANDS];
  expect(completions(longer, '/REName').map(({ name }) => name)).toEqual(['rename', 'renames']);
  expect(COMMANDS.filter((one) => isWrittenOut(one, '/HELP')).map(({ name }) => name)).toEqual(['help']);
  for (const text of ['/hel', 'help', '/help ', '/helps']) {
    expect(COMMANDS.some((one) => isWrittenOut(one, text))).toBe(false);
  }
});
