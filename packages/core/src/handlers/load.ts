import { newPlatformChatId } from '@surfaces/protocol';
import { callAgent, disposeContext } from '../agent-call.ts';
import type { Context } from '../context.ts';
import type { Command, Handler, Handling, Reply } from '../dispatcher.ts';
import type { Lanes } from '../lanes.ts';
import { escapeMarkdown } from '../markdown/escape.ts';
import { askToRead } from '../notes.ts';
import type { SavedContext } from '../ports/index.ts';
import { called, menuButtons, openMenus, pressed } from './menu.ts';

/** So many of the last messages are searched for a list that is open. */
const SEARCHED = 100;
/** So many are listed, the newest; all can be said by their number. */
const LISTED = 50;

/** `load` lists what was saved, `load <n>` and `load <name>` go on with one. */
export function load(context: Context, lanes: Lanes): Command {
  return {
    name: 'load',
    takes: '[n|name]',
    help: 'help_load',
    group: 'memory',
    handle: async (handling) => {
      const { event, chat, t, sign } = handling;
      const all = await ownContexts(context, handling);
      if (all.length === 0) return [{ markdown: t('load_none', { sign }) }];
      if (event.args.trim() === '') {
        const lines = all.map((saved, index) => `${index + 1}. ${escapeMarkdown(saved.name)}`).slice(-LISTED);
        const choices = all.map(({ id, name }, index) => ({ label: `${index + 1}. ${name}`, value: id }));
        const earlier = await context.store.lastOperations(chat.key, SEARCHED);
        return [
          {
            markdown: t('load', { contexts: lines.join('\n'), sign }),
            buttons: menuButtons('load', choices, t('button_cancel')),
            settles: openMenus('load', earlier),
          },
        ];
      }
      const picked = called(all, event.args, ({ name }) => [name]);
      if (!picked) return [{ markdown: t('load_unknown', { count: all.length, sign }) }];
      const { reply, over } = await resume(context, lanes, handling, picked, handling.id);
      if (!over) return [reply];
      return [
        { ...reply, settles: openMenus('load', await context.store.lastOperations(chat.key, SEARCHED)) },
      ];
    },
  };
}

/** `cancel`: the list is not needed any more. */
export function cancel(context: Context): Command {
  return {
    name: 'cancel',
    help: 'help_cancel',
    group: 'memory',
    handle: async ({ chat, adapter, t }) => {
      const settles = openMenus('load', await context.store.lastOperations(chat.key, SEARCHED));
      // Without buttons nobody can say whether a list is open.
      return settles.length > 0 || adapter.capabilities.buttons === 'none'
        ? [{ markdown: t('load_cancelled'), settles }]
        : [{ markdown: t('nothing_to_cancel') }];
    },
  };
}

/** A button of the list. A list is good for one choice, and only the person's own contexts are on it. */
export function loadButton(context: Context, lanes: Lanes): Handler<'callback'> {
  return async (handling) => {
    const { t, chat, event } = handling;
    const { list, value, settles } = pressed(event.action);
    if (value === 'cancel') return [{ markdown: t('load_cancelled'), settles }];
    const picked = (await ownContexts(context, handling)).find((saved) => saved.id === value);
    if (!picked) return [{ markdown: t('not_yours') }];
    const { reply, over } = await resume(context, lanes, handling, picked, `load:${chat.key}:${list}`);
    return [over ? { ...reply, settles } : reply];
  };
}

function ownContexts(context: Context, { chat, person }: Handling): Promise<readonly SavedContext[]> {
  return context.store.savedContexts(person.id, chat.agentId);
}

/** Goes on in this chat from what was saved. The same `by` does it once. `over`: nothing is left to choose. */
async function resume(
  context: Context,
  lanes: Lanes,
  { chat, person, adapter, event, again, t, sign }: Handling,
  { name, source }: SavedContext,
  by: string,
): Promise<{ readonly reply: Reply; readonly over: boolean }> {
  const { store, clock, limits } = context;
  const fresh = newPlatformChatId();
  const stay = (markdown: string) => ({ reply: { markdown }, over: false });
  const leave = (markdown: string) => ({ reply: { markdown }, over: true });
  if (source.kind === 'copy') {
    // A copy of the copy: it can be loaded again.
    const forked = await callAgent(context, chat.agentId, (client, signal) =>
      client.fork(source.platformChatId, fresh, signal),
    );
    if (forked.outcome !== 'done') {
      return stay(t(forked.outcome === 'failed' ? forked.key : 'load_unsupported'));
    }
  }
  const now = clock.now();
  const switched = await store.switchContext({ chat: chat.key, platformChatId: fresh, by, now });
  if (switched === 'busy') {
    if (source.kind === 'copy') disposeContext(context, chat.agentId, fresh);
    return stay(t('busy', { sign }));
  }
  context.fault('context.switched');
  const mine = switched.chat.platformChatId === fresh;
  if (!mine && source.kind === 'copy') disposeContext(context, chat.agentId, fresh);
  // Switched by an earlier press, or by this one before the process ended.
  if (!mine && !again) return leave(t('load_used', { sign }));
  disposeContext(context, switched.chat.agentId, switched.previous);
  const words = { name: escapeMarkdown(name) };
  if (source.kind === 'copy') return leave(t('loaded', words));
  const turn = await store.queueTurn({
    chat: chat.key,
    person: person.id,
    text: askToRead(source.path, name),
    by: `${by}:notes`,
    address: event.address,
    now: clock.now(),
    queueLimit: limits.queue,
  });
  if (turn === 'queue_full') return leave(t('refused_queue_full', { limit: limits.queue }));
  if (turn.state !== 'finished') {
    const now = (await store.chat(chat.key)) ?? switched.chat;
    lanes.push({ turn, chat: now, person, adapter, author: event.author.externalId });
  }
  return leave(t('load_notes', words));
}
