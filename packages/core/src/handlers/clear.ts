import { newPlatformChatId } from '@surfaces/protocol';
import { disposeContext } from '../agent-call.ts';
import type { Context } from '../context.ts';
import type { Command } from '../dispatcher.ts';

/** `clear`: a new context for this chat; no other chat is touched. */
export function clear(context: Context): Command {
  return {
    name: 'clear',
    aliases: ['reset'],
    help: 'help_clear',
    group: 'memory',
    handle: async ({ id, chat, t, sign }) => {
      // First of all, before what is said next is accepted: that is meant for the new context.
      const switched = await context.store.switchContext({
        chat: chat.key,
        platformChatId: newPlatformChatId(),
        by: id,
        now: context.clock.now(),
      });
      if (switched === 'busy') return [{ markdown: t('busy', { sign }) }];
      context.fault('context.switched');
      disposeContext(context, switched.chat.agentId, switched.previous);
      return [{ markdown: t('cleared') }];
    },
  };
}
