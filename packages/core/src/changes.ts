import type { Address } from '@surfaces/protocol';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import { type MessageKey, translator } from './i18n/catalogue.ts';
import { escapeMarkdown } from './markdown/escape.ts';
import { persist } from './persist.ts';
import { archivePlaces, renamePlaces } from './places.ts';
import type { Chat, ChatChange, Person, SurfaceAdapter } from './ports/index.ts';
import { say } from './say.ts';

export interface Changed {
  readonly adapter: SurfaceAdapter;
  readonly address: Address;
  readonly chat: Chat;
  readonly person: Person;
  readonly changes: readonly ChatChange[];
  /** Names the event that changed it. */
  readonly by: string;
}

/** What accepting an event changed about its chat: shown at the messenger, and told where it matters. */
export function showChanges(context: Context, delivery: Delivery, changed: Changed): void {
  const { adapter, address, chat, changes, by } = changed;
  if (changes.includes('titled')) renamePlaces(context, adapter, chat, [address], by);
  if (changes.includes('revived')) archivePlaces(context, adapter, chat, [address], by);
  if (changes.includes('moved')) tellMoved(context, delivery, changed);
  else if (changes.includes('by_default')) tellByDefault(context, delivery, changed);
}

type Told = Pick<Changed, 'adapter' | 'address' | 'chat' | 'person'>;

/** Who the registry does not list is told once per chat that the default agent answers. */
export function tellByDefault(context: Context, delivery: Delivery, told: Told): void {
  tell(context, delivery, told, `${told.chat.key}:by_default`, 'agent_by_default');
}

/** Another agent answers from now on; said once for each context that it begins with. */
export function tellMoved(context: Context, delivery: Delivery, told: Told): void {
  const { key, platformChatId } = told.chat;
  tell(context, delivery, told, `${key}:moved:${platformChatId}`, 'agent_moved');
}

function tell(context: Context, delivery: Delivery, told: Told, name: string, key: MessageKey): void {
  const { adapter, address, chat, person } = told;
  const t = translator(context.people.current(person).locale);
  const agent = agentLabel(context, chat.agentId, t('agent_unnamed'));
  const notice = say(adapter, { name, address, chat, role: 'system', markdown: t(key, { agent }) });
  // The store has it before the turn can have an answer: it stands above that.
  const enqueued = persist(context, 'a notice', () => context.store.enqueue(notice));
  context.own(
    'a notice',
    enqueued.then((committed) => delivery.pushAll(committed)),
  );
}

/** What people call an agent, as Markdown. `unnamed`: what it is called when it is not configured any more. */
export function agentLabel(context: Context, id: Chat['agentId'], unnamed: string): string {
  const label = context.agents.info(id)?.label;
  return label === undefined ? unnamed : escapeMarkdown(label);
}
