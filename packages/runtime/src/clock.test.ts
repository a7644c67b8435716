import { sleep } from '@surfaces/core';
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('now is now', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
});

test('calls back once, or never when cancelled', async () => {
  vi.useFakeTimers();
  const called = vi.fn();
  const cancelled = vi.fn();
  systemClock.after(50, called);
  systemClock.after(50, cancelled)();
  vi.advanceTimersByTime(49);
  expect(called).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(called).toHaveBeenCalledTimes(1);
  expect(cancelled).not.toHaveBeenCalled();
});

test('waits longer than one timer of Node can, and can still be cancelled', () => {
  vi.useFakeTimers();
  const month = 40 * 24 * 3_600_000;
  const called = vi.fn();
  const cancelled = vi.fn();
  systemClock.after(month, called);
  const cancel = systemClock.after(month, cancelled);
  vi.advanceTimersByTime(month - 1);
  expect(called).not.toHaveBeenCalled();
  cancel();
  vi.advanceTimersByTime(1);
  expect(called).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(month);
  expect(cancelled).not.toHaveBeenCalled();
});

test('a sleep ends with its signal', async () => {
  const controller = new AbortController();
  const sleeping = sleep(systemClock, 60_000, controller.signal);
  controller.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
});
