/** The operators' side of the door: the same operations, done by the running app. */
import { type IncomingMessage, request } from 'node:http';
import type { z } from 'zod';
import { errnoOf } from '../files/failure.ts';
import {
  Count,
  DeadLetters,
  Forgotten,
  FoundPeople,
  Holdings,
  KeptFileLine,
  RecordLine,
  Refusal,
  Status,
} from './messages.ts';
import type { Operator } from './operator.ts';
import { OperatorError } from './operator-error.ts';
import { findPlace } from './socket-place.ts';

export interface LiveOperator extends Operator {
  readonly status: Status;
}

const NOBODY: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ENOTSOCK']);

/** `undefined` when no app runs on this data directory. `signal` ends whatever is asked. */
export async function knock(dataDir: string, signal: AbortSignal): Promise<LiveOperator | undefined> {
  const place = await findPlace(dataDir);
  if (place === undefined) return undefined;
  const call = caller(place, signal);
  try {
    return operatorBy(call, await call.json('GET', 'status', Status));
  } catch (error) {
    if (NOBODY.has(errnoOf(error))) return undefined;
    if (errnoOf(error) === 'EACCES') {
      throw new OperatorError(`${place} belongs to another user: run this as the user of the app.`);
    }
    throw error;
  }
}

function operatorBy(call: ReturnType<typeof caller>, status: Status): LiveOperator {
  const of = (person: string, what = '') => `people/${encodeURIComponent(person)}${what && `/${what}`}`;
  return {
    status,
    async deadLetters(limit) {
      return (await call.json('GET', `dead-letters?limit=${limit}`, DeadLetters)).deadLetters;
    },
    async deadLetter(id) {
      return (await call.json('GET', `dead-letters/${encodeURIComponent(id)}`, DeadLetters)).deadLetters[0];
    },
    async replay(chosen) {
      return (await call.json('POST', 'replay', Count, chosen)).count;
    },
    async drop(chosen) {
      return (await call.json('POST', 'drop', Count, chosen)).count;
    },
    async people(query) {
      const wanted = new URLSearchParams();
      for (const [key, value] of Object.entries(query)) {
        if (value !== undefined) wanted.set(key, String(value));
      }
      const { people } = await call.json('GET', `people?${wanted}`, FoundPeople);
      return people;
    },
    holdings: (person) => call.json('GET', of(person, 'holdings'), Holdings),
    records: (person) => call.lines(of(person, 'records'), RecordLine),
    files: (person) => call.lines(of(person, 'files'), KeptFileLine),
    read: (person, file) => call.bytes(of(person, `files/${file}`)),
    forget: (person) => call.json('DELETE', of(person), Forgotten),
  };
}

function caller(socketPath: string, signal: AbortSignal) {
  async function ask(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const answered = Promise.withResolvers<IncomingMessage>();
    const asked = request({ socketPath, method, path: `/v1/${path}`, signal, agent: false });
    asked.on('response', answered.resolve).on('error', answered.reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const response = await answered.promise;
    if (response.statusCode === 200) return response;
    const refusal = Refusal.safeParse(parsed(await textOf(response)));
    throw new OperatorError(refusal.data?.error ?? `the app answered ${response.statusCode}`);
  }

  return {
    async json<S extends z.ZodType>(method: string, path: string, schema: S, body?: object) {
      return schema.parse(parsed(await textOf(await ask(method, path, body)))) as z.output<S>;
    },
    async *lines<S extends z.ZodType>(path: string, schema: S): AsyncGenerator<z.output<S>> {
      for await (const line of linesOf(await ask('GET', path))) yield schema.parse(JSON.parse(line));
    },
    async *bytes(path: string): AsyncGenerator<Uint8Array> {
      yield* bytesOf(await ask('GET', path));
    },
  };
}

/** Throws when the app cut it off: what is not whole must not look so. */
async function* bytesOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    // Without an encoding it gives buffers.
    yield* response as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (errnoOf(error) !== 'ECONNRESET') throw error;
    throw new OperatorError('the app cut the answer off: its log says why', { cause: error });
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of bytesOf(response)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') throw new OperatorError('the app cut a line off');
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytesOf(response)) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
