/** What stands in the composer, kept over a reload. */
import { effect, signal } from '@preact/signals';
import { keep, kept } from '../kept.ts';

/** More than this is not worth the browser's small store. UTF-16 units. */
const KEPT = 2_000_000;

export const composerText = signal(kept('composer') ?? '');

effect(() => {
  const text = composerText.value;
  keep('composer', text === '' ? null : text.slice(0, KEPT));
});
