import { aboutQuestion, isExpiry } from '../confirmations.ts';
import type { Context } from '../context.ts';
import type { Command, Handler, Handling, Reply } from '../dispatcher.ts';
import type { Lanes } from '../lanes.ts';
import { escapeMarkdown } from '../markdown/escape.ts';
import type { Decision } from '../ports/index.ts';

export function yes(context: Context, lanes: Lanes): Command {
  const handle = answerNewest(context, lanes, 'allow_once');
  return { name: 'yes', help: 'help_yes', group: 'answers', handle };
}

export function no(context: Context, lanes: Lanes): Command {
  return { name: 'no', help: 'help_no', group: 'answers', handle: answerNewest(context, lanes, 'reject') };
}

/** `yes` and `no`: the newest open question of the chat, once. `yes` never means 'always'. */
function answerNewest(context: Context, lanes: Lanes, kind: 'allow_once' | 'reject'): Handler<'command'> {
  return async (handling) => {
    const decision = await context.store.decide({
      chat: handling.chat.key,
      choose: { kind },
      person: handling.person.id,
      by: handling.id,
      now: handling.acceptedAt,
    });
    return settle(context, lanes, handling, decision);
  };
}

/** A button: `confirm:<token>:<option id>`. */
export function answerByButton(context: Context, lanes: Lanes): Handler<'callback'> {
  return async (handling) => {
    const [, token = '', ...rest] = handling.event.action.split(':');
    const option = rest.join(':');
    const decision = await context.store.decide({
      chat: handling.chat.key,
      token,
      choose: { option },
      person: handling.person.id,
      by: handling.id,
      now: handling.acceptedAt,
    });
    const replies = await settle(context, lanes, handling, decision);
    // Somebody else's press says nothing about the question.
    if ('confirmation' in decision || decision.outcome === 'not_allowed') return replies;
    return replies.map((reply) => ({ ...reply, settles: [{ about: aboutQuestion(token) }] }));
  };
}

const UNDECIDED = {
  expired: 'confirm_expired',
  not_allowed: 'confirm_not_allowed',
  not_found: 'confirm_none',
} as const;

/** The decision is stored; now the running turn takes it to the agent. */
async function settle(
  context: Context,
  lanes: Lanes,
  { id, chat, t }: Handling,
  decision: Decision,
): Promise<readonly Reply[]> {
  if (!('confirmation' in decision)) return [{ markdown: t(UNDECIDED[decision.outcome]) }];
  context.fault('confirm.decided');
  const { confirmation } = decision;
  const run = lanes.running(chat.key);
  // Owned by the run, which ends with its turn.
  if (run?.job.turn.id === confirmation.turn) void run.decided(confirmation);
  const chosen = confirmation.options.find((option) => option.id === confirmation.decision);
  const label = escapeMarkdown(context.scrub(chosen?.label ?? ''));
  const about = aboutQuestion(confirmation.token);
  const key = isExpiry(confirmation) ? 'confirm_expired' : 'confirm_already';
  return [
    {
      markdown: t(confirmation.decidedBy === id ? 'confirm_chosen' : key, { label }),
      settles: [{ about, chosen: `${about}:${confirmation.decision}` }],
    },
  ];
}
