import type { Button, MessageId, OutgoingMessage, Settled } from '@surfaces/protocol';
import type { Answer } from './answer.ts';
import type { Context } from './context.ts';
import { fileName, fileReason } from './file-words.ts';
import type { Given } from './given-files.ts';
import { type MessageKey, type Translate, translator } from './i18n/catalogue.ts';
import { sizeText } from './i18n/size.ts';
import type { Job } from './lane.ts';
import { clip } from './markdown/escape.ts';
import type { NewOperation, TurnOutcome } from './ports/index.ts';
import { operationId, say } from './say.ts';

/** How a turn ended, and what is to be said about it. */
export type Outcome =
  | { readonly kind: 'answered' }
  | {
      readonly kind: Exclude<TurnOutcome, 'answered' | 'expired'>;
      readonly key: MessageKey;
      readonly parameters?: Record<string, string | number>;
    };

/**
 * Everything that is shown of a finished turn: the answer's parts, as far as it came, and its files, then
 * in words what went wrong and a way to try again. The first part finishes the placeholder where there is one.
 */
export function finalOperations(
  job: Job,
  answer: Answer,
  given: Given,
  outcome: Outcome,
  placeholder: MessageId | undefined,
  { limits, scrub }: Pick<Context, 'limits' | 'scrub'>,
  questions: readonly Settled[] = [],
): NewOperation[] {
  const { turn, chat, person, adapter } = job;
  const t = translator(person.locale);
  const sign = adapter.capabilities.commandSign ?? '/';
  const retry: Button[] = [{ label: t('button_retry'), action: `retry:${turn.id}` }];
  const common = { address: turn.address, chat, turn: turn.id } as const;
  const operations: NewOperation[] = [];

  const paragraphs = [clip(scrub(answer.text), limits.answer).trim()];
  paragraphs.push(...withheld(job, given, t, { scrub }));
  if (answer.restarted) paragraphs.push(t('answer_restarted'));
  let markdown = paragraphs
    .filter((paragraph) => paragraph !== '')
    .join('\n\n')
    .toWellFormed();
  const files = fileOperations(job, given, scrub);
  if (markdown === '' && files.length === 0 && outcome.kind === 'answered') markdown = t('empty_answer');
  // What grew in the placeholder has to become something, and a file it cannot be.
  if (markdown === '' && files.length > 0 && placeholder !== undefined) {
    markdown = t('files_alone', { count: files.length });
  }
  const state: OutgoingMessage['state'] =
    outcome.kind === 'answered' || outcome.kind === 'cancelled' ? 'final' : 'failed';
  if (markdown !== '') {
    operations.push(...say(adapter, { ...common, name: `${turn.id}:final`, role: 'agent', markdown, state }));
  }
  operations.push(...files);
  const shown = operations.length;
  for (const [part, operation] of operations.entries()) {
    const message = { ...operation.message, state, part, last: part === shown - 1 };
    operations[part] = { ...operation, message };
  }
  if (outcome.kind !== 'answered') {
    operations.push(
      ...say(adapter, {
        ...common,
        name: `${turn.id}:notice`,
        role: 'system',
        markdown:
          adapter.capabilities.buttons === 'none'
            ? `${t(outcome.key, outcome.parameters)}\n\n${t('retry_hint', { sign })}`
            : t(outcome.key, outcome.parameters),
        state: outcome.kind === 'cancelled' ? 'final' : 'failed',
        buttons: retry,
      }),
    );
  }
  const last = operations.pop();
  if (last) {
    // Whatever the turn asked cannot be answered any more.
    const settles = questions.length > 0 ? { settles: [...questions] } : {};
    operations.push({ ...last, message: { ...last.message, ...settles } });
  }
  const [first, ...rest] = operations;
  if (first && placeholder !== undefined) return [{ ...first, editOf: placeholder }, ...rest];
  return operations;
}

/** One operation for each file that could be had. */
function fileOperations({ turn, chat, person }: Job, given: Given, scrub: Context['scrub']): NewOperation[] {
  const kept = given.files.flatMap((file) => ('kept' in file ? [file.kept] : []));
  return kept.map(({ id, name, mediaType, size }, index) => ({
    id: operationId(turn.id, 'file', index),
    address: turn.address,
    chat: chat.key,
    turn: turn.id,
    message: {
      kind: 'message',
      role: 'agent',
      markdown: '',
      state: 'final',
      turnId: turn.id,
      part: index,
      last: false,
      buttons: [],
      file: { owner: person.id, id, name: clip(scrub(name), 255) || name, mediaType, size },
    },
  }));
}

/** Which files are not among the answer's, and why. */
function withheld(
  { adapter, person }: Job,
  given: Given,
  t: Translate,
  context: Pick<Context, 'scrub'>,
): string[] {
  const { files: able } = adapter.capabilities;
  const limit = able === 'none' ? '' : sizeText(able.maxBytes, person.locale);
  const lines = given.files.flatMap((file) => {
    if ('kept' in file) return [];
    const name = fileName(context, file.path);
    if (file.error === 'no_files') return [t('file_no_files', { name })];
    if (file.error === 'too_large_here') return [t('file_too_large_here', { name, limit })];
    return [t('file_not_given', { name, reason: fileReason(t, file.error) })];
  });
  if (given.more > 0) lines.push(t('files_more', { count: given.more, limit: given.files.length }));
  return lines;
}
