/** What the processes tell the controller that started them. */

/** What a start found unfinished. */
export interface RecoveredMessage {
  readonly type: 'recovered';
  /** Turns that were running. */
  readonly resumed: readonly string[];
  /** How many of them had events in the journal. */
  readonly journalled: number;
  readonly queued: number;
  readonly operations: number;
  readonly events: number;
  /** Of people, that were not in the workspace yet. */
  readonly files: number;
}

export type ProcessMessage = RecoveredMessage | { readonly type: 'ready'; readonly url?: string };
