import type { Locale } from '@surfaces/protocol';
import type { Limits } from './limits.ts';
import type { People } from './people.ts';
import type { Agents, Clock, Files, Logger, Metrics, Store, Workspaces } from './ports/index.ts';

/**
 * Steps of the way of a message. A test composition may end the process at one of them; nothing else
 * gives the core a `fault` function.
 */
export type FaultPoint =
  | 'accept.before'
  | 'accept.stored'
  | 'turn.before_start'
  | 'turn.started'
  | 'turn.event'
  | 'journal.appended'
  | 'final.before'
  | 'final.committed'
  | 'send.before'
  | 'send.done'
  | 'send.settled'
  | 'event.before_complete'
  | 'file.saved'
  | 'file.settled'
  | 'file.collected'
  | 'chat.created'
  | 'chat.placed'
  | 'context.switched'
  | 'confirm.opened'
  | 'confirm.decided';

/** What every part of the core works with. */
export interface Context {
  readonly store: Store;
  readonly agents: Agents;
  readonly files: Files;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits: Limits;
  readonly defaultLocale: Locale;
  /** What people chose since their snapshots were taken. */
  readonly people: People;
  /** Takes secrets out of a text before a person sees it. */
  readonly scrub: (text: string) => string;
  readonly fault: (point: FaultPoint) => void;
  /** Takes over work that nobody waits for: its failure is logged, and the core stops after it. */
  readonly own: (what: string, work: Promise<unknown>) => void;
  /** Aborts when the core stops; what waits gives up and leaves its work in the store. */
  readonly stopping: AbortSignal;
}
