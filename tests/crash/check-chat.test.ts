/** The check is only worth something if it sees what goes wrong. */
import { OutgoingMessage } from '@surfaces/protocol';
import { expect, test } from 'vitest';
import { type ChatCounts, checkChat } from './check-chat.ts';
import { Conversation } from './conversation.ts';
import type { Person, Seen } from './person.ts';
import { Random } from './random.ts';
import { type Asked, answerTo } from './words.ts';

const ask = (number: number): Asked => ({ number, kind: 'short', size: 3, chat: 'chat-001' });
const [one, two] = [ask(1), ask(2)];
const anew = '\n\n_The agent was interrupted and began this answer anew._';

function shown(turnId: string, markdown: string, more: Partial<OutgoingMessage> = {}, operation = ''): Seen {
  const message = OutgoingMessage.parse({ kind: 'message', role: 'agent', markdown, turnId, ...more });
  return { message, operationId: operation || `${turnId}:${message.role}:${message.part}` };
}

const first = shown('t1', answerTo(one));
const second = shown('t2', answerTo(two));
const stopped = shown('t2', 'Stopped.', { role: 'system' });

interface View {
  readonly seen: readonly Seen[];
  readonly stops?: number;
  readonly ambiguous?: boolean;
  readonly restarts?: boolean;
  readonly unacknowledged?: number;
}

function check({ seen, stops = 0, ambiguous = false, restarts = false, unacknowledged = 0 }: View) {
  const person: Person = {
    surface: 'drafts',
    chat: 'chat-001',
    refused: [],
    complaints: [],
    say: () => undefined,
    press: () => undefined,
    unacknowledged: () => unacknowledged,
    seen: () => seen,
    changed: async () => undefined,
    close: async () => undefined,
  };
  const conversation = new Conversation(person, new Random(1));
  conversation.asked.push(one, two);
  conversation.stops = stops;
  const counts: ChatCounts = {
    answered: 0,
    stopped: 0,
    begunAnew: 0,
    labelledDuplicates: 0,
    orphanedPlaceholders: 0,
  };
  return checkChat(conversation, { ambiguous, restarts }, counts).join('\n');
}

test.for<[string, View]>([
  ['both answered', { seen: [first, second] }],
  [
    'in parts',
    {
      seen: [
        first,
        shown('t2', answerTo(two).slice(0, 9), { last: false }),
        shown('t2', answerTo(two).slice(9), { part: 1 }),
      ],
    },
  ],
  ['one stopped in the middle', { seen: [first, shown('t2', 'Answer 2 sh'), stopped], stops: 1 }],
  ['one stopped before a word', { seen: [first, stopped], stops: 1 }],
  ['one begun anew', { seen: [first, shown('t2', answerTo(two) + anew)], restarts: true }],
  [
    'a labelled duplicate',
    { seen: [first, shown('t1', answerTo(one), { maybeDuplicate: true }), second], ambiguous: true },
  ],
])('fine: %s', ([, view]) => {
  expect(check(view)).toBe('');
});

test.for<[string, View, RegExp]>([
  ['one lost', { seen: [first] }, /2 messages, 1 answers/],
  [
    'one shown twice',
    { seen: [first, second, shown('t2', answerTo(two), {}, 'again')] },
    /part 0 in place 1/,
  ],
  ['an operation shown twice', { seen: [first, first, second] }, /shown twice/],
  ['a duplicate without a label', { seen: [first, first, second], ambiguous: true }, /shown twice/],
  ['out of order', { seen: [second, first] }, /#1 .*is wrong/],
  ['a part missing', { seen: [first, shown('t2', 'x', { part: 1 })] }, /part 1 in place 0/],
  ['a part doubled', { seen: [first, shown('t2', `${answerTo(two)} end2`)] }, /is wrong/],
  [
    'words of another chat',
    { seen: [first, shown('t2', answerTo({ ...two, chat: 'chat-002' }))] },
    /chat-002/,
  ],
  ['stopped without a stop', { seen: [first, stopped] }, /stopped by 0 stops/],
  ['stopped, and wrong', { seen: [first, shown('t2', 'Answer 1'), stopped], stops: 1 }, /and wrong/],
  ['failed', { seen: [first, shown('t2', 'I failed.', { role: 'system', state: 'failed' })] }, /ended with/],
  ['anew for no reason', { seen: [first, shown('t2', answerTo(two) + anew)] }, /never killed/],
  ['never acknowledged', { seen: [first, second], unacknowledged: 1 }, /never acknowledged/],
  [
    'a placeholder left behind',
    { seen: [first, shown('t2', '…', { last: false }, 't2:placeholder'), second] },
    /placeholders were left/,
  ],
])('seen: %s', ([, view, problem]) => {
  expect(check(view)).toMatch(problem);
});
