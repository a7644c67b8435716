/** The core's `Metrics` over prom-client: exactly the catalogue of the core. */
import { METRICS, type MetricName, type Metrics, type StoreCounts } from '@surfaces/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds: from one commit to the longest answer. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];

/** Distinct values of one label; what comes later is `other`. Agents and messengers choose some of them. */
const MOST_VALUES = 100;

/** How long the store may take to count, milliseconds. */
const COUNTS_MS = 3_000;

export interface MetricsRegistry extends Metrics {
  /** The text that Prometheus reads. Gauges of the store are asked for first. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** `counts` is asked at each scrape; when it fails, its gauges are left out rather than shown old. */
export function createMetrics(counts?: () => Promise<StoreCounts>): MetricsRegistry {
  const registry = new Registry();
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  for (const [key, { type, help, labels }] of Object.entries(METRICS)) {
    // Object.entries forgets that the keys are those of the catalogue.
    const name = key as MetricName;
    const base = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') counters.set(name, new Counter(base));
    else if (type === 'gauge') gauges.set(name, new Gauge(base));
    else histograms.set(name, new Histogram({ ...base, buckets: BUCKETS }));
  }

  const seen = new Map<string, Set<string>>();
  const bounded = (name: MetricName, labels: Readonly<Record<string, string>>): Record<string, string> => {
    const result: Record<string, string> = {};
    for (const [label, value] of Object.entries(labels)) {
      const key = `${name}/${label}`;
      const values = seen.get(key) ?? new Set();
      seen.set(key, values);
      if (values.size < MOST_VALUES) values.add(value);
      result[label] = values.has(value) ? value : 'other';
    }
    return result;
  };

  const metrics: Metrics = {
    count: (name, labels, by = 1) => counters.get(name)?.inc(bounded(name, labels), by),
    gauge: (name, labels, value) => gauges.get(name)?.set(bounded(name, labels), value),
    observe: (name, labels, value) => histograms.get(name)?.observe(bounded(name, labels), value),
  };

  const refresh = async (): Promise<void> => {
    if (counts === undefined) return;
    try {
      const { queued, running, deadLetters } = await Promise.race([counts(), tooLate()]);
      metrics.gauge('surfaces_turns', { state: 'queued' }, queued);
      metrics.gauge('surfaces_turns', { state: 'running' }, running);
      metrics.gauge('surfaces_queue_depth', {}, queued);
      metrics.gauge('surfaces_dead_letters', {}, deadLetters);
    } catch {
      for (const state of ['queued', 'running']) gauges.get('surfaces_turns')?.remove(state);
      gauges.get('surfaces_queue_depth')?.remove();
      gauges.get('surfaces_dead_letters')?.remove();
    }
  };

  return {
    ...metrics,
    contentType: registry.contentType,
    render: async () => {
      await refresh();
      return registry.metrics();
    },
  };
}

/** Rejects; a store that hangs must not make scrapes hang. */
function tooLate(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${COUNTS_MS} ms`)), COUNTS_MS).unref();
  });
}
