import type { Command } from '../dispatcher.ts';

export const start: Command = {
  name: 'start',
  help: 'help_start',
  handle: async ({ t, person, sign }) => [
    { markdown: t('welcome', { name: escapeMarkdown(person.name), sign }) },
  ],
};

/** A name is text, whatever characters it has. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, '\\$&');
}
