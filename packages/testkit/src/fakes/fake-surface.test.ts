import { type AcceptResult, isSurfaceError } from '@surfaces/core';
import { FakeMessenger, FakeSurface } from '@surfaces/core/testing';
import { type IncomingEvent, OperationId, OutgoingMessage } from '@surfaces/protocol';
import { expect, test } from 'vitest';

const { signal } = new AbortController();
const message = (markdown: string, more: object = {}) =>
  OutgoingMessage.parse({ kind: 'message', role: 'agent', markdown, ...more });
const op = (id: string) => OperationId.parse(id);
const accepted: AcceptResult = { outcome: 'accepted' };

test('an event that was not accepted is delivered again, in order, to the next adapter too', async () => {
  const messenger = new FakeMessenger({ redeliverMs: 1 });
  const room = messenger.room('r');
  const first = new FakeSurface(messenger);
  let calls = 0;
  const hanging = Promise.withResolvers<AcceptResult>();
  await first.start(() => (++calls === 1 ? Promise.reject(new Error('full')) : hanging.promise), []);
  const one = messenger.say(room, 'one');
  const two = messenger.say(room, '/stop now');
  await expect.poll(() => calls).toBe(2);
  first.kill();
  hanging.resolve(accepted);
  expect(messenger.unacknowledged()).toHaveLength(2);

  const seen: IncomingEvent[] = [];
  await new FakeSurface(messenger).start(async (event) => {
    seen.push(event);
    return accepted;
  }, []);
  expect(await two.acknowledged).toEqual(accepted);
  expect(await one.acknowledged).toEqual(accepted);
  expect(seen).toMatchObject([
    { kind: 'message', text: 'one', eventId: one.event.eventId },
    { kind: 'command', name: 'stop', args: 'now' },
  ]);
});

test('calls fail as told, before or after their effect', async () => {
  const surface = new FakeSurface();
  const { messenger } = surface;
  const room = messenger.room('r');
  await surface.start(async () => accepted, []);
  const send = (id: string) =>
    surface.send(room, message(id), op(id), signal).catch((error: unknown) => error);

  for (const [fault, visible] of [
    ['rate_limited', 0],
    ['unreachable', 0],
    ['lost_before', 0],
    ['refused', 0],
    ['lost_after', 1],
  ] as const) {
    messenger.fail({ fault, call: 'send' });
    const error = await send(fault);
    expect(isSurfaceError(error) && error.outcomeUnknown, fault).toBe(fault.startsWith('lost'));
    expect(messenger.shown(room), fault).toHaveLength(visible);
  }
  await send('lost_after');
  expect(messenger.shown(room)).toHaveLength(1);
  messenger.disconnect();
  expect(await send('x')).toMatchObject({ code: 'unreachable' });
  expect(await surface.health.probe(signal)).toMatchObject({ ok: false });
});

test('an ambiguous messenger shows a repeated send twice', async () => {
  const surface = new FakeSurface({ capabilities: { sends: 'ambiguous', preview: 'edit' } });
  const room = surface.messenger.room('r');
  await surface.start(async () => accepted, []);
  const { messageId } = await surface.send(room, message('a'), op('1'), signal);
  await surface.send(room, message('a'), op('1'), signal);
  await surface.edits?.edit(room, messageId, message('b'), op('2'), signal);
  expect(surface.messenger.shown(room).map((shown) => shown.message.markdown)).toEqual(['b', 'a']);
});

test('a final takes the place of its draft', async () => {
  const surface = new FakeSurface();
  const room = surface.messenger.room('r');
  await surface.start(async () => accepted, []);
  const turnId = 't1' as never;
  await surface.drafts?.show(room, { turnId, text: 'gro' }, signal);
  expect(surface.messenger.drafts(room)).toEqual([{ turnId, text: 'gro' }]);
  await surface.send(room, message('grown', { turnId: 't1' }), op('1'), signal);
  expect(surface.messenger.drafts(room)).toEqual([]);
});

test('over the budget it answers 429 with the time that is left', async () => {
  const surface = new FakeSurface({
    enforceBudget: true,
    capabilities: { budget: { calls: 2, perMs: 60_000, reserve: 1, previewEveryMs: 0 } },
  });
  const room = surface.messenger.room('r');
  await surface.start(async () => accepted, []);
  for (const id of ['1', '2']) await surface.send(room, message(id), op(id), signal);
  const error = await surface.send(room, message('3'), op('3'), signal).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'rate_limited' });
  expect(isSurfaceError(error) && error.retryAfterMs).toBeGreaterThan(50_000);
});
