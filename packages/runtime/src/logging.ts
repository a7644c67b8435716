/** The core's `Logger` over pino; no secret gets through it. */
import { isStoreError, isSurfaceError, type Logger } from '@surfaces/core';
import { isAgentError } from '@surfaces/protocol';
import pino from 'pino';
import pretty from 'pino-pretty';
import type { LogFormat, LogLevel } from './config.ts';
import { isStartError } from './start-error.ts';

export interface LogTarget {
  write(line: string): unknown;
}

export interface LoggerOptions {
  /** Names the app in JSON lines. */
  readonly app: string;
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Applied to every text: messages, fields, errors with their causes. */
  readonly scrub: (text: string) => string;
  /** Default: standard error. */
  readonly target?: LogTarget;
  readonly color?: boolean;
}

/** Fields whose value is a secret whatever it looks like. */
const SECRET_FIELD = /^(authorization|cookie|set-cookie|password|secret|token|bearer|api_?key|access_?key)$/i;
const DEEPEST = 8;
const MOST_ENTRIES = 200;

export function createLogger(options: LoggerOptions): Logger {
  const target = options.target ?? standardError;
  const stream =
    options.format === 'json'
      ? target
      : prettyTo(target, options.color ?? (options.target === undefined && process.stderr.isTTY));
  const base = options.format === 'json' ? { app: options.app, pid: process.pid } : null;
  const root = pino(
    {
      level: options.level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // What comes here is plain already: `Plain` below made it so. pino's own would name every error `Object`.
      serializers: { err: (error) => error },
    },
    stream,
  );
  return wrap(root, new Plain(options.scrub, options.level === 'debug'));
}

/** Written at once: nothing is lost when the process ends. A reader that went away is not our end. */
const standardError: LogTarget = { write: (line) => process.stderr.write(line) };

/**
 * Formats in this thread. As a stream of its own it would write later, and the last lines before an
 * exit would be lost.
 */
function prettyTo(target: LogTarget, colorize: boolean): LogTarget {
  const format = pretty.prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
  return { write: (line) => target.write(format(line)) };
}

function wrap(logger: pino.Logger, plain: Plain): Logger {
  const log = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](plain.fields(fields), plain.text(message));
  };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (fields) => wrap(logger.child(plain.fields(fields)), plain),
    isDebug: () => logger.isLevelEnabled('debug'),
  };
}

/** Makes plain, scrubbed data of anything: errors with their causes, cycles, class instances. */
class Plain {
  readonly text: (text: string) => string;
  readonly #stacks: boolean;

  constructor(scrub: (text: string) => string, stacks: boolean) {
    this.text = scrub;
    this.#stacks = stacks;
  }

  fields(fields: object): object {
    const result = this.#value(fields, [], '');
    return typeof result === 'object' && result !== null ? result : { value: result };
  }

  #value(value: unknown, above: readonly object[], key: string): unknown {
    switch (typeof value) {
      case 'string':
        return SECRET_FIELD.test(key) ? '[hidden]' : this.text(value);
      case 'bigint':
      case 'symbol':
        return this.text(String(value));
      case 'function':
        return undefined;
      case 'object':
        break;
      default:
        return value;
    }
    if (value === null) return null;
    if (above.includes(value)) return '[circular]';
    if (above.length >= DEEPEST) return '[deeper]';
    const path = [...above, value];
    if (value instanceof Error) return this.#error(value, path);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return value.slice(0, MOST_ENTRIES).map((item) => this.#value(item, path, key));
    if (value instanceof Set)
      return [...value].slice(0, MOST_ENTRIES).map((item) => this.#value(item, path, key));
    if ('toJSON' in value && typeof value.toJSON === 'function')
      return this.#value(value.toJSON(), path, key);
    return this.#object(value instanceof Map ? value : Object.entries(value), path);
  }

  #object(entries: Iterable<readonly [unknown, unknown]>, path: readonly object[]): object {
    const result: Record<string, unknown> = {};
    let count = 0;
    for (const [name, value] of entries) {
      if (++count > MOST_ENTRIES) break;
      result[this.text(String(name))] = this.#value(value, path, String(name));
    }
    return result;
  }

  /** An error that says what happened needs no stack, unless somebody debugs. */
  #error(error: Error, path: readonly object[]): object {
    const expected =
      isAgentError(error) || isStoreError(error) || isSurfaceError(error) || isStartError(error);
    const own = Object.entries(error).filter(([name]) => !name.startsWith('@') && name !== 'name');
    const inner: [string, unknown][] = [];
    if (error.cause !== undefined) inner.push(['cause', error.cause]);
    if (error instanceof AggregateError) inner.push(['errors', error.errors]);
    return {
      type: this.text(error.name),
      message: this.text(error.message),
      ...(this.#stacks || !expected ? { stack: this.text(error.stack ?? '') } : {}),
      ...this.#object([...own, ...inner], path),
    };
  }
}
