/** What the core allows, with its defaults. Times in milliseconds, texts in UTF-16 units. */
export interface Limits {
  /** Turns of one chat that may wait or run. */
  readonly queue: number;
  /** Messages and commands of one person: `burst` at once, then `perSecond`. */
  readonly rate: { readonly burst: number; readonly perSecond: number };
  /** The longest answer that is kept; beyond it the agent is stopped. */
  readonly answer: number;
  /** What is older than this at acceptance or restart is named in a note, not replayed (design, promise 5). */
  readonly staleAfterMs: number;
  /** How long, from its commit, a send is tried again while the messenger cannot be reached. */
  readonly sendForMs: number;
  /** How often a send is tried that fails for a reason which the adapter does not name. */
  readonly sendAttempts: number;
  readonly sendBackoff: { readonly firstMs: number; readonly maxMs: number };
  /** An answer that is ready sooner than this is shown without a preview. */
  readonly previewDelayMs: number;
  /** How long events may wait before they are journalled. */
  readonly journalDelayMs: number;
  /** An idle lane gives its lease and memory back after this. */
  readonly laneIdleMs: number;
  /** Questions of one turn; beyond them the turn fails. */
  readonly confirmations: number;
  readonly confirmationMs: number;
  /** Chats of one person, archived ones included. */
  readonly chats: number;
  /** Files that may wait for a text in one chat. */
  readonly waitingFiles: number;
  /** Of the name of a chat or of a saved context. */
  readonly nameLength: number;
  /** How long a file that came in is tried to be fetched and saved again. */
  readonly fetchForMs: number;
  /** Files of one answer; the rest is counted. */
  readonly answerFiles: number;
  /** How long a command waits for an agent, and for a messenger that is to make a place. */
  readonly agentCallMs: number;
  readonly placeMs: number;
  /** How long each thing may take that is waited for while it is ended, as when the core stops. */
  readonly stopMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  queue: 50,
  rate: { burst: 60, perSecond: 2 },
  answer: 1_000_000,
  staleAfterMs: 15 * 60_000,
  sendForMs: 24 * 3_600_000,
  sendAttempts: 12,
  sendBackoff: { firstMs: 500, maxMs: 60_000 },
  previewDelayMs: 3,
  journalDelayMs: 50,
  laneIdleMs: 60_000,
  confirmations: 50,
  confirmationMs: 24 * 3_600_000,
  chats: 500,
  waitingFiles: 50,
  nameLength: 100,
  fetchForMs: 10 * 60_000,
  answerFiles: 20,
  agentCallMs: 15_000,
  placeMs: 30_000,
  stopMs: 5000,
};
