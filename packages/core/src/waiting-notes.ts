import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import { fileNames } from './file-words.ts';
import { translator } from './i18n/catalogue.ts';
import type { FilePlace } from './intake.ts';
import { persist } from './persist.ts';
import type { Attachment } from './ports/index.ts';
import { say } from './say.ts';

/** Files come one by one from many messengers: what is said about them waits for the others. Milliseconds. */
const GATHER = 1000;

/** One line says that files wait in a chat, and for what. */
export class WaitingNotes {
  readonly #context: Context;
  readonly #delivery: Delivery;
  readonly #due = new Map<string, { readonly files: Attachment[]; readonly cancel: () => void }>();

  constructor(context: Context, delivery: Delivery) {
    this.#context = context;
    this.#delivery = delivery;
  }

  /** Files came without text: says, once for those that come together, that they wait and for what. */
  schedule(files: readonly Attachment[], place: FilePlace): void {
    const key = `${place.chat.key} ${place.person.id}`;
    const due = this.#due.get(key);
    if (due) {
      due.files.push(...files);
      return;
    }
    const gathered = [...files];
    const cancel = this.#context.clock.after(GATHER, () => {
      this.#due.delete(key);
      this.#note(gathered, place).catch((error) => {
        if (!this.#context.stopping.aborted) {
          this.#context.logger.error({ chat: place.chat.key, err: error }, 'could not say that files wait');
        }
      });
    });
    this.#due.set(key, { files: gathered, cancel });
  }

  /** What is not said yet is not said: the files wait all the same, and `list` shows them. */
  dispose(): void {
    for (const { cancel } of this.#due.values()) cancel();
    this.#due.clear();
  }

  async #note(files: readonly Attachment[], { chat, person, adapter }: FilePlace): Promise<void> {
    const { store } = this.#context;
    const waiting = await store.waitingFiles(chat.key, person.id);
    const first = files.find(({ id }) => waiting.some((file) => file.id === id));
    if (!first) return;
    const t = translator(this.#context.people.current(person).locale);
    const note = say(adapter, {
      name: `${first.id}:waiting`,
      address: first.address,
      chat,
      role: 'system',
      markdown: t('files_waiting', {
        count: waiting.length,
        files: fileNames(
          this.#context,
          t,
          waiting.map(({ name }) => name),
        ),
        sign: adapter.capabilities.commandSign ?? '/',
      }),
    });
    const committed = await persist(this.#context, 'a note on files', () => store.enqueue(note));
    await this.#delivery.pushAll(committed);
  }
}
