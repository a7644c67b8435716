import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Address,
  AgentError,
  AgentFrame,
  addressKey,
  ClientFrame,
  cleanText,
  IncomingEvent,
  isAgentError,
  MAX_INCOMING_TEXT,
  newPlatformChatId,
  PlatformChatId,
} from './index.ts';

const address = { kind: 'room', surface: 'web', account: 'web', room: 'r1' };
const message = {
  kind: 'message',
  surface: 'web',
  account: 'web',
  eventId: 'e1',
  address,
  author: { externalId: 'p1', name: 'P' },
  sentAt: 1,
  text: 'hi',
};

describe('an address', () => {
  it('has a key that tells any two apart', () => {
    const part = fc.string({ minLength: 1, maxLength: 8 }).map((text) => text.toWellFormed());
    const any = fc.oneof(
      fc.record({ room: part }).map(({ room }) => ({ ...address, room })),
      fc.record({ room: part, thread: part }).map((both) => ({ ...address, kind: 'thread', ...both })),
    );
    fc.assert(
      fc.property(any, any, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(addressKey(Address.parse(one)) === addressKey(Address.parse(other))).toBe(same);
      }),
    );
  });

  it('of a thread without its thread is none', () => {
    expect(Address.safeParse({ ...address, kind: 'thread' }).success).toBe(false);
    expect(Address.safeParse({ ...address, thread: 't' }).success).toBe(false);
  });
});

describe('a text', () => {
  it('loses what has no form, and nothing else', () => {
    expect(cleanText('a\u0000b\u0007c\u001b[0m\ud800d\r\ne\tf\u0085g')).toBe('abc[0m\ufffdd\ne\tfg');
    expect(cleanText('Привет 안녕 👨‍👩‍👧 e\u0301 \u202eרtl')).toBe('Привет 안녕 👨‍👩‍👧 e\u0301 \u202eרtl');
  });

  it('is well formed and stays as it is when cleaned again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = cleanText(text);
        expect(clean.isWellFormed()).toBe(true);
        expect(cleanText(clean)).toBe(clean);
      }),
    );
  });

  it('over the limit is refused with the place of the fault', () => {
    const parsed = IncomingEvent.safeParse({ ...message, text: 'x'.repeat(MAX_INCOMING_TEXT + 1) });
    expect(parsed.error?.issues[0]?.path).toEqual(['text']);
    expect(IncomingEvent.safeParse({ ...message, text: 'x'.repeat(MAX_INCOMING_TEXT) }).success).toBe(true);
  });
});

describe('a name of a context', () => {
  it('is a random positive integer of 53 bits', () => {
    const names = new Set(Array.from({ length: 2000 }, () => newPlatformChatId()));
    expect(names.size).toBe(2000);
    for (const name of names) {
      expect(Number.isSafeInteger(Number(name))).toBe(true);
      expect(Number(name)).toBeGreaterThan(0);
      expect(PlatformChatId.parse(name)).toBe(name);
    }
    expect(Math.max(...[...names].map(Number))).toBeGreaterThan(2 ** 52);
  });

  it('is never 0, which probes use', () => {
    const zeroFirst = [new Uint8Array(7), new Uint8Array(7).fill(255)];
    const name = newPlatformChatId((bytes) => {
      bytes.set(zeroFirst.shift() ?? bytes);
      return bytes;
    });
    expect(name).toBe(String(Number.MAX_SAFE_INTEGER));
  });

  it.each(['', '-1', '01', '9007199254740992', '1e3', 'abc', ' 1'])('is not %j', (text) => {
    expect(PlatformChatId.safeParse(text).success).toBe(false);
  });
});

describe('a frame', () => {
  it('of an agent may have fields that we do not know', () => {
    expect(AgentFrame.parse({ type: 'AGENT_EVENT_END', tokens_used: 3, mood: 'fine' })).toEqual({
      type: 'AGENT_EVENT_END',
      tokens_used: 3,
    });
  });

  it('of the wrong form is refused', () => {
    expect(AgentFrame.safeParse({ type: 'AGENT_EVENT_TEXT_CHUNK', text: 5 }).success).toBe(false);
    expect(AgentFrame.safeParse({ type: 'AGENT_EVENT_END', seq: 0 }).success).toBe(false);
    expect(ClientFrame.safeParse({ type: 'RESUME', request_id: 'r', after_seq: -1 }).success).toBe(false);
  });

  it('confirms with options that fit a button', () => {
    const option = (id: string) => ({
      type: 'AGENT_EVENT_CONFIRM',
      id: 'q',
      text: 'Sure?',
      options: [{ id, label: 'Yes', kind: 'allow_once' }],
    });
    expect(AgentFrame.safeParse(option('a'.repeat(40))).success).toBe(true);
    expect(AgentFrame.safeParse(option('a'.repeat(41))).success).toBe(false);
    expect(AgentFrame.safeParse(option('ja, bitte')).success).toBe(false);
  });
});

it('an agent error is known across copies of this package', () => {
  expect(isAgentError(new AgentError('unreachable', 'no'))).toBe(true);
  expect(isAgentError(new Error('no'))).toBe(false);
  expect(isAgentError(undefined)).toBe(false);
});
