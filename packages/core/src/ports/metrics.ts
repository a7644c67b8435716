/** What is measured, by name. The runtime registers exactly these; a name not listed does not compile. */
export const METRICS = {
  surfaces_events_total: {
    type: 'counter',
    help: 'Incoming events by outcome.',
    labels: ['surface', 'outcome'],
  },
  surfaces_turns: { type: 'gauge', help: 'Turns that are not finished, by state.', labels: ['state'] },
  surfaces_turns_total: { type: 'counter', help: 'Finished turns by outcome.', labels: ['outcome'] },
  surfaces_queue_depth: { type: 'gauge', help: 'Turns waiting in lanes.', labels: [] },
  surfaces_first_text_seconds: {
    type: 'histogram',
    help: 'From acceptance to the first visible text of the answer.',
    labels: ['surface'],
  },
  surfaces_turn_seconds: {
    type: 'histogram',
    help: 'From acceptance to the delivered answer.',
    labels: ['surface'],
  },
  surfaces_agent_errors_total: {
    type: 'counter',
    help: 'Failed agent calls by code.',
    labels: ['agent', 'code'],
  },
  surfaces_agent_frames_ignored_total: {
    type: 'counter',
    help: 'Agent frames that were of no use: unknown, late or malformed.',
    labels: ['agent', 'reason'],
  },
  surfaces_sends_total: { type: 'counter', help: 'Final sends by outcome.', labels: ['surface', 'outcome'] },
  surfaces_edits_total: {
    type: 'counter',
    help: 'Preview updates by outcome.',
    labels: ['surface', 'outcome'],
  },
  surfaces_rate_limited_total: {
    type: 'counter',
    help: 'Calls answered "too many" (429).',
    labels: ['surface'],
  },
  surfaces_files_total: {
    type: 'counter',
    help: 'Files by direction (in: to an agent, out: to a person) and outcome.',
    labels: ['direction', 'outcome'],
  },
  surfaces_file_bytes_total: { type: 'counter', help: 'Bytes of files.', labels: ['direction'] },
  surfaces_registry_reloads_total: {
    type: 'counter',
    help: 'New versions of the agent registry by outcome.',
    labels: ['outcome'],
  },
  surfaces_pruned_total: {
    type: 'counter',
    help: 'Rows and files that were too old to keep.',
    labels: ['kind'],
  },
  surfaces_dead_letters: { type: 'gauge', help: 'Operations given up on.', labels: [] },
  surfaces_dead_letters_total: {
    type: 'counter',
    help: 'Operations given up on, ever.',
    labels: ['surface'],
  },
  surfaces_store_commit_seconds: { type: 'histogram', help: 'Duration of one group commit.', labels: [] },
} as const satisfies Record<
  string,
  { type: 'counter' | 'gauge' | 'histogram'; help: string; labels: readonly string[] }
>;

export type MetricName = keyof typeof METRICS;
type Labels<N extends MetricName> = Record<(typeof METRICS)[N]['labels'][number], string>;
type NamesOf<T extends string> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never;
}[MetricName];

export interface Metrics {
  count<N extends NamesOf<'counter'>>(name: N, labels: Labels<N>, by?: number): void;
  gauge<N extends NamesOf<'gauge'>>(name: N, labels: Labels<N>, value: number): void;
  observe<N extends NamesOf<'histogram'>>(name: N, labels: Labels<N>, value: number): void;
}
