/** The check is only worth something if it sees what goes wrong. */
import { FileId, OutgoingMessage } from '@surfaces/protocol';
import { expect, test } from 'vitest';
import { checkChat, NO_CHAT_COUNTS } from './check-chat.ts';
import { Conversation } from './conversation.ts';
import type { Person, Seen } from './person.ts';
import { Random } from './random.ts';
import { type Asked, answerTo, digest, question, reportsOf } from './words.ts';

const ask = (number: number): Asked => ({ number, kind: 'short', size: 3, chat: 'chat-001' });
const [one, two] = [ask(1), ask(2)];
const three: Asked = { ...ask(3), kind: 'file' };
/** The process that had the last word on it, and an earlier one. */
const [LAST, EARLIER] = [17, 16];
const anew = '\n\n_The agent was interrupted and began this answer anew._';

function shown(turnId: string, markdown: string, more: Partial<OutgoingMessage> = {}, operation = ''): Seen {
  const message = OutgoingMessage.parse({ kind: 'message', role: 'agent', markdown, turnId, ...more });
  return { message, operationId: operation || `${turnId}:${message.role}:${message.part}` };
}

const first = shown('t1', answerTo(one));
const second = shown('t2', answerTo(two));
const made = shown('', 'The chat C2 has a place of its own now. I have written', { turnId: undefined }, 'n');
const cleared = shown('', 'Done: the agent begins anew here and', { turnId: undefined }, 'c');
const again = shown('', 'Done: the agent begins anew here and', { turnId: undefined }, 'd');
const cut = '\n\n📎 I could not send `p1/report-3-1.txt`: it broke off in the middle.';
const thirdCut = shown('t3', answerTo(three) + cut, { last: false });
const stopped = shown('t2', 'Stopped.', { role: 'system' });

const third = shown('t3', answerTo(three), { last: false });
function fileOf(index: number, more: Partial<OutgoingMessage> = {}, run = LAST, times = ''): Seen {
  const report = reportsOf(three, run)[index];
  if (!report) throw new Error(`no report ${index}`);
  const seen = shown('t3', '', { part: index + 1, last: index === 1, ...more }, `t3:file:${index}${times}`);
  const id = FileId.parse(`the-file-${run}-number-${index}`);
  return { ...seen, file: { id, name: report.name, size: report.bytes.length } };
}
const digests = new Map(
  [LAST, EARLIER].flatMap((run) =>
    [0, 1].flatMap((index) => {
      const { file } = fileOf(index, {}, run);
      return file ? [[file.id, digest(reportsOf(three, run)[index]?.bytes ?? Buffer.alloc(0))] as const] : [];
    }),
  ),
);

interface View {
  readonly files?: boolean;
  readonly said?: Partial<Conversation['said']>;
  readonly places?: number;
  readonly seen: readonly Seen[];
  readonly stops?: number;
  readonly ambiguous?: boolean;
  readonly restarts?: boolean;
  readonly unacknowledged?: number;
}

function check({ seen, stops = 0, ambiguous = false, restarts = false, unacknowledged = 0, ...more }: View) {
  const person: Person = {
    surface: 'drafts',
    chat: 'chat-001',
    refused: [],
    complaints: [],
    digests,
    givenUp: 0,
    places: () => more.places ?? 0,
    say: () => undefined,
    press: () => undefined,
    unacknowledged: () => unacknowledged,
    seen: () => seen,
    changed: async () => undefined,
    close: async () => undefined,
  };
  const conversation = new Conversation(person, new Random(1));
  conversation.asked.push(...(more.files ? [three] : [one, two]));
  Object.assign(conversation.said, more.said);
  conversation.stops = stops;
  const runs = new Map([[question(three), LAST]]);
  return checkChat(conversation, { ambiguous, restarts, runs }, { ...NO_CHAT_COUNTS }).join('\n');
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
  ['with two files', { files: true, seen: [third, fileOf(0), fileOf(1)] }],
  ['a file cut off by a stop', { files: true, seen: [thirdCut, fileOf(0, { last: true })], stops: 1 }],
  [
    'a new chat and a new context',
    {
      seen: [first, second, made, cleared],
      said: { new: 1, clear: 1 },
      places: 1,
    },
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
  ['stopped without a stop', { seen: [first, stopped] }, /stopped, or their files, by 0 stops/],
  ['stopped, and wrong', { seen: [first, shown('t2', 'Answer 1'), stopped], stops: 1 }, /and wrong/],
  ['failed', { seen: [first, shown('t2', 'I failed.', { role: 'system', state: 'failed' })] }, /ended with/],
  ['anew for no reason', { seen: [first, shown('t2', answerTo(two) + anew)] }, /never killed/],
  ['never acknowledged', { seen: [first, second], unacknowledged: 1 }, /never acknowledged/],
  [
    'a placeholder left behind',
    { seen: [first, shown('t2', '…', { last: false }, 't2:placeholder'), second] },
    /placeholders were left/,
  ],
  ['a file cut off by nobody', { files: true, seen: [thirdCut, fileOf(0, { last: true })] }, /by 0 stops/],
  ['a file lost', { files: true, seen: [third, fileOf(0, { last: true })] }, /has 1 files, not 2/],
  [
    'a file twice',
    { files: true, seen: [third, fileOf(0), fileOf(1, { last: false }), fileOf(1, { part: 3 }, LAST, 'x')] },
    /report-3-1.txt in place 2/,
  ],
  ['files out of order', { files: true, seen: [third, fileOf(1), fileOf(0)] }, /report-3-1.txt in place 0/],
  [
    'a file of an earlier run',
    { files: true, seen: [third, fileOf(0), fileOf(1, {}, EARLIER)] },
    /other bytes/,
  ],
  ['a new chat lost', { seen: [first, second], said: { new: 1 } }, /said 1 times and done 0 times/],
  ['a place lost', { seen: [first, second, made], said: { new: 1 } }, /1 new chats have 0 places/],
  ['a place doubled', { seen: [first, second, made], said: { new: 1 }, places: 2 }, /1 new chats have 2/],
  ['a context cleared twice', { seen: [first, second, cleared, again], said: { clear: 1 } }, /done 2 times/],
])('seen: %s', ([, view, problem]) => {
  expect(check(view)).toMatch(problem);
});
