import { afterEach, describe, expect, it } from 'vitest';
import { echo, realClock, type Script } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, beginMortal, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

describe('a confirmation', () => {
  const asking: Script = async function* ({ decision }) {
    yield {
      kind: 'confirm',
      id: 'q1',
      text: 'Delete it?',
      options: [
        { id: 'ok', label: 'Delete', kind: 'allow_once' },
        { id: 'never', label: 'Keep', kind: 'reject' },
      ],
    };
    yield { kind: 'text', text: `decided: ${await decision('q1')}` };
    yield { kind: 'end' };
  };

  it('is decided once, by button or by word, and by nobody else', async () => {
    stage.agent.script = asking;
    await begin();
    stage.messenger.say(room(), 'delete');
    await seen(() => expect(texts()[0]).toContain('Delete it?'));
    const action = stage.messenger.shown(room())[0]?.message.buttons[0]?.action ?? '';
    stage.messenger.press(room(), action, { externalId: 'other', name: 'Other' });
    await seen(() => expect(texts().at(-1)).toMatch(/Only the person|no open question/));
    stage.messenger.say(room(), '/yes');
    await seen(() => expect(texts()).toContain('decided: ok'));
    stage.messenger.press(room(), action);
    await seen(() => expect(texts().at(-1)).toContain('already: Delete'));
    expect(stage.agent.replies.map((reply) => reply.optionId)).toEqual(['ok']);
  });

  it('that is settled takes its buttons with it: when it was answered, and when its turn ended without', async () => {
    stage.agent.script = asking;
    await begin();
    const settled = () => stage.messenger.shown(room()).flatMap(({ message }) => message.settles ?? []);
    stage.messenger.say(room(), 'delete');
    await seen(() => expect(texts()[0]).toContain('Delete it?'));
    const [keep = ''] = (stage.messenger.shown(room())[0]?.message.buttons ?? [])
      .map(({ action }) => action)
      .slice(1);
    const about = keep.split(':').slice(0, 2).join(':');
    stage.messenger.say(room(), '/no');
    await seen(() => expect(settled()).toContainEqual({ about, chosen: keep }));
    stage.messenger.say(room(), 'again');
    await seen(() => expect(texts().filter((text) => text.includes('Delete it?'))).toHaveLength(2));
    const second = stage.messenger.shown(room()).at(-1)?.message.buttons[0]?.action.split(':')[1];
    stage.messenger.say(room(), '/stop');
    await seen(() => expect(settled()).toContainEqual({ about: `confirm:${second}` }));
  });

  it('that is decided before the store said that it is open reaches the agent all the same', async () => {
    const opened = Promise.withResolvers<void>();
    const told = Promise.withResolvers<void>();
    const open = stage.database.open.bind(stage.database);
    stage.database.open = () => {
      const store = open();
      const openConfirmation = store.openConfirmation.bind(store);
      store.openConfirmation = async (...input) => {
        const confirmation = await openConfirmation(...input);
        opened.resolve();
        await told.promise;
        return confirmation;
      };
      return store;
    };
    stage.agent.script = asking;
    await begin();
    stage.messenger.say(room(), 'delete');
    await opened.promise;
    stage.messenger.say(room(), '/yes');
    await seen(() => expect(texts()).toEqual(expect.arrayContaining(['Your answer: Delete', 'decided: ok'])));
    told.resolve();
  });

  it('survives a restart, and is not asked twice', async () => {
    stage.agent.script = asking;
    await begin({ limits: { journalDelayMs: 0 } });
    stage.messenger.say(room(), 'delete');
    await seen(() => expect(texts()[0]).toContain('Delete it?'));
    // This agent does not ask again what was journalled.
    await seen(async () => {
      const { turns } = await stage.database.open().recover([stage.messenger]);
      expect(turns[0]?.events).toHaveLength(1);
    });
    await restart(async function* (ask) {
      expect(ask.request.resumeAfter).toBeDefined();
      yield { kind: 'text', text: `decided: ${await ask.decision('q1')}` };
      yield { kind: 'end' };
    });
    stage.messenger.say(room(), '/no');
    await seen(() => expect(texts()).toContain('decided: never'));
    expect(texts().filter((text) => text.includes('Delete it?'))).toHaveLength(1);
  });

  it('repeated after a crash answers the same question again, and no other', async () => {
    const two: Script = async function* ({ decision }) {
      for (const id of ['q1', 'q2']) {
        const options = [
          { id: `ok ${id}`, label: `Do ${id}`, kind: 'allow_once' as const },
          { id: `no ${id}`, label: 'Keep', kind: 'reject' as const },
        ];
        yield { kind: 'confirm', id, text: `${id}?`, options };
      }
      yield { kind: 'text', text: `decided: ${await decision('q2')}, ${await decision('q1')}` };
      yield { kind: 'end' };
    };
    stage.agent.script = two;
    const { died } = await beginMortal('event.before_complete', 1, { limits: { journalDelayMs: 0 } });
    stage.messenger.say(room(), 'delete');
    await seen(() => expect(texts()).toHaveLength(2));
    stage.messenger.say(room(), '/yes');
    await died;
    await restart(two);
    await seen(() => expect(texts()).toContain('Your answer: Do q2'));
    stage.messenger.say(room(), '/no');
    await seen(() => expect(texts()).toContain('decided: ok q2, no q1'));
  });

  describe('of an agent that begins anew', () => {
    const asks = (id: string, text = 'Delete it?'): Script =>
      async function* ({ request, decision }) {
        if (request.resumeAfter !== undefined) yield { kind: 'restarted' };
        const options = [
          { id: 'ok', label: 'Delete', kind: 'allow_once' as const },
          { id: 'never', label: 'Keep', kind: 'reject' as const },
        ];
        yield { kind: 'confirm', id, text, options };
        yield { kind: 'text', text: `decided ${id}: ${await decision(id)}` };
        yield { kind: 'end' };
      };
    const questions = () =>
      stage.messenger.shown(room()).filter(({ message }) => message.markdown.includes('?'));
    const actionOf = (at: number) => questions()[at]?.message.buttons[0]?.action ?? '';
    /** One that is in the journal, and then another life of both. */
    const askAgain = async (first: Script, second: Script) => {
      stage.agent.script = first;
      await begin({ limits: { journalDelayMs: 0 } });
      stage.messenger.say(room(), 'delete');
      await seen(() => expect(questions()).toHaveLength(1));
      await seen(async () => {
        const { turns } = await stage.database.open().recover([stage.messenger]);
        expect(turns[0]?.events).toHaveLength(1);
      });
      await restart(second);
    };

    it('waits for nobody: the new question settles it, and it decides nothing', async () => {
      await askAgain(asks('q1'), asks('q2'));
      await seen(() => expect(questions()).toHaveLength(2));
      const about = actionOf(0).split(':').slice(0, 2).join(':');
      expect(questions()[1]?.message.settles).toEqual([{ about }]);
      stage.messenger.press(room(), actionOf(0));
      await seen(() => expect(texts().at(-1)).toBe('There is no open question.'));
      stage.messenger.say(room(), '/yes');
      await seen(() => expect(texts()).toContain('decided q2: ok'));
      expect(stage.agent.replies.map(({ confirmId }) => confirmId)).toEqual(['q2']);
    });

    it('is the same one where it asks the same again', async () => {
      await askAgain(asks('q1'), asks('q1'));
      await seen(() => expect(stage.agent.requests).toHaveLength(1));
      // The word is heard when the question is there again.
      await seen(async () => {
        stage.messenger.say(room(), '/yes');
        expect(texts()).toContain('decided q1: ok');
      });
      expect(questions()).toHaveLength(1);
    });

    it('is another one where it asks something else under the same id', async () => {
      await askAgain(asks('q1'), asks('q1', 'Delete all?'));
      await seen(() => expect(questions()).toHaveLength(2));
      expect(questions()[1]?.message.markdown).toContain('Delete all?');
      stage.messenger.press(room(), actionOf(1));
      await seen(() => expect(texts()).toContain('decided q1: ok'));
    });

    it('hears a decision again that it had taken under the same id', async () => {
      stage.agent.script = async function* ({ decision }) {
        for (const life of ['first', 'second']) {
          if (life === 'second') yield { kind: 'restarted' };
          const options = [{ id: 'ok', label: 'Delete', kind: 'allow_once' as const }];
          yield { kind: 'confirm', id: 'q1', text: 'Delete it?', options };
          await decision('q1');
        }
        await expect.poll(() => stage.agent.replies).toHaveLength(2);
        yield { kind: 'text', text: 'done' };
        yield { kind: 'end' };
      };
      await begin();
      stage.messenger.say(room(), 'delete');
      await seen(() => expect(questions()).toHaveLength(1));
      stage.messenger.say(room(), '/yes');
      await seen(() => expect(texts()).toContain('done'));
      expect(questions()).toHaveLength(1);
    });
  });

  it('is not given by a word that was said before it was asked', async () => {
    const asked = Promise.withResolvers<void>();
    stage.agent.script = async function* (ask) {
      await asked.promise;
      yield* asking(ask);
    };
    // The word is accepted, and not handled before the process is gone.
    const { died } = await beginMortal('accept.stored', 2);
    stage.messenger.say(room(), 'delete');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    stage.messenger.say(room(), '/yes');
    await died;
    const clock = { ...realClock, now: () => Date.now() + 1000 };
    const opened: string[] = [];
    const database = stage.database;
    const open = () => {
      const store = database.open();
      const { decide } = store;
      store.decide = async (input) => {
        // Handled late: the question is there by then.
        await seen(() => expect(opened).toHaveLength(1));
        return decide.call(store, input);
      };
      return store;
    };
    await restart(asking, {
      clock,
      database: { open },
      fault: (point) => point === 'confirm.opened' && opened.push(point),
    });
    await seen(() => expect(texts()).toContain('There is no open question.'));
    expect(stage.agent.replies).toEqual([]);
  });

  it('that nobody answers in time is refused, and a late answer hears that it expired', async () => {
    stage.agent.script = asking;
    await begin({ limits: { confirmationMs: 30 } });
    stage.messenger.say(room(), 'delete');
    await seen(() => expect(texts()).toContain('decided: never'));
    const action = stage.messenger.shown(room())[0]?.message.buttons[0]?.action ?? '';
    stage.messenger.press(room(), action);
    await seen(() => expect(texts().at(-1)).toBe('This question has expired.'));
  });

  it('that was answered at the last moment is not also refused', async () => {
    const pressed = Promise.withResolvers<void>();
    const open = stage.database.open.bind(stage.database);
    stage.database.open = () => {
      const store = open();
      const decide = store.decide.bind(store);
      store.decide = async (input) => {
        if (input.onExpiry) await pressed.promise;
        const decision = await decide(input);
        if (!input.onExpiry) pressed.resolve();
        return decision;
      };
      return store;
    };
    stage.agent.script = asking;
    await begin({ limits: { confirmationMs: 200 } });
    stage.messenger.say(room(), 'delete');
    await seen(() => expect(texts()[0]).toContain('Delete it?'));
    stage.messenger.say(room(), '/yes');
    await seen(() => expect(texts()).toContain('decided: ok'));
    expect(stage.agent.replies.map((reply) => reply.optionId)).toEqual(['ok']);
  });

  it('that cannot be refused ends the turn when nobody answers', async () => {
    stage.agent.script = async function* ({ decision }) {
      const options = [{ id: 'ok', label: 'Delete', kind: 'allow_once' as const }];
      yield { kind: 'confirm', id: 'q1', text: 'Delete it?', options };
      await decision('q1');
    };
    await begin({ limits: { confirmationMs: 30 } });
    stage.messenger.say(room(), 'delete');
    await seen(() => expect(texts().at(-1)).toBe('This question has expired.'));
    stage.agent.script = echo;
    stage.messenger.say(room(), 'next');
    await seen(() => expect(texts().at(-1)).toBe('next'));
  });

  it('too many ends the turn with words about it', async () => {
    stage.agent.script = async function* () {
      for (let i = 0; ; i += 1) {
        const options = [{ id: 'no', label: 'No', kind: 'reject' as const }];
        yield { kind: 'confirm', id: `q${i}`, text: `Question ${i}`, options };
      }
    };
    await begin({ limits: { confirmations: 5 } });
    stage.messenger.say(room(), 'ask');
    await seen(() => expect(texts().at(-1)).toContain('more than 5 questions'));
    expect(texts().filter((text) => text.includes('Question')).length).toBeLessThanOrEqual(5);
  });
});
