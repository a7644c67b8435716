import { bounded } from '../agent-call.ts';
import { agentLabel } from '../changes.ts';
import type { Context } from '../context.ts';
import type { Command } from '../dispatcher.ts';
import { quoted } from '../file-words.ts';
import type { Translate } from '../i18n/catalogue.ts';
import type { Lanes } from '../lanes.ts';
import type { Chat, Operation, Turn } from '../ports/index.ts';

/** How many of the last turns are listed. */
const TURNS = 5;
/** Milliseconds the agent has to prove that it is there. */
const HEALTH_LIMIT = 3000;

export function status(context: Context, lanes: Lanes): Command {
  return {
    name: 'status',
    help: 'help_status',
    group: 'answers',
    handle: async ({ chat, t }) => {
      const [agentState, turns, operations] = await Promise.all([
        agentStateOf(context, lanes, chat, t),
        // All that can wait, so that they are counted right.
        context.store.lastTurns(chat.key, TURNS + context.limits.queue),
        context.store.lastOperations(chat.key, TURNS * (8 + context.limits.answerFiles)),
      ]);
      const queued = turns.filter((turn) => turn.state === 'queued').length;
      const answers = turns
        .slice(0, TURNS)
        .map((turn) => `- ${answerLine(turn, operations, t)}`)
        .join('\n');
      return [
        {
          markdown: t('status', {
            agent: agentLabel(context, chat.agentId, t('agent_unnamed')),
            agentState,
            queued,
            answers: answers || t('status_no_answers'),
          }),
        },
      ];
    },
  };
}

async function agentStateOf(context: Context, lanes: Lanes, chat: Chat, t: Translate): Promise<string> {
  try {
    const client = context.agents.client(chat.agentId);
    const health = client && (await bounded(context, HEALTH_LIMIT, (signal) => client.health(signal)));
    // Only what answers is at work: while it is being sought, the turn waits.
    if (health?.ok && lanes.running(chat.key)) return t('status_agent_busy');
    return health?.ok
      ? t('status_agent_ok', { ms: Math.round(health.latencyMs ?? 0) })
      : t('status_agent_down');
  } catch {
    return t('status_agent_down');
  }
}

function answerLine(turn: Turn, operations: readonly Operation[], t: Translate): string {
  const words = quoted(turn, t, 40);
  const state = t(`turn_${turn.outcome ?? (turn.state === 'running' ? 'running' : 'queued')}`);
  const mine = operations.filter((operation) => operation.turn === turn.id);
  if (turn.state !== 'finished' || mine.length === 0) return `${words}: ${state}`;
  const delivery = mine.some((operation) => operation.state === 'dead')
    ? t('status_dead')
    : mine.every((operation) => operation.state === 'sent')
      ? t('status_delivered')
      : t('status_pending');
  return `${words}: ${state}, ${delivery}`;
}
