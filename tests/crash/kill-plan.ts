/** When a process is to die. */
import type { FaultPoint } from '@surfaces/core';
import type { Random } from './random.ts';

export type Kill =
  /** It ends itself at the n-th passing of a point. */
  | { readonly how: 'point'; readonly point: string; readonly nth: number }
  /** It is ended from outside, so long after its start. Milliseconds. */
  | { readonly how: 'outside'; readonly afterMs: number };

/** Points with the highest passing that is chosen: how often each is passed in a second or two. */
export type Points = Readonly<Record<string, number>>;

export const APP_POINTS: Readonly<Record<FaultPoint, number>> = {
  'accept.before': 60,
  'accept.stored': 60,
  'turn.before_start': 30,
  'turn.started': 30,
  'turn.event': 300,
  'journal.appended': 60,
  'final.before': 30,
  'final.committed': 30,
  'send.before': 30,
  'send.done': 30,
  'send.settled': 30,
  'event.before_complete': 4,
  'file.saved': 8,
  'file.settled': 8,
  'file.collected': 8,
  'chat.created': 1,
  'chat.placed': 1,
  'context.switched': 1,
  'confirm.opened': 4,
  'confirm.decided': 4,
};

/** Passed only where the agent dies too. */
export const RESTART_POINTS: Points = { 'agent.restarted': 8 };

export const AGENT_POINTS = {
  begun: 30,
  written: 300,
  asked: 4,
  chosen: 4,
  'file.half': 6,
  'file.whole': 6,
  'file.sent': 6,
  answered: 30,
  'log.before': 30,
  'log.done': 30,
} as const satisfies Points;
export type AgentPoint = keyof typeof AGENT_POINTS;

/** Two of three at points, each point about as often; the others from outside, in the start too. */
export function killPlan(random: Random, kills: number, points: Points): Kill[] {
  const atPoints = Math.round((kills * 2) / 3);
  const plan: Kill[] = [];
  while (plan.length < atPoints) {
    for (const point of random.shuffle(Object.keys(points))) {
      if (plan.length === atPoints) break;
      plan.push({ how: 'point', point, nth: random.between(1, points[point] ?? 1) });
    }
  }
  while (plan.length < kills) plan.push({ how: 'outside', afterMs: random.between(0, 2500) });
  return random.shuffle(plan);
}
