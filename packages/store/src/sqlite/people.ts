/** Worker side: people and their settings. */
import { and, eq, sql } from 'drizzle-orm';
import type { Calls, IdentifyCall, PersonRow } from './calls.ts';
import type { Tables } from './database.ts';
import { CallFailure } from './failure.ts';
import { personColumns } from './rows.ts';
import { identities, persons } from './schema.ts';

const value = sql.placeholder;

export interface People {
  make(call: IdentifyCall): PersonRow;
  /** A person is called what the messenger calls them now, and speaks its language until they choose one. */
  refresh(known: PersonRow, call: IdentifyCall): PersonRow;
}

export function peopleKeeper(db: Tables): People {
  const insertPerson = db
    .insert(persons)
    .values({ id: value('id'), name: value('name'), locale: value('locale') })
    .prepare();
  const insertIdentity = db
    .insert(identities)
    .values({ surface: value('surface'), externalId: value('externalId'), person: value('id') })
    .prepare();
  const update = db
    .update(persons)
    .set({ name: sql`${value('name')}`, locale: sql`${value('locale')}` })
    .where(eq(persons.id, value('id')))
    .prepare();

  return {
    make(call) {
      const person = { id: call.personId, name: call.name, locale: call.locale ?? call.defaultLocale };
      insertPerson.run(person);
      insertIdentity.run({ surface: call.surface, externalId: call.externalId, id: person.id });
      return { ...person, localeChosen: false, streaming: true, agent: null };
    },
    refresh(known, call) {
      const told = known.localeChosen ? null : call.locale;
      const person = { ...known, name: call.name || known.name, locale: told ?? known.locale };
      if (person.name !== known.name || person.locale !== known.locale) {
        update.run({ id: person.id, name: person.name, locale: person.locale });
      }
      return person;
    },
  };
}

export function peopleCalls(db: Tables, people: People): Pick<Calls, 'identify' | 'person' | 'choose'> {
  const find = db
    .select(personColumns)
    .from(identities)
    .innerJoin(persons, eq(persons.id, identities.person))
    .where(and(eq(identities.surface, value('surface')), eq(identities.externalId, value('externalId'))))
    .prepare();
  const byId = db
    .select(personColumns)
    .from(persons)
    .where(eq(persons.id, value('id')))
    .prepare();
  const choose = db
    .update(persons)
    .set({
      locale: sql`coalesce(${value('locale')}, ${persons.locale})`,
      localeChosen: sql`${persons.localeChosen} OR ${value('locale')} IS NOT NULL`,
      streaming: sql`coalesce(${value('streaming')}, ${persons.streaming})`,
      agent: sql`coalesce(${value('agent')}, ${persons.agent})`,
    })
    .where(eq(persons.id, value('id')))
    .returning(personColumns)
    .prepare();

  return {
    identify(call) {
      const known = find.get({ surface: call.surface, externalId: call.externalId });
      return known === undefined ? people.make(call) : people.refresh(known, call);
    },
    person: (id) => byId.get({ id }) ?? null,
    choose({ person, locale, streaming, agent }) {
      // A boolean that no column encodes is a number to SQLite.
      const flag = streaming === null ? null : Number(streaming);
      const [row] = choose.all({ id: person, locale, streaming: flag, agent });
      if (row === undefined) throw new CallFailure('conflict', `there is no person ${person}`);
      return row;
    },
  };
}
