/** What one person must have read at the end: each message answered once, rightly, in order. */
import type { Conversation } from './conversation.ts';
import type { Seen } from './person.ts';
import { type Asked, answerTo, chatsIn, digest, plain, question, reportsOf } from './words.ts';

export interface ChatCounts {
  answered: number;
  stopped: number;
  begunAnew: number;
  labelledDuplicates: number;
  orphanedPlaceholders: number;
  filesShown: number;
  filesCutOff: number;
}

export const NO_CHAT_COUNTS: ChatCounts = {
  answered: 0,
  stopped: 0,
  begunAnew: 0,
  labelledDuplicates: 0,
  orphanedPlaceholders: 0,
  filesShown: 0,
  filesCutOff: 0,
};

export interface ChatRules {
  /** Sends may be doubled here, if they say so. */
  readonly ambiguous: boolean;
  /** Answers may say that they were begun anew: the agent was killed. */
  readonly restarts: boolean;
  /** Which process of the agent had the last word on a message, by its text. */
  readonly runs: ReadonlyMap<string, number>;
}

const ANEW = '_The agent was interrupted and began this answer anew._';
const STOPPED = 'Stopped.';
/** A stop that came when the answer was there and its files were not all copied yet. */
const FILE_CUT_OFF = /📎 I could not send `[^`]*\/([\w.-]+)`: it broke off in the middle\./g;

/** One turn as the person sees it. */
interface Shown {
  readonly turnId: string;
  readonly parts: Seen[];
  readonly notices: Seen[];
}

export function checkChat(conversation: Conversation, rules: ChatRules, counts: ChatCounts): string[] {
  const { person, asked, stops } = conversation;
  const problems: string[] = [...person.complaints];
  const say = (problem: string) => problems.push(`${person.surface} ${person.chat}: ${problem}`);
  for (const notice of person.refused) say(`refused: ${notice}`);
  if (person.unacknowledged() > 0) say(`${person.unacknowledged()} events were never acknowledged`);

  const seen = withoutLabelledDuplicates(person.seen(), rules, counts, say);
  const turns = byTurn(seen, rules, counts, say);
  checkQuestions(seen, say);
  if (turns.length !== asked.length) say(`${asked.length} messages, ${turns.length} answers`);

  let stopped = 0;
  for (const [index, turn] of turns.entries()) {
    const message = asked[index];
    if (message) stopped += checkTurn(turn, message, { ...rules, digests: person.digests }, counts, say);
  }
  if (stopped > stops) say(`${stopped} answers were stopped, or their files, by ${stops} stops`);
  for (const command of ['new', 'clear'] as const) {
    const [said, told] = [conversation.said[command], conversation.replies(command, seen)];
    if (said !== told) say(`/${command} was said ${said} times and done ${told} times`);
  }
  if (person.places() !== conversation.said.new) {
    say(`${conversation.said.new} new chats have ${person.places()} places`);
  }
  for (const { message } of seen) {
    for (const chat of chatsIn(message.markdown)) if (chat !== person.chat) say(`speaks of ${chat}`);
  }
  return problems;
}

type Say = (problem: string) => void;

function withoutLabelledDuplicates(
  seen: readonly Seen[],
  rules: ChatRules,
  counts: ChatCounts,
  say: Say,
): Seen[] {
  const operations = new Set<string>();
  return seen.filter(({ operationId, message }) => {
    if (operationId === undefined) return true;
    if (!operations.has(operationId)) {
      operations.add(operationId);
      return true;
    }
    // Previews make no promise: a placeholder that was lost sight of stays behind.
    if (rules.ambiguous && operationId.endsWith(':placeholder')) return true;
    if (!rules.ambiguous || !message.maybeDuplicate) say(`operation ${operationId} is shown twice`);
    else counts.labelledDuplicates += 1;
    return false;
  });
}

/** In the order of their last parts' places. */
function byTurn(seen: readonly Seen[], rules: ChatRules, counts: ChatCounts, say: Say): Shown[] {
  const turns = new Map<string, Shown>();
  const orphans: Seen[] = [];
  for (const entry of seen) {
    const { message, operationId } = entry;
    if (message.turnId === undefined) continue;
    // Only a placeholder that no final took over still looks like one.
    if (operationId?.endsWith(':placeholder') && message.markdown === '…') {
      orphans.push(entry);
      continue;
    }
    const turn = turns.get(message.turnId) ?? { turnId: message.turnId, parts: [], notices: [] };
    turns.set(message.turnId, turn);
    (message.role === 'agent' ? turn.parts : turn.notices).push(entry);
  }
  counts.orphanedPlaceholders += orphans.length;
  if (!rules.ambiguous && orphans.length > 0) say(`${orphans.length} placeholders were left behind`);
  return [...turns.values()];
}

function checkQuestions(seen: readonly Seen[], say: Say): void {
  const questions = seen.flatMap(({ message }) => message.buttons.map(({ action }) => action));
  const tokens = questions.filter((action) => action.startsWith('confirm:') && action.endsWith(':once'));
  if (new Set(tokens).size < tokens.length) say('a question is shown twice');
}

/** How many stops it took. */
function checkTurn(
  turn: Shown,
  asked: Asked,
  rules: ChatRules & Pick<Conversation['person'], 'digests'>,
  counts: ChatCounts,
  say: Say,
): number {
  const { parts, notices } = turn;
  const name = `the answer to #${asked.number} (${asked.kind}, turn ${turn.turnId})`;
  for (const [index, { message }] of parts.entries()) {
    if (message.part !== index) say(`${name} has part ${message.part} in place ${index}`);
    if (message.last !== (index === parts.length - 1)) say(`${name} ends at the wrong part`);
    if (message.state === 'failed') say(`${name} failed`);
  }
  let text = plain(parts.map(({ message }) => message.markdown).join(' '));
  if (text.endsWith(ANEW)) {
    text = plain(text.slice(0, -ANEW.length));
    counts.begunAnew += 1;
    if (!rules.restarts) say(`${name} was begun anew though the agent was never killed`);
  }
  const cutOff = new Set([...text.matchAll(FILE_CUT_OFF)].map(([, file]) => file));
  text = plain(text.replace(FILE_CUT_OFF, ''));
  const reports = reportsOf(asked, rules.runs.get(question(asked)) ?? 0).filter(
    ({ name: report }) => !cutOff.has(report),
  );
  const files = parts.flatMap(({ file }) => file ?? []);
  counts.filesShown += files.length;
  for (const [index, { id, name: fileName }] of files.entries()) {
    const report = reports[index];
    if (fileName !== report?.name) say(`${name} has the file ${fileName} in place ${index}`);
    else if (rules.digests.get(id) !== digest(report.bytes)) say(`${name} has other bytes in ${fileName}`);
  }
  const right = plain(answerTo(asked));
  if (notices.length === 0) {
    counts.answered += 1;
    if (joined(text) !== joined(right)) say(`${name} is wrong: ${text}`);
    if (files.length !== reports.length) say(`${name} has ${files.length} files, not ${reports.length}`);
    if (cutOff.size === 0) return 0;
    counts.filesCutOff += cutOff.size;
    return 1;
  }
  const [notice] = notices;
  if (notices.length > 1 || notice?.message.markdown !== STOPPED) {
    say(`${name} ended with: ${notices.map(({ message }) => message.markdown).join(' | ')}`);
    return 0;
  }
  counts.stopped += 1;
  if (!joined(right).startsWith(joined(text))) say(`${name} was stopped, and wrong: ${text}`);
  return 1;
}

/** A word may be cut between two parts. */
function joined(text: string): string {
  return text.replaceAll(' ', '');
}
