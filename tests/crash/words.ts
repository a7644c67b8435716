/** What is said in the workload, and the one right answer to it. */

export const KINDS = ['short', 'long', 'parts', 'tool', 'confirm'] as const;
export type Kind = (typeof KINDS)[number];

export interface Asked {
  readonly number: number;
  readonly kind: Kind;
  /** Words of the answer. */
  readonly size: number;
  readonly chat: string;
}

export function question({ number, kind, size, chat }: Asked): string {
  return `#${number} ${kind} ${size} in ${chat}`;
}

export function parseQuestion(text: string): Asked {
  const match = /^#(\d+) (\w+) (\d+) in (chat-\d+)$/.exec(text);
  const kind = KINDS.find((known) => known === match?.[2]);
  if (!match?.[4] || !kind) throw new Error(`not a question of this workload: ${text}`);
  return { number: Number(match[1]), kind, size: Number(match[3]), chat: match[4] };
}

/** No word is there twice, so nothing can be missing, doubled or in the wrong place unseen. */
export function answerTo(asked: Asked): string {
  const { number, kind, size, chat } = asked;
  const words = [`Answer ${number} ${kind} in ${chat}:`];
  for (let i = 1; i <= size; i++) words.push(`word${number}x${i}${i % 50 === 0 ? '\n\n' : ''}`);
  return `${words.join(' ')} end${number}`;
}

/** How it is compared: where parts are cut and lines are broken is the surface's own affair. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** The chats that a text speaks of. */
export function chatsIn(text: string): string[] {
  return [...new Set(text.match(/chat-\d+(?=\W)/g))];
}
