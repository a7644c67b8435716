import { TurnId } from '@surfaces/protocol';
import type { Context } from '../context.ts';
import type { Handler } from '../dispatcher.ts';
import type { Lanes } from '../lanes.ts';

/** Runs the text of a finished turn again: the one of the button, or the newest. */
export function retry(context: Context, lanes: Lanes): Handler {
  return async ({ event, id, chat, person, adapter, t }) => {
    const named = event.kind === 'callback' ? event.action.split(':')[1] : undefined;
    const turn = await context.store.retryTurn({
      chat: chat.key,
      ...(named ? { turn: TurnId.parse(named) } : {}),
      again: id,
      address: event.address,
      now: context.clock.now(),
      queueLimit: context.limits.queue,
    });
    if (turn === 'not_found') {
      return [{ markdown: t(lanes.running(chat.key) ? 'retry_running' : 'nothing_to_retry') }];
    }
    if (turn === 'queue_full') {
      return [{ markdown: t('refused_queue_full', { limit: context.limits.queue }) }];
    }
    // Asked again after a crash, the turn it made may be over.
    if (turn.state !== 'finished') lanes.push({ turn, chat, person, adapter });
    return [{ markdown: t('retrying'), ...(named ? { settles: [{ about: `retry:${named}` }] } : {}) }];
  };
}
