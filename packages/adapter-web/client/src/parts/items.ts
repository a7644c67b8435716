/** Everything that is shown, in order, each under a key that it keeps from its first sight to its last. */
import type { Entry } from '../../../src/frames.ts';
import type { Draft } from '../chat.ts';
import type { Pending } from '../own-messages.ts';

export type Item =
  | { readonly kind: 'entry'; readonly key: string; readonly entry: Entry }
  | { readonly kind: 'pending'; readonly key: string; readonly message: Pending }
  | { readonly kind: 'draft'; readonly key: string; readonly draft: Draft };

/**
 * What grows stands below what waits to be sent: there its final answer will be. An answer has the
 * key of its preview, so that it takes the place of it on the page without being built anew.
 */
export function itemsOf(
  entries: readonly Entry[],
  pending: readonly Pending[],
  drafts: readonly Draft[],
): readonly Item[] {
  const used = new Set<string>();
  const unique = (wanted: string, other: string) => {
    const key = used.has(wanted) ? other : wanted;
    used.add(key);
    return key;
  };
  return [
    ...entries
      .filter((entry) => !isInDraft(entry, drafts))
      .map((entry): Item => {
        const own = `s:${entry.seq}`;
        if (entry.by === 'person') return { kind: 'entry', key: unique(`p:${entry.id}`, own), entry };
        const { role, part, turnId } = entry.message;
        const turn = role === 'agent' && part === 0 && turnId !== undefined ? `t:${turnId}` : own;
        return { kind: 'entry', key: unique(turn, own), entry };
      }),
    ...pending.map((message): Item => ({ kind: 'pending', key: `p:${message.id}`, message })),
    ...drafts.map(
      (draft): Item => ({ kind: 'draft', key: unique(`t:${draft.turnId}`, `d:${draft.turnId}`), draft }),
    ),
  ];
}

/** The first parts of an answer whose last one is not there yet: its preview still shows them. */
function isInDraft(entry: Entry, drafts: readonly Draft[]): boolean {
  if (entry.by === 'person') return false;
  const { turnId, role } = entry.message;
  return role === 'agent' && drafts.some((draft) => draft.turnId === turnId && entry.seq > draft.since);
}
