/** The messengers that the controller plays: one for each way in which messengers differ. */
import type { Capabilities } from '@surfaces/core';
import { FAKE_CAPABILITIES } from '@surfaces/core/testing';

const budget = { calls: 10_000, perMs: 1000, reserve: 1, previewEveryMs: 40 };
const text = { limit: 700, unit: 'utf16' } as const;

export const PLAYED = {
  /** Drafts beside the messages, sends recognised by their id. */
  drafts: { ...FAKE_CAPABILITIES, text, budget },
  /** A placeholder that is edited, sends recognised by their id. */
  edits: { ...FAKE_CAPABILITIES, text, budget, preview: 'edit' },
  /** A placeholder that is edited; nobody knows whether an interrupted send arrived. */
  ambiguous: { ...FAKE_CAPABILITIES, text, budget, preview: 'edit', sends: 'ambiguous' },
} as const satisfies Readonly<Record<string, Capabilities>>;

export type PlayedSurface = keyof typeof PLAYED;
export const PLAYED_SURFACES = ['drafts', 'edits', 'ambiguous'] as const satisfies readonly PlayedSurface[];
