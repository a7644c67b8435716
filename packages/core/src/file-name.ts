/** The longest name, in bytes of UTF-8; what is put before the extension of a taken name comes on top. */
export const MAX_NAME_BYTES = 200;
/** Files that are not whole yet begin with this; no name of a file may. */
export const UNFINISHED_PREFIX = '.surfaces-';

/** Separators are gone before; control characters, what Windows reserves, and what turns the reading direction. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
/** Names of devices on Windows, whatever follows behind a dot. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/i;
/** Longer than this it is no extension. */
const EXTENSION = /\.[^.\s]{1,20}$/u;
const NO_NAME = 'file';

/**
 * A name that is safe on every system: one part of a path, in Unicode form NFC, at most `MAX_NAME_BYTES`
 * long with its extension kept, never empty. A safe name stays as it is.
 */
export function safeFileName(name: string): string {
  const base = name.toWellFormed().normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  let safe = shortened(withoutEdges(base.replace(UNSAFE, '_')));
  if (DEVICE.test(safe) || safe.toLowerCase().startsWith(UNFINISHED_PREFIX)) safe = `_${safe}`;
  return shortened(safe) || NO_NAME;
}

/** `report.txt` as `report (1).txt`. */
export function numberedName(name: string, number: number): string {
  const { stem, extension } = parts(name);
  return `${stem} (${number})${extension}`;
}

function withoutEdges(name: string): string {
  return name.replace(/^\s+/u, '').replace(/[\s.]+$/u, '');
}

function parts(name: string): { readonly stem: string; readonly extension: string } {
  const at = EXTENSION.exec(name)?.index ?? 0;
  return at > 0 ? { stem: name.slice(0, at), extension: name.slice(at) } : { stem: name, extension: '' };
}

function shortened(name: string): string {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  if (bytes(name) <= MAX_NAME_BYTES) return name;
  const { stem, extension } = parts(name);
  let room = MAX_NAME_BYTES - bytes(extension);
  let kept = '';
  for (const character of stem) {
    room -= bytes(character);
    if (room < 0) break;
    kept += character;
  }
  return withoutEdges(kept + extension);
}
