/** What is said in the workload, and the one right answer to it. */
import { createHash } from 'node:crypto';

export const KINDS = ['short', 'long', 'parts', 'tool', 'confirm', 'file', 'files-first'] as const;
export type Kind = (typeof KINDS)[number];

export interface Asked {
  readonly number: number;
  readonly kind: Kind;
  /** Words of the answer. */
  readonly size: number;
  readonly chat: string;
}

/** A file with known bytes. */
export interface WorkloadFile {
  readonly name: string;
  readonly bytes: Buffer;
}

export function question({ number, kind, size, chat }: Asked): string {
  return `#${number} ${kind} ${size} in ${chat}`;
}

export function parseQuestion(text: string): Asked {
  const match = /^#(\d+) ([\w-]+) (\d+) in (chat-\d+)$/.exec(text);
  const kind = KINDS.find((known) => known === match?.[2]);
  if (!match?.[4] || !kind) throw new Error(`not a question of this workload: ${text}`);
  return { number: Number(match[1]), kind, size: Number(match[3]), chat: match[4] };
}

/** No word is there twice, so nothing can be missing, doubled or in the wrong place unseen. */
export function answerTo(asked: Asked, given: readonly string[] = fileWords(asked)): string {
  const { number, kind, size, chat } = asked;
  const words = [`Answer ${number} ${kind} in ${chat}:`];
  for (let i = 1; i <= size; i++) words.push(`word${number}x${i}${i % 50 === 0 ? '\n\n' : ''}`);
  return [...words, ...given, `end${number}`].join(' ');
}

/** Names that a device may give a file: harmless ones, the same ones again, and others. */
const NAMES = ['notes.txt', 'data.csv', 'notes.txt', '../../notes.txt', 'CON', 'фото 1.png', 'a\nb.md', 'x'];

/** What the person sends with a message (`along`), and before it without a text (`first`). */
export function filesOf({ number, kind, chat }: Asked): {
  readonly first: readonly WorkloadFile[];
  readonly along: readonly WorkloadFile[];
} {
  const file = (index: number): WorkloadFile => {
    const name = NAMES[(number + 3 * index) % NAMES.length] ?? '';
    const size = ((number * 7919 + index * 104_729) % 97) ** 2 * (number % 9 === 0 ? 25 : 4);
    const head = Buffer.from(`file ${index} of ${number} of ${chat}\n`);
    return { name, bytes: Buffer.concat([head, Buffer.alloc(size, head)]) };
  };
  const files = (from: number, count: number) => Array.from({ length: count }, (_, i) => file(from + i));
  if (kind === 'file') return { first: [], along: files(0, 1 + (number % 2)) };
  if (kind !== 'files-first') return { first: [], along: [] };
  const before = 1 + (number % 2);
  return { first: files(0, before), along: files(before, number % 3 === 0 ? 1 : 0) };
}

/** What the answer says of the files that came with the message, in their order. */
function fileWords(asked: Asked): string[] {
  const { first, along } = filesOf(asked);
  return [...first, ...along].map(({ bytes }) => fileWord(bytes));
}

export function fileWord(bytes: Uint8Array): string {
  return `got${digest(bytes).slice(0, 16)}of${bytes.length}`;
}

/** What the agent sends back. Each run of it writes other bytes, so that nothing of an earlier one can pass. */
export function reportsOf({ number, kind, chat }: Asked, run: number): WorkloadFile[] {
  const count = kind === 'file' ? 1 + (number % 2) : kind === 'files-first' ? 1 : 0;
  return Array.from({ length: count }, (_, index) => {
    const head = Buffer.from(`report ${index} on ${number} for ${chat} by ${run}\n`);
    const bytes = Buffer.concat([head, Buffer.alloc(((number * 31 + index * 17) % 50) * 700, head)]);
    return { name: `report-${number}-${index}.txt`, bytes };
  });
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** How it is compared: where parts are cut and lines are broken is the surface's own affair. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** The chats that a text speaks of. */
export function chatsIn(text: string): string[] {
  return [...new Set(text.match(/chat-\d+(?=\W)/g))];
}
