import { afterEach, describe, expect, it } from 'vitest';
import { echo, FakeAgent } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

const seeing = (expected: unknown[], address = room()) =>
  seen(() => expect(texts(address)).toEqual(expected));

describe('stopping', () => {
  it('lets the running answer end and leaves the rest for the next start', async () => {
    const open = Promise.withResolvers<void>();
    stage.agent.script = async function* (ask) {
      await open.promise;
      yield* echo(ask);
    };
    const first = await begin();
    for (const text of ['1', '2', '3']) stage.messenger.say(room(), text);
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    const stopped = first.stop(5000);
    const late = stage.messenger.say(room(), 'late');
    open.resolve();
    await stopped;
    expect(texts()).toEqual(['1']);
    stage.system = undefined;
    stage.agent = new FakeAgent();
    await begin();
    await late.acknowledged;
    await seeing(['1', '2', '3', 'late']);
  });

  it('leaves a turn that takes too long without cancelling it at the agent', async () => {
    let cancelled = false;
    stage.agent.script = async function* ({ signal }) {
      signal.addEventListener('abort', () => {
        cancelled = signal.reason?.name === 'StopRequested';
      });
      yield { kind: 'text', text: 'half, ' };
      await new Promise(() => undefined);
    };
    const first = await begin();
    stage.messenger.say(room(), 'x');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    await first.stop(20);
    expect(cancelled).toBe(false);
    expect(texts()).toEqual([]);
    await restart(async function* (ask) {
      expect(ask.request.resumeAfter).toBe(1);
      yield { kind: 'text', text: 'whole' };
      yield { kind: 'end' };
    });
    await seeing(['half, whole']);
  });

  it('leaves a running turn though nobody closes the agents, and does not cancel it', async () => {
    let cancelled = false;
    stage.agent.script = async function* ({ signal }) {
      signal.addEventListener('abort', () => {
        cancelled = true;
      });
      yield { kind: 'text', text: 'half, ' };
      await new Promise(() => undefined);
    };
    const first = await begin();
    stage.messenger.say(room(), 'x');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    const began = Date.now();
    await first.core.stop({ drainMs: 20 });
    expect(Date.now() - began).toBeLessThan(3000);
    expect(cancelled).toBe(false);
    await restart(async function* (ask) {
      expect(ask.request.resumeAfter).toBe(1);
      yield { kind: 'text', text: 'whole' };
      yield { kind: 'end' };
    });
    await seeing(['half, whole']);
  });

  it('does not wait for a person: what was asked, or is asked meanwhile, goes on at the next start', async () => {
    const open = Promise.withResolvers<void>();
    let cancelled = false;
    stage.agent.script = async function* ({ request, decision, signal }) {
      signal.addEventListener('abort', () => {
        cancelled = signal.reason?.name === 'StopRequested';
      });
      if (request.text === 'late') await open.promise;
      const options = [{ id: 'ok', label: 'Delete', kind: 'allow_once' as const }];
      yield { kind: 'confirm', id: 'q', text: `Delete ${request.text}?`, options };
      await decision('q');
    };
    const other = stage.messenger.room('r2');
    const first = await begin();
    stage.messenger.say(room(), 'it');
    stage.messenger.say(other, 'late');
    await seen(() => expect(texts()[0]).toContain('Delete it?'));
    await seen(() => expect(stage.agent.requests).toHaveLength(2));
    // Longer than this test may take.
    const stopped = first.stop(600_000);
    open.resolve();
    await stopped;
    expect(texts(other)[0]).toContain('Delete late?');
    expect(cancelled).toBe(false);
    stage.system = undefined;
    await restart(async function* ({ request, decision }) {
      expect(request.resumeAfter).toBe(1);
      yield { kind: 'text', text: `decided: ${await decision('q')}` };
      yield { kind: 'end' };
    });
    for (const place of [room(), other]) {
      await seen(() => expect(stage.agent.requests).toHaveLength(2));
      stage.messenger.say(place, '/yes');
      await seen(() => expect(texts(place)).toContain('decided: ok'));
      expect(texts(place).filter((text) => text.includes('?'))).toHaveLength(1);
    }
  });

  it('waits for an agent that was answered, or works on beside its question', async () => {
    const open = Promise.withResolvers<void>();
    stage.agent.script = async function* ({ request, decision }) {
      const options = [{ id: 'ok', label: 'Delete', kind: 'allow_once' as const }];
      yield { kind: 'confirm', id: 'q', text: 'Delete it?', options };
      if (request.text === 'answered') await decision('q');
      else yield { kind: 'text', text: 'beside: ' };
      await open.promise;
      yield { kind: 'text', text: 'done' };
      yield { kind: 'end' };
    };
    const other = stage.messenger.room('r2');
    const first = await begin();
    stage.messenger.say(room(), 'answered');
    await seen(() => expect(texts()[0]).toContain('Delete it?'));
    stage.messenger.say(room(), '/yes');
    await seen(() => expect(stage.agent.replies).toHaveLength(1));
    stage.messenger.say(other, 'beside');
    await seen(() => expect(stage.messenger.drafts(other)).not.toEqual([]));
    const stopped = first.stop(5000);
    open.resolve();
    await stopped;
    expect(texts()).toContain('done');
    expect(texts(other)).toContain('beside: done');
  });

  it('does not wait for ever for a surface, an agent or a send that hangs', async () => {
    const { core, surface } = await begin({ limits: { stopMs: 20 } });
    const hang = () => new Promise<never>(() => undefined);
    surface.pause = hang;
    surface.stop = hang;
    surface.send = hang;
    stage.messenger.say(room(), 'x');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    await core.stop({ drainMs: 1, closeAgents: hang });
    expect((await stage.database.open().recover([stage.messenger])).operations).toHaveLength(1);
  });
});
