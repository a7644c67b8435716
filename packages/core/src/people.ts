import type { PersonId } from '@surfaces/protocol';
import type { Person } from './ports/index.ts';

/** `<surface>/<external id>`. */
export type Identity = string;

/** Older choices than the last so many are in every snapshot by now. So many people are known by their identities. */
const KEPT = 10_000;

/**
 * What people chose since this process began. A turn that waits or runs carries its person as they were
 * when it was accepted; their choices hold for it all the same.
 */
export class People {
  readonly #chosen = new Map<PersonId, Partial<Person>>();
  readonly #met = new Map<Identity, Person>();

  chose({ id, locale, localeChosen, streaming }: Person): void {
    this.#chosen.delete(id);
    // A language that nobody chose follows the messenger: each snapshot knows it better.
    this.#chosen.set(id, { streaming, ...(localeChosen ? { locale, localeChosen } : {}) });
    const [oldest] = this.#chosen.keys();
    if (this.#chosen.size > KEPT && oldest !== undefined) this.#chosen.delete(oldest);
  }

  /** Who somebody is that was just heard. */
  met(identity: Identity, person: Person): void {
    this.#met.delete(identity);
    this.#met.set(identity, person);
    const [oldest] = this.#met.keys();
    if (this.#met.size > KEPT && oldest !== undefined) this.#met.delete(oldest);
  }

  /** Who this is, where they were heard lately: without asking the store. */
  known(identity: Identity): Person | undefined {
    const person = this.#met.get(identity);
    return person && this.current(person);
  }

  /** The person with what they have chosen since. */
  current(person: Person): Person {
    const chosen = this.#chosen.get(person.id);
    return chosen ? { ...person, ...chosen } : person;
  }

  forget(person: PersonId): void {
    this.#chosen.delete(person);
    for (const [identity, { id }] of this.#met) if (id === person) this.#met.delete(identity);
  }
}
