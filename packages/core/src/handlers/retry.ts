import { newPlatformChatId, TurnId } from '@surfaces/protocol';
import { disposeContext } from '../agent-call.ts';
import { tellMoved } from '../changes.ts';
import type { Context } from '../context.ts';
import type { Delivery } from '../delivery.ts';
import type { Command, Handler, Handling } from '../dispatcher.ts';
import type { Intake } from '../intake.ts';
import type { Lanes } from '../lanes.ts';
import type { Chat } from '../ports/index.ts';
import { isServedBy } from '../served.ts';

export function retry(context: Context, lanes: Lanes, delivery: Delivery, intake: Intake): Command {
  const handle = retryTurn(context, lanes, delivery, intake);
  return { name: 'retry', help: 'help_retry', group: 'answers', handle };
}

/** Runs the text of a finished turn again: the one of the button, or the newest. */
export function retryTurn(context: Context, lanes: Lanes, delivery: Delivery, intake: Intake): Handler {
  return async (handling) => {
    const { event, id, again, person, adapter, t } = handling;
    const named = event.kind === 'callback' ? event.action.split(':')[1] : undefined;
    // In words the newest message is meant, which is not answered yet.
    if (!named && !again && (await isWaiting(context, handling.chat))) {
      return [{ markdown: t('retry_running') }];
    }
    const chat = await servedChat(context, delivery, intake, handling);
    const turn = await context.store.retryTurn({
      chat: chat.key,
      ...(named ? { turn: TurnId.parse(named) } : {}),
      // A button is good for one more try, however often it is pressed.
      again: named ? `retry:${named}` : id,
      address: event.address,
      now: context.clock.now(),
      queueLimit: context.limits.queue,
    });
    if (turn === 'not_found') return [{ markdown: t('nothing_to_retry') }];
    if (turn === 'queue_full') {
      return [{ markdown: t('refused_queue_full', { limit: context.limits.queue }) }];
    }
    const settles = named ? { settles: [{ about: `retry:${named}` }] } : {};
    if (named && turn.state === 'finished' && !again) return [{ markdown: t('unknown_button'), ...settles }];
    // Asked again after a crash, the turn it made may be over. While it waits, the context stays as it is.
    if (turn.state !== 'finished') {
      const job = { turn, chat: (await context.store.chat(chat.key)) ?? chat, person, adapter };
      const { externalId } = event.author;
      const isServed = isServedBy(context, job.chat.agentId, { surface: event.surface, externalId });
      if (isServed) intake.begin(turn.attachments, job);
      lanes.push({ ...job, author: externalId });
    }
    return [{ markdown: t('retrying'), ...settles }];
  };
}

async function isWaiting({ store }: Context, { key }: Chat): Promise<boolean> {
  const [newest] = await store.lastTurns(key, 1);
  return newest !== undefined && newest.state !== 'finished';
}

/** An agent that was removed answers nothing: then the one that may serve the person now takes the chat over. */
async function servedChat(
  context: Context,
  delivery: Delivery,
  intake: Intake,
  { chat, event, person, adapter }: Handling,
): Promise<Chat> {
  const assignment = context.agents.assign(event.surface, event.author.externalId);
  if (!assignment || assignment.choices.includes(chat.agentId)) return chat;
  const assigned = await context.store.assignChat({
    chat: chat.key,
    assignment,
    platformChatId: newPlatformChatId(),
    now: context.clock.now(),
  });
  if (assigned.previous) {
    tellMoved(context, delivery, { adapter, address: event.address, chat: assigned.chat, person });
    intake.moved({ chat: assigned.chat, person, adapter });
    disposeContext(context, assigned.previous.agentId, assigned.previous.platformChatId);
  }
  return assigned.chat;
}
