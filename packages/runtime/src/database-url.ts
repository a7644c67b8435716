/** What DATABASE_URL may say. */
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export type DatabaseConfig =
  | { readonly kind: 'sqlite'; readonly dataDir: string; readonly file: string }
  /** The URL has a password in it. */
  | { readonly kind: 'postgres'; readonly url: string };

const FORMS =
  'expected sqlite:/path/of/a/file.db (a plain file name of letters, digits, dots and dashes), postgres://host:port/database with user and password before the host, or nothing for surfaces.db in the data directory';

export const DatabaseUrl = z.string().transform((text, context): DatabaseConfig => {
  const problem = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (/^postgres(ql)?:/i.test(text)) {
    const url = URL.parse(text);
    const usable = url !== null && /^postgres(ql)?:\/\//i.test(text) && url.pathname.length > 1;
    return usable
      ? { kind: 'postgres', url: text.replace(/^[a-z]+/i, (scheme) => scheme.toLowerCase()) }
      : problem(
          'expected postgres://host:port/database, with user:password@ before the host (special characters of the password as %XX)',
        );
  }
  const path = sqlitePath(text);
  if (path === undefined || !/^(?!\.+$)[\w.-]+$/.test(basename(path))) return problem(FORMS);
  return { kind: 'sqlite', dataDir: dirname(path), file: basename(path) };
});

/** `sqlite:`, `sqlite://` or `file:` and a path; a relative one begins at the current directory. */
function sqlitePath(text: string): string | undefined {
  if (text.includes('?') || text.includes('#') || text.endsWith('/')) return undefined;
  const match = /^(sqlite|file):(?:\/\/(?=\/|[a-z]:))?(.+)$/i.exec(text);
  if (match === null) return undefined;
  const path = match[2] ?? '';
  if (path.startsWith('//') || path === ':memory:') return undefined;
  if (/^file:\/\//i.test(text)) return URL.canParse(text) ? fileURLToPath(text) : undefined;
  return resolve(path);
}
