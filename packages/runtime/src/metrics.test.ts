import { METRICS } from '@surfaces/core';
import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('exactly the catalogue is registered', async () => {
  const text = await createMetrics().render();
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
  expect(Object.fromEntries(types)).toEqual(
    Object.fromEntries(Object.entries(METRICS).map(([name, { type }]) => [name, type])),
  );
  for (const { help } of Object.values(METRICS)) expect(text).toContain(help);
});

test('what is counted and observed is shown', async () => {
  const metrics = createMetrics();
  metrics.count('surfaces_events_total', { surface: 'web', outcome: 'turn' });
  metrics.count('surfaces_events_total', { surface: 'web', outcome: 'turn' }, 2);
  metrics.observe('surfaces_store_commit_seconds', {}, 0.004);
  metrics.gauge('surfaces_dead_letters', {}, 7);
  const text = await metrics.render();
  expect(text).toContain('surfaces_events_total{surface="web",outcome="turn"} 3');
  expect(text).toContain('surfaces_store_commit_seconds_bucket{le="0.005"} 1');
  expect(text).toContain('surfaces_store_commit_seconds_bucket{le="0.0025"} 0');
  expect(text).toContain('surfaces_dead_letters 7');
});

test('gauges of the store are asked for at each scrape, and left out when it does not answer', async () => {
  let answer = () => Promise.resolve({ queued: 3, running: 2, deadLetters: 1 });
  const metrics = createMetrics(() => answer());
  let text = await metrics.render();
  expect(text).toContain('surfaces_turns{state="queued"} 3');
  expect(text).toContain('surfaces_turns{state="running"} 2');
  expect(text).toMatch(/^surfaces_queue_depth 3$/m);
  expect(text).toMatch(/^surfaces_dead_letters 1$/m);
  answer = () => Promise.reject(new Error('the disk is gone'));
  text = await metrics.render();
  expect(text).not.toMatch(/^surfaces_(turns|queue_depth|dead_letters)[ {]/m);
});

test('an agent that makes up codes cannot fill the memory', async () => {
  const metrics = createMetrics();
  for (let i = 0; i < 5_000; i++) {
    metrics.count('surfaces_agent_errors_total', { agent: 'agent-0', code: `code-${i}` });
  }
  const lines = (await metrics.render()).match(/^surfaces_agent_errors_total\{.*$/gm) ?? [];
  expect(lines).toHaveLength(101);
  expect(lines).toContain('surfaces_agent_errors_total{agent="agent-0",code="other"} 4900');
});
