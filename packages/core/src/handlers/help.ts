import { COMMAND_GROUPS, type Command, type Dispatcher } from '../dispatcher.ts';
import { insideCode } from '../markdown/escape.ts';
import { cleanName } from '../names.ts';

export function help(dispatcher: Dispatcher): Command {
  return {
    name: 'help',
    help: 'help_help',
    handle: async ({ t, sign }) => {
      const commands = dispatcher.commands();
      const groups = COMMAND_GROUPS.map((group) => {
        const lines = commands
          .filter((command) => (command.group ?? 'system') === group)
          .map(({ name, takes, help }) => `- \`${sign}${name}${takes ? ` ${takes}` : ''}\` – ${t(help)}`);
        return [`**${t(`help_group_${group}`)}**`, ...lines].join('\n');
      });
      return [{ markdown: t('help', { commands: groups.join('\n\n') }) }];
    },
  };
}

export const unknownCommand: Command = {
  name: '*',
  help: 'help_help',
  handle: async ({ t, sign, event }) => [
    { markdown: t('unknown_command', { sign, command: insideCode(cleanName(event.name)) }) },
  ],
};
