/** Is it text, and in which encoding? Judged by the first bytes; what is only guessed is said. */

export interface Encoding {
  readonly name: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252' | 'windows-1251' | 'euc-kr';
  /** Nothing in the file proves it: some letters may be wrong. */
  readonly guessed: boolean;
}

/** So many bytes are judged. */
export const SAMPLE_BYTES = 64 * 1024;

/** `undefined`: no text. */
export function detectEncoding(sample: Uint8Array): Encoding | undefined {
  const [a, b, c] = sample;
  if (a === 0xef && b === 0xbb && c === 0xbf) return { name: 'utf-8', guessed: false };
  if (a === 0xff && b === 0xfe) return { name: 'utf-16le', guessed: false };
  if (a === 0xfe && b === 0xff) return { name: 'utf-16be', guessed: false };
  let controls = 0;
  const zeros = [0, 0];
  for (const [index, byte] of sample.entries()) {
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
    else if (byte < 32 && !(byte >= 9 && byte <= 13) && byte !== 27) controls++;
  }
  const [even = 0, odd = 0] = zeros;
  if (even + odd > 0) {
    // Plain letters in UTF-16 have a zero in every second place.
    const pairs = sample.length / 2;
    if (odd > pairs * 0.4 && even < pairs * 0.05) return { name: 'utf-16le', guessed: true };
    if (even > pairs * 0.4 && odd < pairs * 0.05) return { name: 'utf-16be', guessed: true };
    return undefined;
  }
  if (controls > sample.length * 0.02) return undefined;
  if (decodeStrictly('utf-8', sample) !== undefined) return { name: 'utf-8', guessed: false };
  return { name: guessOldEncoding(sample), guessed: true };
}

/** One byte per letter, or two in Korean: they can be told apart only by what is likely. */
function guessOldEncoding(sample: Uint8Array): 'windows-1252' | 'windows-1251' | 'euc-kr' {
  const letters = sample.filter((byte) => byte > 0x40);
  const high = letters.filter((byte) => byte > 0x7f);
  // Where letters with marks are the exception, it is a language of plain Latin letters.
  if (high.length < letters.length * 0.4) return 'windows-1252';
  const korean = decodeStrictly('euc-kr', sample)?.match(/[\uac00-\ud7a3]/g) ?? [];
  return korean.length * 2 > high.length * 0.6 ? 'euc-kr' : 'windows-1251';
}

/** `undefined` where the bytes are not of that encoding; the last character may be cut. */
function decodeStrictly(encoding: Encoding['name'], sample: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(sample, { stream: true });
  } catch {
    return undefined;
  }
}

/** What the first bytes say of a file that is no text: a short name, or nothing. */
export function kindOfBytes(sample: Uint8Array): string | undefined {
  const head = Buffer.from(sample.buffer, sample.byteOffset, Math.min(sample.length, 512));
  const ascii = (from: number, to: number) => head.toString('latin1', from, to);
  if (ascii(0, 4) === 'RIFF') return { WEBP: 'WebP', WAVE: 'WAV', 'AVI ': 'AVI' }[ascii(8, 12)] ?? 'RIFF';
  if (ascii(4, 8) === 'ftyp') return /^(?:heic|heix|mif1)/.test(ascii(8, 12)) ? 'HEIC' : 'MP4';
  if (ascii(257, 262) === 'ustar') return 'TAR';
  return MAGIC.find(([bytes]) => ascii(0, bytes.length) === bytes)?.[1];
}

const MAGIC: readonly (readonly [bytes: string, kind: string])[] = [
  ['\x89PNG\r\n\x1a\n', 'PNG'],
  ['\xff\xd8\xff', 'JPEG'],
  ['GIF87a', 'GIF'],
  ['GIF89a', 'GIF'],
  ['%PDF-', 'PDF'],
  ['PK\x03\x04', 'ZIP'],
  ['PK\x05\x06', 'ZIP'],
  ['\x1f\x8b', 'gzip'],
  ['BZh', 'bzip2'],
  ['\xfd7zXZ\0', 'xz'],
  ['\x28\xb5\x2f\xfd', 'Zstandard'],
  ["7z\xbc\xaf'\x1c", '7-Zip'],
  ['Rar!\x1a\x07', 'RAR'],
  ['SQLite format 3\0', 'SQLite'],
  ['\x7fELF', 'ELF'],
  ['MZ', 'EXE'],
  ['\0asm', 'WebAssembly'],
  ['\xd0\xcf\x11\xe0', 'OLE'],
  ['OggS', 'Ogg'],
  ['ID3', 'MP3'],
  ['fLaC', 'FLAC'],
  ['\x1aE\xdf\xa3', 'Matroska'],
  ['II*\0', 'TIFF'],
  ['MM\0*', 'TIFF'],
  ['BM', 'BMP'],
];
