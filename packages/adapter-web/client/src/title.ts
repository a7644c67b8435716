/** How a chat is called where nobody named it. */
import type { ChatSummary } from '../../src/frames.ts';
import { t } from './i18n/index.ts';

export function titleOf(chat: Pick<ChatSummary, 'name' | 'number'>): string {
  if (chat.name.trim() !== '') return chat.name;
  return chat.number === '' ? t('newChat') : `${t('newChat')} · ${chat.number}`;
}
