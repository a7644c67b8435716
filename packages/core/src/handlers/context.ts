import type { Locale } from '@surfaces/protocol';
import { agentLabel } from '../changes.ts';
import type { Context } from '../context.ts';
import type { Command } from '../dispatcher.ts';
import { escapeMarkdown } from '../markdown/escape.ts';
import { chatName } from './chat-name.ts';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `context`: what the agent has in mind here. */
export function aboutContext(context: Context): Command {
  return {
    name: 'context',
    help: 'help_context',
    group: 'memory',
    handle: async ({ chat: known, person, t, sign }) => {
      const chat = (await context.store.chat(known.key)) ?? known;
      const files = await context.store.countFiles(chat.key);
      return [
        {
          markdown: t('context', {
            chat: `${chat.chatId} ${escapeMarkdown(chatName(chat, t))}`,
            agent: agentLabel(context, chat.agentId, t('agent_unnamed')),
            tokens: chat.tokens > 0 ? grouped(chat.tokens, person.locale) : t('context_no_tokens'),
            files,
            since: ago(context.clock.now() - chat.contextSince, person.locale),
            sign,
          }),
        },
      ];
    },
  };
}

function grouped(count: number, locale: Locale): string {
  return new Intl.NumberFormat(locale).format(count);
}

/** In words of the language: `3 hours ago`, or `now` within the first minute. */
function ago(ms: number, locale: Locale): string {
  const [unit, length] = UNITS.find(([, long]) => ms >= long) ?? [];
  if (!unit || !length) return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(0, 'second');
  return new Intl.RelativeTimeFormat(locale).format(-Math.floor(ms / length), unit);
}
