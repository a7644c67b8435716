/** One file over HTTP: `fetch` does not tell how much of a body is up, so it is an older request. */
import { PageFile, UploadError } from '../../src/frames.ts';
import type { Sent } from './uploads.ts';

/** Resolves with `cut_off` when the connection breaks; `signal` ends the request. */
export function sendFile(file: File, progress: (bytes: number) => void, signal: AbortSignal): Promise<Sent> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const settle = (sent: Sent) => {
      signal.removeEventListener('abort', stop);
      resolve(sent);
    };
    request.open(
      'POST',
      new URL(`./upload?name=${encodeURIComponent(wellFormed(file.name))}`, location.href),
    );
    if (file.type !== '') request.setRequestHeader('Content-Type', file.type);
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => settle(outcome(request.status, request.responseText));
    request.onerror = () => settle({ problem: 'cut_off' });
    request.ontimeout = () => settle({ problem: 'cut_off' });
    request.onabort = () => settle({ problem: 'cut_off' });
    signal.addEventListener('abort', stop, { once: true });
    request.send(file);
  });
}

/** What cannot be taken back now stays at the server until it is too old. */
export function dropFile({ id }: PageFile): void {
  const place = new URL(`./files/${id}`, location.href);
  // Also when the page is left meanwhile.
  fetch(place, { method: 'DELETE', keepalive: true }).catch(() => undefined);
}

/** Names of files may hold halves of characters, which cannot be written into an address. */
function wellFormed(name: string): string {
  return name.toWellFormed();
}

function outcome(status: number, body: string): Sent {
  const json = readJson(body);
  if (status >= 200 && status < 300) {
    const file = PageFile.safeParse(json);
    return file.success ? { file: file.data } : { problem: 'failed' };
  }
  const error = UploadError.safeParse(json);
  if (error.success) return { problem: error.data.error };
  if (status === 401 || status === 403) return { problem: 'signed_out' };
  // A proxy in between has a limit or a problem of its own.
  if (status === 413) return { problem: 'too_large' };
  return { problem: status === 502 || status === 503 || status === 504 ? 'stopping' : 'failed' };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
