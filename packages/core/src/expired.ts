import type { Address } from '@surfaces/protocol';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import { quoted } from './file-words.ts';
import { translator } from './i18n/catalogue.ts';
import { persist } from './persist.ts';
import type { Chat, Person, SurfaceAdapter, Turn } from './ports/index.ts';
import { say } from './say.ts';

/** So many expired messages are quoted; the rest is counted. */
const QUOTED = 10;
/** Late events come in a crowd: one note waits this long for the others. Milliseconds. */
const GATHER = 1000;

/** One note per chat names what was too old to be answered (design, promise 5). */
export class ExpiredNotes {
  readonly #context: Context;
  readonly #delivery: Delivery;
  readonly #due = new Map<Chat['key'], () => void>();

  constructor(context: Context, delivery: Delivery) {
    this.#context = context;
    this.#delivery = delivery;
  }

  /** A turn of this chat expired: the note follows. */
  schedule(chat: Chat, person: Person, adapterOf: (address: Address) => SurfaceAdapter | undefined): void {
    if (this.#due.has(chat.key)) return;
    const cancel = this.#context.clock.after(GATHER, () => {
      this.#due.delete(chat.key);
      this.#note(chat, person, adapterOf).catch((error) => {
        if (!this.#context.stopping.aborted) {
          this.#context.logger.error({ chat: chat.key, err: error }, 'could not say what was too old');
        }
      });
    });
    this.#due.set(chat.key, cancel);
  }

  /** What is not noted yet is noted at the next start. */
  dispose(): void {
    for (const cancel of this.#due.values()) cancel();
    this.#due.clear();
  }

  async #note(
    chat: Chat,
    person: Person,
    adapterOf: (address: Address) => SurfaceAdapter | undefined,
  ): Promise<void> {
    const operation = await persist(this.#context, 'a note on expired messages', () =>
      this.#context.store.noteExpired(chat.key, (turns) => {
        const [first] = turns;
        const adapter = first && adapterOf(first.address);
        if (!first || !adapter) throw new Error(`no expired turns of ${chat.key} on an attached surface`);
        const [note] = say(adapter, {
          name: `${first.id}:expired`,
          address: first.address,
          chat,
          role: 'system',
          markdown: noteText(this.#context.people.current(person), turns),
        });
        if (!note) throw new Error('an empty note');
        return note;
      }),
    );
    if (operation) await this.#delivery.push(operation);
  }
}

function noteText(person: Person, turns: readonly Turn[]): string {
  const t = translator(person.locale);
  const lines = turns.slice(0, QUOTED).map((turn) => `- ${quoted(turn, t, 80)}`);
  if (turns.length > QUOTED) lines.push(`- ${t('expired_more', { count: turns.length - QUOTED })}`);
  return t('expired_note', { count: turns.length, texts: lines.join('\n') });
}
