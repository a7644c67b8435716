import type { Translate } from '../i18n/catalogue.ts';
import { cleanName } from '../names.ts';

/** The name that somebody gave, in one line (empty: none), or why it cannot be one. `limit` in UTF-16 units. */
export function givenName(
  args: string,
  limit: number,
  t: Translate,
): { readonly name: string } | { readonly refusal: string } {
  const name = cleanName(args);
  if (name.length > limit) return { refusal: t('name_too_long', { limit, length: name.length }) };
  return { name };
}
