/** What is being written in one chat: its text and its files, kept over a reload. */
import { computed, effect, type Signal, signal, untracked } from '@preact/signals';
import { MAIN_CHAT, type PageFile } from '../../src/frames.ts';
import { keep, kept, keptKeys } from './kept.ts';
import { type UploadLimits, type UploadSlots, Uploads } from './uploads.ts';

/** More than this is not worth the browser's small store. UTF-16 units. */
const KEPT = 2_000_000;

export interface WritingAround {
  readonly slots: UploadSlots;
  limits(): UploadLimits & { readonly text: number };
  send(chat: string, text: string, files: readonly PageFile[]): void;
}

/** `blocked`: something that failed has to be removed or sent again first. */
export type SendResult = 'sent' | 'waits' | 'nothing' | 'blocked';

export class Writing {
  readonly text: Signal<string>;
  readonly uploads: Uploads;
  /** Send was pressed while files were going up: it happens when they are there. */
  readonly waits = signal(false);
  /** There is something that could be sent, now or when its files are up. */
  readonly sendable = computed(
    () =>
      this.text.value.length <= this.#around.limits().text &&
      (this.text.value.trim() !== '' || this.uploads.all.value.some(({ problem }) => problem === undefined)),
  );
  readonly #chat: string;
  readonly #around: WritingAround;
  readonly #stop: (() => void)[];

  constructor(person: string, chat: string, around: WritingAround) {
    this.#chat = chat;
    this.#around = around;
    const place = `${keyOf(person)}.${chat}`;
    this.text = signal(kept(`composer.${place}`) ?? '');
    this.uploads = new Uploads(place, around.slots, () => around.limits());
    this.#stop = [
      effect(() => {
        const text = this.text.value;
        keep(`composer.${place}`, text === '' ? null : text.slice(0, KEPT));
      }),
      effect(() => {
        if (!this.waits.value || this.uploads.running.value) return;
        this.waits.value = false;
        if (!this.uploads.failed.value) untracked(() => this.send());
      }),
    ];
  }

  send(): SendResult {
    if (this.uploads.failed.value) return 'blocked';
    if (!this.sendable.value) return 'nothing';
    if (this.uploads.running.value) {
      this.waits.value = true;
      return 'waits';
    }
    this.#around.send(this.#chat, this.text.value, this.uploads.take());
    this.text.value = '';
    return 'sent';
  }

  /** Takes a file away. A message that waited for it is not sent without it by itself. */
  remove(key: string): void {
    this.waits.value = false;
    this.uploads.remove(key);
  }

  /** A message that was not taken is written again, before what stands here. */
  edit(text: string, files: readonly PageFile[]): void {
    this.text.value = [text, this.text.value].filter((one) => one.trim() !== '').join('\n\n');
    this.uploads.giveBack(files);
  }

  stop(): void {
    for (const stop of this.#stop) stop();
    this.uploads.stop();
  }
}

/** What is being written in every chat of whoever is here. */
export class Writings {
  readonly #around: WritingAround;
  readonly #all = new Map<string, Writing>();
  readonly #person: Signal<string>;

  constructor(person: string, around: WritingAround) {
    this.#around = around;
    this.#person = signal(person);
    migrate(person);
  }

  of(chat: string): Writing {
    const person = this.#person.value;
    const known = this.#all.get(chat);
    if (known !== undefined) return known;
    const writing = new Writing(person, chat, this.#around);
    this.#all.set(chat, writing);
    return writing;
  }

  /** Who is here turned out. What was begun stays where it was begun, unless another was here before. */
  belongTo(person: string): void {
    const before = this.#person.peek();
    if (person === before) return;
    const begun = [...this.#all].map(([chat, { text }]) => [chat, text.peek()] as const);
    for (const writing of this.#all.values()) writing.stop();
    this.#all.clear();
    this.#person.value = person;
    if (before !== '') return;
    for (const [chat, text] of begun) if (text !== '') this.of(chat).edit(text, []);
  }

  /** What was begun in a chat that turned out to be another one goes on there. */
  move(from: string, to: string): void {
    const begun = this.#all.get(from);
    if (begun === undefined) return;
    const files = begun.uploads.take();
    if (begun.text.value !== '' || files.length > 0) this.of(to).edit(begun.text.value, files);
    begun.text.value = '';
  }

  resumeUploads(): void {
    for (const { uploads } of this.#all.values()) uploads.resume();
  }

  /** Another tab let go of what was kept under this key. */
  forgotten(key: string): void {
    for (const { uploads } of this.#all.values()) uploads.forgotten(key);
  }

  /** The next person at this browser need not read it. */
  forget(): void {
    for (const writing of this.#all.values()) writing.stop();
    const place = keyOf(this.#person.peek());
    for (const start of [`composer.${place}.`, `upload.${place}.`]) {
      for (const key of keptKeys(start)) keep(key, null);
    }
  }
}

/** What was kept before there were several chats was written in the first one. */
function migrate(person: string): void {
  const text = kept('composer');
  if (text === null) return;
  keep(`composer.${keyOf(person)}.${MAIN_CHAT}`, text);
  keep('composer', null);
}

/** Without dots, which part the keys. */
function keyOf(person: string): string {
  return encodeURIComponent(person).replaceAll('.', '%2E');
}
