/** The name of a file in a `Content-Disposition` (RFC 6266, RFC 8187). */

/** Control characters, what parts a path, and what turns the direction of writing to hide an ending. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
const NOT_IN_A_NAME = /[\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function contentDisposition(kind: 'inline' | 'attachment', name: string): string {
  const clean = name.toWellFormed().replace(NOT_IN_A_NAME, '_') || 'file';
  const plain = clean.replace(/[^ -~]/g, '_').replace(/["%]/g, '_');
  if (plain === clean) return `${kind}; filename="${plain}"`;
  const encoded = encodeURIComponent(clean).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
