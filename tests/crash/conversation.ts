/** One person talking: messages with numbers, often several at once, now and then a stop or a command. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Person, Seen } from './person.ts';
import type { Random } from './random.ts';
import { type Asked, filesOf, type Kind, question } from './words.ts';

const KINDS: readonly [Kind, ...Kind[]] = [
  ...(['short', 'short', 'long', 'long', 'parts', 'tool'] as const),
  ...(['confirm', 'confirm', 'file', 'file', 'files-first'] as const),
];
const SIZES: Readonly<Record<Kind, readonly [number, number]>> = {
  short: [2, 4],
  long: [15, 40],
  parts: [120, 220],
  tool: [5, 10],
  confirm: [3, 6],
  file: [3, 9],
  'files-first': [3, 9],
};
/** Messages that may wait for an answer before the person waits too. */
const PATIENCE = 4;
/** How long a person thinks about a question, at most: long enough for a process to die meanwhile. Milliseconds. */
const THINKING_MS = 3000;

/** What is said when nothing is open, and how its effect begins to be told. */
const COMMANDS = { new: '/new', clear: '/clear' } as const;
const REPLIES = {
  new: /^The chat C\d+ has a place of its own now\./,
  clear: /^Done: the agent begins anew here/,
};
type Command = keyof typeof COMMANDS;

export class Conversation {
  readonly person: Person;
  readonly asked: Asked[] = [];
  /** How often the context had been cleared when each message was said. */
  readonly generations: number[] = [];
  readonly said: Record<Command, number> = { new: 0, clear: 0 };
  /** Said and pressed, of all kinds. */
  events = 0;
  stops = 0;
  /** Questions that were answered by several buttons. */
  pressedTwice = 0;
  readonly #random: Random;
  readonly #pressed = new Set<string>();
  #thinking = 0;

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
        this.#say('/stop');
        this.stops += 1;
      }
      if (this.#random.chance(0.12)) await this.#command(this.#random.pick(['new', 'clear']));
      while (this.open() >= PATIENCE) await this.person.changed();
      await wait(this.#random.between(20, 600));
    }
  }

  /** Presses the buttons of new questions. Called at every change. */
  answerQuestions(): void {
    for (const [once, never] of questionsIn(this.person.seen())) {
      if (this.#pressed.has(once)) continue;
      this.#pressed.add(once);
      const [first, second] = this.#random.chance(0.3) ? [never, once] : [once, never];
      // Counted now: it will be pressed before this conversation is over.
      const presses = this.#random.chance(0.15) ? [first, second] : [first];
      this.events += presses.length;
      this.pressedTwice += presses.length - 1;
      const thinking = this.#random.chance(0.5) ? this.#random.between(0, THINKING_MS) : 0;
      this.#thinking += 1;
      setTimeout(() => {
        this.#thinking -= 1;
        for (const action of presses) this.person.press(action);
      }, thinking);
    }
  }

  /** Everything that was said and pressed has come to its end. */
  isOver(): boolean {
    return this.open() === 0 && this.#thinking === 0 && this.person.unacknowledged() === 0;
  }

  /** Messages without an answer. */
  open(): number {
    return this.asked.length - answeredTurns(this.person.seen()).size;
  }

  /** How often it was told, or shown, that a command had its effect. */
  replies(command: Command, seen = this.person.seen()): number {
    if (command === 'new' && this.person.opens) return this.person.places();
    return seen.filter(({ message }) => REPLIES[command].test(message.markdown)).length;
  }

  /** Says a command when nothing is open any more, and waits for its effect. */
  async #command(command: Command): Promise<void> {
    while (!this.isOver()) await this.person.changed();
    this.#say(COMMANDS[command]);
    this.said[command] += 1;
    while (this.replies(command) < this.said[command]) await this.person.changed();
  }

  #ask(): void {
    const kind = this.#random.pick(KINDS);
    const [low, high] = SIZES[kind];
    const size = this.#random.between(low, high);
    const asked: Asked = { number: this.asked.length + 1, kind, size, chat: this.person.chat };
    this.asked.push(asked);
    this.generations.push(this.said.clear);
    const { first, along } = filesOf(asked);
    if (first.length > 0) this.#say('', first);
    this.#say(question(asked), along);
  }

  #say(...what: Parameters<Person['say']>): void {
    this.events += 1;
    this.person.say(...what);
  }
}

/** What a person presses to say yes and no. */
function questionsIn(seen: readonly Seen[]): (readonly [string, string])[] {
  return seen.flatMap(({ message }) =>
    message.buttons.flatMap(({ action }) => {
      const [, question] = /^(confirm:.*):once$/.exec(action) ?? [];
      return question === undefined ? [] : [[action, `${question}:no`] as const];
    }),
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
