/** The files for TLS towards an agent: read, and checked before they are used. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

export type TlsPart = 'ca' | 'cert' | 'key';
export type TlsPaths = { readonly [P in TlsPart]?: string };

export interface TlsReading {
  /** PEM. */
  readonly tls: TlsPaths;
  readonly problems: readonly { readonly part: TlsPart; readonly message: string }[];
  /** Until when the files can be used, epoch milliseconds. */
  readonly ends: readonly { readonly part: TlsPart; readonly at: number }[];
}

/** Never rejects: what is wrong is in `problems`, which never show what is in a file. */
export async function readTls(paths: TlsPaths, now: number): Promise<TlsReading> {
  const problems: { part: TlsPart; message: string }[] = [];
  const ends: { part: TlsPart; at: number }[] = [];
  const tls: { [P in TlsPart]?: string } = {};
  const wrong = (part: TlsPart, message: string) => void problems.push({ part, message });

  for (const part of ['ca', 'cert', 'key'] as const) {
    const path = paths[part];
    if (path === undefined) continue;
    try {
      tls[part] = await readFile(path, 'utf8');
    } catch (error) {
      wrong(part, `${path} ${whyUnreadable(error)}`);
    }
  }
  if (paths.cert !== undefined && paths.key === undefined) wrong('cert', 'needs `key`, its private key, too');
  if (paths.key !== undefined && paths.cert === undefined) wrong('key', 'needs `cert`, its certificate, too');

  const certificates = { ca: chain('ca'), cert: chain('cert') };
  const key = tls.key === undefined ? undefined : privateKey(tls.key);
  const [own] = certificates.cert;
  if (own !== undefined && key !== undefined && !own.checkPrivateKey(key)) {
    wrong('key', `${paths.key} is not the key of the certificate in ${paths.cert}`);
  }
  if (problems.length === 0) {
    try {
      createSecureContext(tls);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
      wrong(paths.cert === undefined ? 'ca' : 'cert', `TLS does not take it (${code})`);
    }
  }
  return { tls, problems, ends };

  function chain(part: 'ca' | 'cert'): X509Certificate[] {
    const text = tls[part];
    if (text === undefined) return [];
    const blocks = text.match(/-----BEGIN (TRUSTED )?CERTIFICATE-----[\s\S]*?-----END \1?CERTIFICATE-----/g);
    let parsed: X509Certificate[];
    try {
      parsed = (blocks ?? []).map((block) => new X509Certificate(block));
    } catch {
      parsed = [];
    }
    if (parsed.length === 0) {
      wrong(part, `${paths[part]} is no certificate in PEM form (-----BEGIN CERTIFICATE-----)`);
      return [];
    }
    const reasons = parsed.flatMap((certificate) => whyNotNow(certificate) ?? []);
    // Of several authorities one may have ended, as in the lists that systems have.
    const [reason] = part === 'cert' || reasons.length === parsed.length ? reasons : [];
    if (reason !== undefined) wrong(part, `${paths[part]} ${reason}`);
    else {
      const times = parsed
        .filter((one) => whyNotNow(one) === undefined)
        .map((one) => one.validToDate.getTime());
      ends.push({ part, at: part === 'cert' ? Math.min(...times) : Math.max(...times) });
    }
    return parsed;
  }

  function whyNotNow({ validFromDate, validToDate }: X509Certificate): string | undefined {
    const day = (date: Date) => date.toISOString().slice(0, 10);
    if (validToDate.getTime() <= now) return `expired on ${day(validToDate)}: have a new certificate made`;
    if (validFromDate.getTime() > now) return `is valid only from ${day(validFromDate)}: is the clock right?`;
    return undefined;
  }

  function privateKey(text: string): KeyObject | undefined {
    try {
      return createPrivateKey(text);
    } catch {
      const encrypted = /ENCRYPTED/.test(text);
      wrong(
        'key',
        encrypted
          ? `${paths.key} is encrypted: a key without a passphrase is needed (openssl pkey -in … -out …)`
          : `${paths.key} is no private key in PEM form (-----BEGIN PRIVATE KEY-----)`,
      );
      return undefined;
    }
  }
}

/** Goes on after the name of a file. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'is not there';
    case 'EACCES':
    case 'EPERM':
      return 'cannot be read by this user: give it the right to';
    case 'EISDIR':
      return 'is a directory, not a file';
    default:
      return `cannot be read (${code})`;
  }
}
