import type { MessageId } from '@surfaces/protocol';
import type { Budget } from './budget.ts';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import type { Job } from './lane.ts';
import { isSurfaceError, type SurfaceAdapter, type Turn } from './ports/index.ts';
import { operationId } from './say.ts';

/** Made once: the trace of an error costs more than the rest of a short turn's preview. */
const COMPLETE = new Error('the answer is complete');

export interface PreviewState {
  readonly text: string;
  readonly progress?: string;
}

/**
 * Shows an answer while it grows; best effort, at the pace that the messenger allows. One call is
 * under way at a time and the newest state wins. `end` waits for the call under way, so that no late
 * preview overwrites the final answer.
 */
export class Preview {
  readonly #context: Context;
  readonly #job: Pick<Job, 'person'>;
  readonly #adapter: SurfaceAdapter;
  readonly #turn: Turn;
  readonly #budget: Budget;
  readonly #delivery: Pick<Delivery, 'flushed'>;
  readonly #onFirstText: () => void;
  readonly #abort = new AbortController();
  #state: PreviewState | undefined;
  #shown: PreviewState | undefined;
  #cancelTimer: (() => void) | undefined;
  #call: Promise<void> | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  #messageId: MessageId | undefined;
  /** Another process may have edited for the same turn: its ids are used up. */
  readonly #runId = crypto.randomUUID().slice(0, 8);
  #edits = 0;
  /** Makes the placeholder that is not there yet: once. */
  #place: (() => void) | undefined;
  /** What the placeholder was last made to say. */
  #edited: string | undefined;
  readonly #ended = new AbortController();

  constructor(
    context: Context,
    job: Pick<Job, 'adapter' | 'turn' | 'person'>,
    budget: Budget,
    delivery: Pick<Delivery, 'flushed'>,
    onFirstText: () => void,
  ) {
    this.#context = context;
    this.#job = job;
    this.#adapter = job.adapter;
    this.#turn = job.turn;
    this.#budget = budget;
    this.#delivery = delivery;
    this.#onFirstText = onFirstText;
    this.#messageId = job.turn.previewMessageId;
  }

  /** The placeholder that the final edits, where there is one whose id is stored. */
  get messageId(): MessageId | undefined {
    return this.#messageId;
  }

  /**
   * Makes the placeholder (`preview: 'edit'`): a message without answer text. Text goes into it only
   * after `remember` stored its id, so that after a crash the same message is finished. It stands below
   * all that was to be said before: what an earlier process left may not be delivered yet.
   */
  begin(remember: (messageId: MessageId) => Promise<void>): void {
    if (this.#adapter.capabilities.preview !== 'edit' || this.#messageId !== undefined) return;
    this.#place = () => this.#makePlaceholder(remember);
    if (this.#streaming) this.#place();
  }

  /** The person may choose otherwise while the answer grows. */
  get #streaming(): boolean {
    return this.#job.person.streaming;
  }

  #makePlaceholder(remember: (messageId: MessageId) => Promise<void>): void {
    this.#place = undefined;
    if (!this.#budget.tryPreview(this.#turn.address)) return;
    this.#run(async (signal) => {
      await this.#delivery.flushed(this.#turn.address, this.#ended.signal);
      const receipt = await this.#adapter.send(
        this.#turn.address,
        {
          kind: 'message',
          role: 'agent',
          markdown: '…',
          state: 'final',
          turnId: this.#turn.id,
          part: 0,
          last: false,
          buttons: [],
        },
        operationId(this.#turn.id, 'placeholder'),
        signal,
      );
      await remember(receipt.messageId);
      this.#messageId = receipt.messageId;
    });
  }

  update(state: PreviewState): void {
    this.#state = state;
    this.#schedule();
  }

  async end(): Promise<void> {
    this.#ended.abort(COMPLETE);
    this.#cancelTimer?.();
    if (!this.#call) return;
    // A preview that hangs must not hold up the answer.
    const cancel = this.#context.clock.after(2000, () =>
      this.#abort.abort(new Error('preview took too long')),
    );
    await this.#call;
    cancel();
  }

  /** Takes away what was shown when no final took its place: it would look like an answer that still grows. */
  async clear(): Promise<void> {
    const { drafts, surface } = this.#adapter;
    if (!drafts || this.#shown === undefined) return;
    try {
      await drafts.clear(this.#turn.address, this.#turn.id, this.#context.stopping);
    } catch (error) {
      this.#context.logger.debug(
        { turn: this.#turn.id, surface, err: error },
        'a preview could not be cleared',
      );
    }
  }

  #schedule(): void {
    if (this.#ended.signal.aborted || this.#call || this.#cancelTimer || !this.#streaming) return;
    if (this.#state === undefined || this.#state === this.#shown) return;
    const { previewEveryMs } = this.#adapter.capabilities.budget;
    const since = this.#context.clock.now() - this.#lastAt;
    const wait = Math.max(this.#context.limits.previewDelayMs, previewEveryMs - since);
    this.#cancelTimer = this.#context.clock.after(wait, () => {
      this.#cancelTimer = undefined;
      this.#show();
    });
  }

  #show(): void {
    const state = this.#state;
    if (this.#ended.signal.aborted || !state || !this.#streaming) return;
    if (this.#place) {
      this.#place();
      return;
    }
    const { drafts, edits } = this.#adapter;
    const messageId = this.#messageId;
    const { address } = this.#turn;
    if (!drafts && !(edits && messageId)) return;
    if (!this.#budget.tryPreview(address)) {
      this.#lastAt = this.#context.clock.now();
      // Nothing was called, but the pace is kept: ask again later.
      const wait = Math.max(this.#adapter.capabilities.budget.previewEveryMs, 250);
      this.#cancelTimer = this.#context.clock.after(wait, () => {
        this.#cancelTimer = undefined;
        this.#show();
      });
      return;
    }
    this.#run(async (signal) => {
      if (drafts) {
        await drafts.show(address, { turnId: this.#turn.id, ...this.#visible(state) }, signal);
      } else if (edits && messageId) {
        const { text, progress } = this.#visible(state);
        const shown = text === '' ? (progress ?? '…') : text;
        // Only the first part is shown, so only so much of a long answer is looked at each time.
        const [first = '…'] = this.#adapter.split(shown.slice(0, this.#adapter.capabilities.text.limit * 2));
        this.#shown = state;
        if (first === this.#edited) return;
        this.#edited = first;
        this.#edits += 1;
        await edits.edit(
          address,
          messageId,
          {
            kind: 'message',
            role: 'agent',
            markdown: first,
            state: 'final',
            turnId: this.#turn.id,
            part: 0,
            last: false,
            buttons: [],
          },
          operationId(this.#turn.id, 'preview', this.#runId, this.#edits),
          signal,
        );
      }
      this.#shown = state;
      if (state.text !== '') this.#onFirstText();
    });
  }

  #visible({ text, progress }: PreviewState): PreviewState {
    const { scrub } = this.#context;
    return { text: scrub(text), ...(progress === undefined ? {} : { progress: scrub(progress) }) };
  }

  #run(call: (signal: AbortSignal) => Promise<void>): void {
    const { surface } = this.#adapter;
    this.#call = call(this.#abort.signal).then(
      () => {
        this.#context.metrics.count('surfaces_edits_total', { surface, outcome: 'ok' });
        this.#finished();
      },
      (error) => {
        this.#context.metrics.count('surfaces_edits_total', { surface, outcome: 'failed' });
        if (isSurfaceError(error) && error.code === 'rate_limited') {
          this.#context.metrics.count('surfaces_rate_limited_total', { surface });
          this.#budget.block(this.#turn.address, error.retryAfterMs ?? 1000);
        } else {
          this.#context.logger.debug({ turn: this.#turn.id, err: error }, 'a preview failed');
        }
        this.#finished();
      },
    );
  }

  #finished(): void {
    this.#call = undefined;
    this.#lastAt = this.#context.clock.now();
    this.#schedule();
  }
}
