import type { AgentId } from '@surfaces/protocol';
import { agentLabel } from '../changes.ts';
import type { Context } from '../context.ts';
import type { Command, Handler, Handling, Reply } from '../dispatcher.ts';
import { called, menuButtons, pressed } from './menu.ts';

/** `agent` tells who answers here, `agent <n>` and `agent <name>` choose who answers in new chats. */
export function agent(context: Context): Command {
  return {
    name: 'agent',
    takes: '[n|name]',
    help: 'help_agent',
    group: 'system',
    handle: async (handling) => {
      const { event, t, sign } = handling;
      const choices = choicesOf(context, handling);
      if (event.args.trim() === '') return [await listed(context, handling, choices)];
      const picked = called(choices, event.args, (id) => [context.agents.info(id)?.label ?? id, id]);
      if (!picked) return [{ markdown: t('agent_unknown', { count: choices.length, sign }) }];
      return [await choose(context, handling, picked)];
    },
  };
}

/** A button of the list. What the person may not choose any more is refused. */
export function agentButton(context: Context): Handler<'callback'> {
  return async (handling) => {
    const { value, settles } = pressed(handling.event.action);
    const picked = choicesOf(context, handling).find((id) => id === value);
    if (!picked) return [{ markdown: handling.t('agent_gone') }];
    return [{ ...(await choose(context, handling, picked)), settles }];
  };
}

function choicesOf(context: Context, { event }: Handling): readonly AgentId[] {
  return context.agents.assign(event.surface, event.author.externalId)?.choices ?? [];
}

async function listed(
  context: Context,
  { chat, person, t, sign }: Handling,
  choices: readonly AgentId[],
): Promise<Reply> {
  const label = (id: AgentId) => agentLabel(context, id, t('agent_unnamed'));
  const here = t('agent_here', { agent: label(chat.agentId) });
  if (choices.length < 2) return { markdown: here };
  const chosen = (await context.store.person(person.id))?.agent;
  const forNew = choices.find((id) => id === chosen) ?? choices[0];
  const lines = choices.map((id, index) => {
    const mark = id === forNew ? ` · ${t('agent_for_new')}` : '';
    return `${index + 1}. ${label(id)}${mark}`;
  });
  return {
    markdown: t('agent_choices', { here, agents: lines.join('\n'), sign }),
    buttons: menuButtons(
      'agent',
      choices.map((id) => ({ label: context.agents.info(id)?.label ?? t('agent_unnamed'), value: id })),
    ),
  };
}

async function choose(
  context: Context,
  { chat, person, t, sign }: Handling,
  picked: AgentId,
): Promise<Reply> {
  await context.store.choose(person.id, { agent: picked });
  const words = { agent: agentLabel(context, picked, t('agent_unnamed')), sign };
  return { markdown: t(picked === chat.agentId ? 'agent_chosen' : 'agent_chosen_other', words) };
}
