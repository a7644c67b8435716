/** The operators' door of a running app: HTTP on a socket that only this user can open. */
import { once } from 'node:events';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isMainThread } from 'node:worker_threads';
import type { Logger } from '@surfaces/core';
import { FileId, OperationId, PersonId } from '@surfaces/protocol';
import { z } from 'zod';
import { EXIT } from '../exit-codes.ts';
import { errnoOf } from '../files/failure.ts';
import { isStartError, StartError } from '../start-error.ts';
import { Chosen, PeopleQuery, type Status } from './messages.ts';
import type { Operator } from './operator.ts';
import { isOperatorError, OperatorError } from './operator-error.ts';
import { directPlace, otherPlace, writePointer } from './socket-place.ts';

export interface DoorOptions {
  /** Made when it is not there. */
  readonly dataDir: string;
  readonly operator: Operator;
  readonly status: () => Promise<Status>;
  readonly logger: Logger;
}

export interface Door {
  /** The path of the socket. */
  readonly place: string;
  /** Ends what is being given, and waits a little for what is being done. */
  close(): Promise<void>;
}

/** How long what is being done may take when the app stops, milliseconds. */
const CLOSE_MS = 5000;
const MAX_BODY = 16 * 1024 * 1024;
const NO_SOCKETS_HERE: ReadonlySet<string | undefined> = new Set([
  'EINVAL',
  'ENAMETOOLONG',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EPERM',
]);

/**
 * Rejects with a `StartError` when a live process uses the data directory, with an `OperatorError` or
 * the system's error when no socket can be made.
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { dataDir, logger } = options;
  const working = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const work = answer(options, request, response).catch((error) => refuse(response, error, logger));
    working.add(work);
    void work.finally(() => working.delete(work));
  });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const place = await listen(server, dataDir);
  server.on('error', (err) => logger.warn({ err }, 'an operator could not be let in'));
  return {
    place,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await writePointer(dataDir, undefined);
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, CLOSE_MS);
      server.closeIdleConnections();
      await Promise.race([Promise.all(working), late.promise]);
      clearTimeout(timer);
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, dataDir: string): Promise<string> {
  const direct = await directPlace(dataDir);
  if (direct !== undefined) {
    try {
      await listenAt(server, direct, dataDir);
      await writePointer(dataDir, undefined);
      return direct;
    } catch (error) {
      if (process.platform === 'win32' || !NO_SOCKETS_HERE.has(errnoOf(error))) throw error;
    }
  }
  const other = await otherPlace(dataDir);
  await listenAt(server, other, dataDir);
  await writePointer(dataDir, other);
  return other;
}

async function listenAt(server: Server, place: string, dataDir: string): Promise<void> {
  if (await isLive(place)) {
    throw new StartError(
      `another process uses the data directory ${dataDir}: stop it first, or set SURFACES_DATA_DIR to another one.`,
      EXIT.inUse,
    );
  }
  const isPath = dirname(place) !== '.' && process.platform !== 'win32';
  if (isPath) await clear(place);
  // From its first moment it is for this user alone, whatever the rights of the directory are.
  const umask = isPath && isMainThread ? process.umask(0o177) : undefined;
  try {
    server.listen(place);
  } finally {
    if (umask !== undefined) process.umask(umask);
  }
  await once(server, 'listening');
  if (isPath) await chmod(place, 0o600);
}

/** Takes away the socket of a process that crashed. */
async function clear(place: string): Promise<void> {
  const found = await lstat(place).catch(() => undefined);
  if (found !== undefined && !found.isSocket()) {
    throw new OperatorError(`${place} is there and is no socket: remove it.`);
  }
  await rm(place, { force: true });
}

/** Whether somebody listens there. */
async function isLive(place: string): Promise<boolean> {
  const socket = connect(place);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    const code = errnoOf(error);
    // It is so busy that nobody more may wait.
    if (code === 'EAGAIN') return true;
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

async function answer({ operator, status }: DoorOptions, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', 'http://operator');
  const [version, ...parts] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const [what = '', id = '', which = '', file = ''] = parts;
  const query = Object.fromEntries(url.searchParams);
  const person = () => PersonId.parse(id);
  switch (`${request.method} ${version} ${[what, id && ':', which, file && ':'].filter(Boolean).join('/')}`) {
    case 'GET v1 status':
      return json(response, await status());
    case 'GET v1 dead-letters':
      return json(response, { deadLetters: await operator.deadLetters(Limit.parse(query).limit) });
    case 'GET v1 dead-letters/:':
      return json(response, {
        deadLetters: [await operator.deadLetter(OperationId.parse(id))].filter((one) => one !== undefined),
      });
    case 'POST v1 replay':
      return json(response, { count: await operator.replay(Chosen.parse(await bodyOf(request))) });
    case 'POST v1 drop':
      return json(response, { count: await operator.drop(Chosen.parse(await bodyOf(request))) });
    case 'GET v1 people':
      return json(response, { people: await operator.people(PeopleQuery.parse(query)) });
    case 'GET v1 people/:/holdings':
      return json(response, await operator.holdings(person()));
    case 'GET v1 people/:/records':
      return await give(response, lines(operator.records(person())));
    case 'GET v1 people/:/files':
      return await give(response, lines(operator.files(person())));
    case 'GET v1 people/:/files/:':
      return await give(response, operator.read(person(), FileId.parse(file)));
    case 'DELETE v1 people/:':
      return json(response, await operator.forget(person()));
    default:
      return json(response, { error: `there is no ${request.method} ${url.pathname}` }, 404);
  }
}

const Limit = z.object({ limit: z.coerce.number().int().min(1).max(100_000).default(1000) });

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let size = 0;
  // A request without an encoding gives buffers.
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_BODY) throw new OperatorError('that is too much at once');
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}

async function* lines(items: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const item of items) yield `${JSON.stringify(item)}\n`;
}

/** As fast as it is taken. What fails in the middle is cut off, so that it is not taken for the whole. */
async function give(response: ServerResponse, content: AsyncIterable<string | Uint8Array>): Promise<void> {
  await pipeline(Readable.from(content), response);
}

function json(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, error: unknown, logger: Logger): void {
  const gone = response.destroyed;
  if (!gone) logger.warn({ err: error }, "an operator's wish failed");
  if (gone || response.headersSent) return void response.destroy();
  const isTheirs = error instanceof z.ZodError || error instanceof SyntaxError || error instanceof URIError;
  const message = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
  json(response, { error: message }, isTheirs || isOperatorError(error) || isStartError(error) ? 400 : 500);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
