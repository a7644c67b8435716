import { addressKey, type IncomingEvent } from '@surfaces/protocol';
import type { Context } from './context.ts';
import { type MessageKey, translator } from './i18n/catalogue.ts';
import type { AcceptResult, RefusalReason, SurfaceAdapter } from './ports/index.ts';
import { RateLimiter } from './rate.ts';
import { operationId } from './say.ts';

/** One refusal in words per address, person and this many milliseconds; a flood must not cause a flood. */
const NOTICE_EVERY = 10_000;
/** Who is not served stays so for a while. Milliseconds. */
const NOT_SERVED_EVERY = 3_600_000;

/** Reasons for which sending the same thing again later may help. */
const RETRY: ReadonlySet<RefusalReason> = new Set(['rate', 'queue_full', 'files_full', 'stopping']);

/** Says why an event was not taken: in the result of `accept`, and as a message where the surface has no other way. */
export class Refusals {
  readonly #context: Context;
  readonly #notices: RateLimiter;
  readonly #notServed: RateLimiter;

  constructor(context: Context) {
    this.#context = context;
    this.#notices = new RateLimiter(context.clock, { burst: 1, perSecond: 1000 / NOTICE_EVERY });
    this.#notServed = new RateLimiter(context.clock, { burst: 1, perSecond: 1000 / NOT_SERVED_EVERY });
  }

  /** `key`: other words for the reason. */
  refuse(
    adapter: SurfaceAdapter,
    event: IncomingEvent,
    reason: RefusalReason,
    parameters: Record<string, string | number> = {},
    key: MessageKey = `refused_${reason}`,
  ): AcceptResult {
    const { author, surface } = event;
    const known = this.#context.people.known(`${surface}/${author.externalId}`);
    const t = translator(known?.locale ?? author.locale ?? this.#context.defaultLocale);
    const sign = adapter.capabilities.commandSign ?? '/';
    const notice = t(key, { sign, ...parameters });
    this.#context.metrics.count('surfaces_events_total', {
      surface: adapter.surface,
      outcome: `refused_${reason}`,
    });
    if (adapter.capabilities.refusals === 'message' && reason !== 'bot' && reason !== 'stopping') {
      this.#tell(adapter, event, reason === 'not_served' ? this.#notServed : this.#notices, notice);
    }
    return { outcome: 'refused', reason, notice, retry: RETRY.has(reason) };
  }

  /** Best effort: a refused event has left no trace in the store. */
  #tell(adapter: SurfaceAdapter, event: IncomingEvent, limit: RateLimiter, notice: string): void {
    if (limit.take(`${addressKey(event.address)} ${event.author.externalId}`) > 0) return;
    const message = {
      kind: 'message',
      role: 'system',
      markdown: notice,
      state: 'final',
      part: 0,
      last: true,
      buttons: [],
    } as const;
    adapter
      .send(
        event.address,
        { ...message, buttons: [] },
        // An event id may be as long as an operation id.
        operationId('refusal', event.eventId.slice(-200)),
        this.#context.stopping,
      )
      .catch((error) =>
        this.#context.logger.warn({ surface: adapter.surface, err: error }, 'a refusal could not be told'),
      );
  }
}
