import type { Translate } from '../i18n/catalogue.ts';
import type { Chat } from '../ports/index.ts';

/** What a chat is called; one that nobody named yet so in the language of who reads it. */
export function chatName({ name, named }: Pick<Chat, 'name' | 'named'>, t: Translate): string {
  return named ? name : t('chat_name');
}
