import { afterEach, describe, expect, it } from 'vitest';
import { type Ask, FakeMessenger, type Said } from '../testing/index.ts';
import { Stage } from '../testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
afterEach(() => stage.clear());

const ann = { externalId: 'ann', name: 'Ann', locale: 'en' } as const;
const last = () => texts().at(-1) ?? '';
const answered = (text: string | RegExp) => seen(() => expect(last()).toMatch(text));
const say = (text: string) => stage.messenger.say(room(), text, ann);
const buttons = () => stage.messenger.shown(room()).at(-1)?.message.buttons ?? [];
const press = (label: string) =>
  stage.messenger.press(room(), buttons().find((one) => one.label === label)?.action ?? '', ann);
const drafts = () => stage.messenger.drafts(room()).map(({ text }) => text);

/** An agent that says one word after the other, each when it is told to. */
function speaker() {
  const words: string[] = [];
  let more = Promise.withResolvers<void>();
  stage.agent.script = async function* ({ request }: Ask): AsyncIterable<Said> {
    if (request.text === 'quick') {
      yield { kind: 'end' };
      return;
    }
    for (;;) {
      const word = words.shift();
      if (word === '') break;
      if (word) yield { kind: 'text', text: word };
      else {
        await more.promise;
        more = Promise.withResolvers();
      }
    }
    yield { kind: 'end' };
  };
  return (...next: string[]) => {
    words.push(...next);
    more.resolve();
  };
}

describe('settings', () => {
  it('are kept to by what refuses a message too', async () => {
    await begin({ limits: { rate: { burst: 2, perSecond: 0.001 } } });
    say('/settings language ru');
    await answered('Язык');
    stage.messenger.sayWith(room(), 'look', [{ name: 'a.txt', content: '', size: 0 }], ann);
    await answered('пустой');
    const { acknowledged } = say('too much');
    expect(await acknowledged).toMatchObject({ notice: expect.stringContaining('не успеваю') });
  });

  it('are shown with what can be chosen, and change by words and by buttons', async () => {
    const { surface } = await begin();
    say('/settings');
    await answered(/\*\*Language\*\* English[\s\S]*written\*\* yes/);
    expect(buttons().map(({ label }) => label)).toEqual(['Русский', '한국어', 'Show only whole answers']);
    press('Русский');
    await answered(/\*\*Язык\*\* Русский/);
    press('Показывать только целиком');
    await answered(/написания\*\* нет/);
    expect(surface.told.get('ann' as never)).toMatchObject({
      locale: 'ru',
      localeChosen: true,
      streaming: false,
    });
    say('/settings language EN');
    await answered(/\*\*Language\*\* English[\s\S]*written\*\* no/);
    say('/settings language 한국어');
    await answered('**언어** 한국어');
    say('/settings streaming on');
    await answered('보여 주기** 켬');
    say('/frobnicate');
    await answered('명령은 모릅니다');
  });

  it("pressed by another person are that person's own", async () => {
    const { surface } = await begin();
    say('/settings');
    await answered('**Language** English');
    const [russian] = buttons();
    const ben = { externalId: 'ben', name: 'Ben', locale: 'en' } as const;
    stage.messenger.press(room(), russian?.action ?? '', ben);
    await answered('**Язык** Русский');
    expect([...surface.told.keys()]).toEqual(['ben']);
    say('/settings');
    await answered('**Language** English');
  });

  it.each([
    ['/settings language xx', 'I speak English'],
    ['/settings language', 'I speak English'],
    ['/settings language en ru', 'I speak English'],
    ['/settings streaming maybe', 'streaming on` or'],
    ['/settings theme dark', 'two settings'],
  ])('%s says what is possible', async (words, expected) => {
    const { surface } = await begin();
    say(words);
    await answered(expected);
    expect(surface.told.size).toBe(0);
  });

  it('that were chosen are not changed by the messenger, after a restart neither', async () => {
    await begin();
    say('/settings language ko');
    await answered('**언어** 한국어');
    await stage.restart();
    say('/frobnicate');
    await answered('명령은 모릅니다');
  });

  it('hold for turns that wait and run: the language of what is said about them', async () => {
    stage.agent.script = async function* ({ request }) {
      if (request.text === 'slow') await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    await begin();
    say('slow');
    say('next');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    say('/settings language ru');
    await answered('**Язык** Русский');
    say('/stop');
    await answered('Агент закончил, ничего не ответив');
    expect(texts()).toContain('Остановлено.');
    expect(stage.agent.requests[1]?.person?.locale).toBe('ru');
  });

  it('streaming off stops the preview at its next update, and on lets it grow again', async () => {
    const speak = speaker();
    await begin();
    say('talk');
    speak('one');
    await seen(() => expect(drafts()).toEqual(['one']));
    say('/settings streaming off');
    await answered('written** no');
    speak(' two');
    // Nothing tells that nothing is shown.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(drafts()).toEqual(['one']);
    say('/settings streaming on');
    await answered('written** yes');
    speak(' three');
    await seen(() => expect(drafts()).toEqual(['one two three']));
    speak('');
    await answered('one two three');
  });

  it('with streaming off there is no placeholder, and it comes when streaming is on', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { preview: 'edit' } });
    const speak = speaker();
    await begin();
    say('/settings streaming off');
    await answered('written** no');
    const before = texts().length;
    say('talk');
    speak('one');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(texts()).toHaveLength(before);
    say('/settings streaming on');
    await answered('written** yes');
    speak(' two');
    await answered(/^one two$/);
    speak(' three', '');
    await answered(/^one two three$/);
    expect(stage.messenger.shown(room()).at(-1)?.edits).toBeGreaterThan(1);
  });

  it('an answer that was never shown growing is one message', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { preview: 'edit' } });
    await begin();
    say('/settings streaming off');
    await answered('written** no');
    say('hello');
    await answered('hello');
    expect(stage.messenger.calls.filter(({ kind }) => kind === 'edit')).toEqual([]);
    expect(texts()).toHaveLength(2);
  });
});

describe('help', () => {
  it('shows what each command takes, in groups, and the menu of the surface says the same', async () => {
    const { surface } = await begin();
    say('/help');
    await answered('`/remove <n|all>` – take waiting files away');
    for (const group of ['Answers', 'Chats', 'Files']) expect(last()).toContain(`**${group}**`);
    const names = [...last().matchAll(/- `\/(\w+)/g)].map(([, name]) => name);
    expect(names).toEqual(surface.commands.map(({ name }) => name));
    expect(names).toHaveLength(20);
    expect(surface.commands.find(({ name }) => name === 'new')).toEqual({
      name: 'new',
      takes: '[name]',
      help: { en: 'a new chat', ru: 'новый чат', ko: '새 대화' },
    });
  });
});
