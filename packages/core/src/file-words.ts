/** What people read about files: names that cannot do anything in a text, and reasons. */
import type { Context } from './context.ts';
import type { MessageKey, Translate } from './i18n/catalogue.ts';
import { clip, insideCode } from './markdown/escape.ts';
import { cleanName } from './names.ts';
import { notesWords } from './notes.ts';
import type { FileErrorCode, Turn } from './ports/index.ts';

/** So many files are named in one text; the rest is counted. */
const NAMED = 10;
const LONGEST_NAME = 200;

const REASONS = {
  too_large: 'file_error_too_large',
  empty: 'file_error_empty',
  not_found: 'file_error_not_found',
  outside: 'file_error_outside',
  not_a_file: 'file_error_not_a_file',
  no_workspace: 'file_error_no_workspace',
  disk_full: 'file_error_disk_full',
  cut_off: 'file_error_cut_off',
  failed: 'file_error_failed',
} as const satisfies Record<FileErrorCode, MessageKey>;

/** Why a file could not be had; codes that are not known any more say that something failed. */
export function fileReason(t: Translate, code: string | undefined): string {
  return t(code !== undefined && code in REASONS ? REASONS[code as FileErrorCode] : 'file_error_failed');
}

/** A name or path of a file as it may stand in a text; names are not ours. */
export function fileName({ scrub }: Pick<Context, 'scrub'>, name: string): string {
  return `\`${insideCode(clip(cleanName(scrub(name)), LONGEST_NAME)) || '?'}\``;
}

/**
 * What was said, in one line for a list, at most `limit` UTF-16 units: the text, or the names of files that
 * came without one. Of what we said to the agent, what it is for.
 */
export function quoted(
  { text, attachments }: Pick<Turn, 'text' | 'attachments'>,
  t: Translate,
  limit: number,
): string {
  const ours = notesWords(text, t, limit);
  if (ours !== undefined) return ours;
  const said = text.trim() || attachments.map(({ name }) => name).join(', ');
  return `\`${clip(insideCode(cleanName(said)), limit) || '?'}\``;
}

/** All of them in one line, as far as they are not too many. */
export function fileNames(context: Pick<Context, 'scrub'>, t: Translate, names: readonly string[]): string {
  const named = names.slice(0, NAMED).map((name) => fileName(context, name));
  if (names.length > NAMED) named.push(t('expired_more', { count: names.length - NAMED }));
  return named.join(', ');
}
