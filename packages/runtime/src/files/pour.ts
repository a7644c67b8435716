/** Bytes on their way to and from the disk: one piece on its way out while the next one comes in. */
import type { FileHandle } from 'node:fs/promises';
import { type Bytes, FileError, isFileError } from '@surfaces/core';

const PIECE = 256 * 1024;

/**
 * Writes everything to an open file, and makes it durable; its size. Throws a `FileError`: `empty`,
 * `too_large`, `cut_off`; the signal's reason; or the file system's error.
 */
export async function pour(
  content: Bytes,
  to: FileHandle,
  maxBytes: number,
  signal: AbortSignal,
): Promise<number> {
  const source = content[Symbol.asyncIterator]();
  let size = 0;
  let whole = false;
  try {
    let coming = nextOf(source, signal);
    for (;;) {
      const next = await coming;
      if (next.done) break;
      size += next.value.byteLength;
      if (size > maxBytes) throw new FileError('too_large', `more than ${maxBytes} bytes`);
      coming = nextOf(source, signal);
      // Heard of after this one is written.
      coming.catch(() => undefined);
      await to.writeFile(next.value);
    }
    whole = true;
  } finally {
    // Not awaited: a source that hangs would not end here either.
    if (!whole) source.return?.().catch(() => undefined);
  }
  if (size === 0) throw new FileError('empty', 'no bytes came');
  await to.sync();
  return size;
}

/** The next piece; a source that hangs does not outlast the signal. */
function nextOf(source: AsyncIterator<Uint8Array>, signal: AbortSignal): Promise<IteratorResult<Uint8Array>> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    source
      .next()
      .then(resolve, (cause) =>
        reject(
          isFileError(cause) ? cause : new FileError('cut_off', 'the bytes ended with an error', { cause }),
        ),
      )
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** From byte `from` to before `to` of an open file, which it closes. Throws `cut_off` when there are fewer. */
export async function* piecesOf(handle: FileHandle, from: number, to: number): AsyncGenerator<Uint8Array> {
  const read = (position: number) => {
    if (position >= to) return undefined;
    const reading = handle.read({
      buffer: Buffer.allocUnsafeSlow(Math.min(PIECE, to - position)),
      position,
    });
    // Heard of when its turn comes.
    reading.catch(() => undefined);
    return reading;
  };
  try {
    let at = from;
    for (let reading = read(at); reading !== undefined; ) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) throw new FileError('cut_off', `ended at byte ${at} of ${to}`);
      at += bytesRead;
      reading = read(at);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
