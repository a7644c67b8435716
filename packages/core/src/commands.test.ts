import { afterEach, describe, expect, it } from 'vitest';
import { echo } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
afterEach(() => stage.clear());

const seeing = (expected: unknown[], address = room()) =>
  seen(() => expect(texts(address)).toEqual(expected));

describe('commands', () => {
  it('do not wait for the running turn', async () => {
    const open = Promise.withResolvers<void>();
    stage.agent.script = async function* (ask) {
      await open.promise;
      yield* echo(ask);
    };
    await begin();
    stage.messenger.say(room(), 'slow');
    stage.messenger.say(room(), '/help');
    await seeing([expect.stringContaining('/status')]);
    open.resolve();
    await seeing([expect.anything(), 'slow']);
  });

  it('stop ends the running turn, keeps what was said, and the next one runs', async () => {
    stage.agent.script = async function* ({ request }) {
      yield { kind: 'text', text: `half of ${request.text}` };
      if (request.text === 'first') await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    await begin();
    stage.messenger.say(room(), 'first');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    stage.messenger.say(room(), 'second');
    stage.messenger.say(room(), '/stop');
    await seeing(['half of first', 'Stopped.', 'half of second']);
    stage.messenger.say(room(), '/stop');
    await seen(() => expect(texts().at(-1)).toContain('nothing to stop'));
  });

  it('answer in the language of the person', async () => {
    await begin();
    stage.messenger.say(room(), '/frobnicate', { externalId: 'p', name: 'P', locale: 'ru' });
    await seen(() => expect(texts()[0]).toContain('Я не знаю команды `/frobnicate`'));
  });

  it('status names the agent and the delivery of the last answers', async () => {
    await begin();
    stage.messenger.say(room(), 'one');
    await seeing(['one']);
    stage.messenger.say(room(), '/status');
    await seen(() => expect(texts().at(-1)).toMatch(/Echo.*ready[\s\S]*`one`: answered, delivered/));
    stage.agent.healthy = false;
    stage.messenger.say(room(), '/status');
    await seen(() => expect(texts().at(-1)).toContain('cannot be reached'));
  });

  it('retry runs the newest message again', async () => {
    await begin();
    stage.messenger.say(room(), 'one');
    await seeing(['one']);
    stage.messenger.say(room(), '/retry');
    await seen(() => expect(texts().filter((text) => text === 'one')).toHaveLength(2));
    expect(new Set(stage.agent.requests.map((request) => request.requestId)).size).toBe(2);
  });

  it('retry in words asks nothing else while the newest message waits or runs', async () => {
    const release = Promise.withResolvers<void>();
    stage.agent.script = async function* ({ request }) {
      if (request.text === 'slow') await release.promise;
      yield { kind: 'text', text: request.text };
      yield { kind: 'end' };
    };
    await begin();
    stage.messenger.say(room(), 'one');
    await seeing(['one']);
    stage.messenger.say(room(), 'slow');
    stage.messenger.say(room(), '/retry');
    await seen(() => expect(texts().at(-1)).toContain('I am still working on that'));
    release.resolve();
    await seen(() => expect(texts().at(-1)).toBe('slow'));
    expect(stage.agent.requests.map(({ text }) => text)).toEqual(['one', 'slow']);
  });
});
