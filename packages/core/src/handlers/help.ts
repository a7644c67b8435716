import type { Command, Dispatcher } from '../dispatcher.ts';
import { insideCode } from '../markdown/escape.ts';

export function help(dispatcher: Dispatcher): Command {
  return {
    name: 'help',
    help: 'help_help',
    handle: async ({ t, sign }) => {
      const commands = dispatcher
        .commands()
        .map((command) => `- \`${sign}${command.name}\` – ${t(command.help)}`);
      return [{ markdown: t('help', { commands: commands.join('\n') }) }];
    },
  };
}

export const unknownCommand: Command = {
  name: '*',
  help: 'help_help',
  handle: async ({ t, sign, event }) => [
    { markdown: t('unknown_command', { sign, command: insideCode(event.name) }) },
  ],
};
