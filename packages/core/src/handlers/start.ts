import type { Command } from '../dispatcher.ts';

export const start: Command = {
  name: 'start',
  help: 'help_start',
  handle: async ({ t, sign }) => [{ markdown: t('welcome', { sign }) }],
};
