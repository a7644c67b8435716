/** One person talking: messages with numbers, often several at once, now and then a stop. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Person, Seen } from './person.ts';
import type { Random } from './random.ts';
import { type Asked, type Kind, question } from './words.ts';

const KINDS: readonly [Kind, ...Kind[]] = ['short', 'short', 'long', 'long', 'parts', 'tool', 'confirm'];
const SIZES: Readonly<Record<Kind, readonly [number, number]>> = {
  short: [2, 4],
  long: [15, 40],
  parts: [120, 220],
  tool: [5, 10],
  confirm: [3, 6],
};
/** Messages that may wait for an answer before the person waits too. */
const PATIENCE = 4;

export class Conversation {
  readonly person: Person;
  readonly asked: Asked[] = [];
  /** Said and pressed, of all kinds. */
  events = 0;
  stops = 0;
  readonly #random: Random;
  readonly #pressed = new Set<string>();

  constructor(person: Person, random: Random) {
    this.person = person;
    this.#random = random;
  }

  /** Talks until `enough` aborts and at least `least` messages were said. */
  async talk(enough: AbortSignal, least: number): Promise<void> {
    while (!enough.aborted || this.asked.length < least) {
      for (let left = this.#random.pick([1, 1, 1, 2, 3]); left > 0; left--) this.#ask();
      const before = this.#random.between(20, 400);
      if (this.#random.chance(0.08)) {
        await wait(before);
        this.person.say('/stop');
        this.events += 1;
        this.stops += 1;
      }
      while (this.open() >= PATIENCE) await this.person.changed();
      await wait(this.#random.between(20, 600));
    }
  }

  /** Presses the buttons of new questions. Called at every change. */
  answerQuestions(): void {
    for (const action of questionsIn(this.person.seen())) {
      if (this.#pressed.has(action)) continue;
      this.#pressed.add(action);
      this.person.press(action);
      this.events += 1;
    }
  }

  /** Messages without an answer. */
  open(): number {
    return this.asked.length - answeredTurns(this.person.seen()).size;
  }

  #ask(): void {
    const kind = this.#random.pick(KINDS);
    const [low, high] = SIZES[kind];
    const size = this.#random.between(low, high);
    const asked: Asked = { number: this.asked.length + 1, kind, size, chat: this.person.chat };
    this.asked.push(asked);
    this.events += 1;
    this.person.say(question(asked));
  }
}

/** What a person presses to say yes. */
function questionsIn(seen: readonly Seen[]): string[] {
  return seen.flatMap(({ message }) =>
    message.buttons.map(({ action }) => action).filter((action) => /^confirm:.*:once$/.test(action)),
  );
}

/** Turns with a last part. */
function answeredTurns(seen: readonly Seen[]): Set<string> {
  const turns = new Set<string>();
  for (const { message } of seen) {
    if (message.last && message.turnId !== undefined) turns.add(message.turnId);
  }
  return turns;
}
