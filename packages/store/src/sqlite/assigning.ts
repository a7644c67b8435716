/** Which agent a chat should have; the rules of `Assignment`. */
import type { Assigned, ChatRow, LeftRow, PersonRow } from './calls.ts';

/** The agent that this person means: the one they chose, where it may serve them. */
export function chooseAgent({ agent }: Pick<PersonRow, 'agent'>, { choices }: Assigned): string {
  const chosen = agent !== null && choices.includes(agent) ? agent : choices[0];
  if (chosen === undefined) throw new TypeError('an assignment names an agent');
  return chosen;
}

/** The idle chat as it should be; the same object when nothing changes. */
export function assigned(
  chat: ChatRow,
  person: Pick<PersonRow, 'agent'>,
  assignment: Assigned,
  platformChatId: string,
  now: number,
): ChatRow {
  const agentId = chooseAgent(person, assignment);
  const listedNow = chat.byDefault && !assignment.byDefault;
  if (!assignment.choices.includes(chat.agentId) || (listedNow && agentId !== chat.agentId)) {
    const { byDefault } = assignment;
    return { ...chat, agentId, byDefault, platformChatId, contextSince: now, tokens: 0 };
  }
  return listedNow ? { ...chat, byDefault: false } : chat;
}

/** Where the chat moved from. */
export function leftBy({ agentId, platformChatId }: ChatRow, after: ChatRow): LeftRow | null {
  return after.agentId === agentId ? null : { agentId, platformChatId };
}
