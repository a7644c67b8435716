import type { Button, MessageId, Settled } from '@surfaces/protocol';
import type { Answer } from './answer.ts';
import type { Context } from './context.ts';
import { type MessageKey, translator } from './i18n/catalogue.ts';
import type { Job } from './lane.ts';
import { clip, insideCode } from './markdown/escape.ts';
import type { NewOperation, TurnOutcome } from './ports/index.ts';
import { say } from './say.ts';

/** So many files are named; the rest is counted. */
const FILES = 20;

/** How a turn ended, and what is to be said about it. */
export type Outcome =
  | { readonly kind: 'answered' }
  | {
      readonly kind: Exclude<TurnOutcome, 'answered' | 'expired'>;
      readonly key: MessageKey;
      readonly parameters?: Record<string, string | number>;
    };

/**
 * Everything that is shown of a finished turn: the answer's parts, as far as it came, then in words
 * what went wrong and a way to try again. The first part finishes the placeholder where there is one.
 */
export function finalOperations(
  job: Job,
  answer: Answer,
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
  for (const path of answer.files.slice(0, FILES)) {
    paragraphs.push(t('file_not_supported', { path: insideCode(clip(scrub(path), 200)) }));
  }
  if (answer.fileCount > FILES) paragraphs.push(t('expired_more', { count: answer.fileCount - FILES }));
  if (answer.restarted) paragraphs.push(t('answer_restarted'));
  let markdown = paragraphs
    .filter((paragraph) => paragraph !== '')
    .join('\n\n')
    .toWellFormed();
  if (markdown === '' && outcome.kind === 'answered') markdown = t('empty_answer');
  if (markdown !== '') {
    const state = outcome.kind === 'answered' || outcome.kind === 'cancelled' ? 'final' : 'failed';
    operations.push(...say(adapter, { ...common, name: `${turn.id}:final`, role: 'agent', markdown, state }));
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
