import type { PersonId } from '@surfaces/protocol';
import type { Person } from './ports/index.ts';

/** Older choices than the last so many are in every snapshot by now. */
const KEPT = 10_000;

/**
 * What people chose since this process began. A turn that waits or runs carries its person as they were
 * when it was accepted; their choices hold for it all the same.
 */
export class People {
  readonly #chosen = new Map<PersonId, Partial<Person>>();

  chose({ id, locale, localeChosen, streaming }: Person): void {
    this.#chosen.delete(id);
    // A language that nobody chose follows the messenger: each snapshot knows it better.
    this.#chosen.set(id, { streaming, ...(localeChosen ? { locale, localeChosen } : {}) });
    const [oldest] = this.#chosen.keys();
    if (this.#chosen.size > KEPT && oldest !== undefined) this.#chosen.delete(oldest);
  }

  /** The person with what they have chosen since. */
  current(person: Person): Person {
    const chosen = this.#chosen.get(person.id);
    return chosen ? { ...person, ...chosen } : person;
  }

  forget(person: PersonId): void {
    this.#chosen.delete(person);
  }
}
