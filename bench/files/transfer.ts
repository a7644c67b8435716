/** A browser's uploads and downloads, with the sum of what went over. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';

const PIECE = Buffer.alloc(256 * 1024, 'a file that is the same nowhere: ');

/** Of `bytes` bytes, no piece like another. `onEnd` hears of the sum. */
function* pieces(bytes: number, onEnd: (sum: number) => void): Generator<Buffer> {
  let sum = 0;
  for (let at = 0; at < bytes; at += PIECE.length) {
    const piece = Buffer.from(PIECE.subarray(0, bytes - at));
    piece.write(String(at));
    sum = crc32(piece, sum);
    yield piece;
  }
  onEnd(sum);
}

/** The file's id and the sum of what was sent. */
export async function upload(
  url: string,
  bytes: number,
): Promise<{ readonly id: string; readonly sum: number }> {
  const sent = request(new URL(`upload?name=${bytes}.bin`, url), {
    method: 'POST',
    headers: { 'Content-Length': bytes },
  });
  const answered = once(sent, 'response');
  let sum = 0;
  await pipeline(
    Readable.from(
      pieces(bytes, (all) => {
        sum = all;
      }),
    ),
    sent,
  );
  // What `response` comes with.
  const [response] = (await answered) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  if (response.statusCode !== 201) throw new Error(`the upload was refused: ${text}`);
  // Both sides answer with an id.
  return { id: (JSON.parse(text) as { id: string }).id, sum };
}

/** The sum of what came. */
export async function download(url: string, path: string): Promise<number> {
  const [response] = (await once(request(new URL(path, url)).end(), 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`the download was answered with ${response.statusCode}`);
  let sum = 0;
  response.on('data', (chunk: Buffer) => {
    sum = crc32(chunk, sum);
  });
  await once(response, 'end');
  return sum;
}
