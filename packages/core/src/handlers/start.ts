import type { Command } from '../dispatcher.ts';
import { escapeMarkdown } from '../markdown/escape.ts';

export const start: Command = {
  name: 'start',
  help: 'help_start',
  handle: async ({ t, person, sign }) => [
    { markdown: t('welcome', { name: escapeMarkdown(person.name), sign }) },
  ],
};
