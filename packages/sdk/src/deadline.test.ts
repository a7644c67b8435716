import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline } from './deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('passes once, at the time it was moved to last', () => {
  let passed = 0;
  const deadline = new Deadline(() => passed++);
  deadline.set(100);
  vi.advanceTimersByTime(90);
  deadline.set(100);
  vi.advanceTimersByTime(90);
  expect(passed).toBe(0);
  deadline.set(30);
  vi.advanceTimersByTime(31);
  expect(passed).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(passed).toBe(1);
});

test('a lifted or stopped one does not pass; both may be set again', () => {
  let passed = 0;
  const deadline = new Deadline(() => passed++);
  for (const end of [
    () => deadline.lift(),
    () => deadline.set(Number.POSITIVE_INFINITY),
    () => deadline.stop(),
  ]) {
    deadline.set(50);
    end();
    vi.advanceTimersByTime(200);
  }
  expect(passed).toBe(0);
  deadline.set(50);
  vi.advanceTimersByTime(51);
  expect(passed).toBe(1);
});
