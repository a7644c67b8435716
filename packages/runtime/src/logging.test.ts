import { createScrubber, SurfaceError } from '@surfaces/core';
import { expect, test } from 'vitest';
import type { LogFormat, LogLevel } from './config.ts';
import { createLogger } from './logging.ts';

function logTo(level: LogLevel = 'info', format: LogFormat = 'json') {
  const lines: string[] = [];
  const logger = createLogger({
    app: 'test',
    level,
    format,
    scrub: createScrubber(['hunter2-secret', '1732166400']),
    target: { write: (line) => lines.push(line) },
    color: false,
  });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') };
}

test('a line is JSON with level, time, app, fields and message', () => {
  const { logger, last } = logTo();
  logger.info({ turn: 't1', n: 3, when: new Date(0), big: 5n, none: undefined }, 'done');
  expect(last()).toMatchObject({ level: 'info', app: 'test', turn: 't1', n: 3, big: '5', msg: 'done' });
  expect(last().when).toBe('1970-01-01T00:00:00.000Z');
  expect(new Date(last().time).getTime()).toBeGreaterThan(0);
});

test('levels', () => {
  const { logger, lines } = logTo('warn');
  logger.debug({}, 'no');
  logger.info({}, 'no');
  logger.warn({}, 'yes');
  logger.error({}, 'yes');
  expect(lines).toHaveLength(2);
  expect(logger.isDebug()).toBe(false);
  expect(logTo('debug').logger.child({}).isDebug()).toBe(true);
  const silent = logTo('silent');
  silent.logger.error({}, 'no');
  expect(silent.lines).toEqual([]);
});

test('no secret gets through: message, fields, keys, children, errors and their causes', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { logger, lines } = logTo('debug', format);
    const secret = 'hunter2-secret';
    const key = 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789';
    const cause = Object.assign(new TypeError(`cause ${key}`), { config: { url: `https://u:${secret}@x/` } });
    const error = new AggregateError([new Error(secret), secret], `outer ${secret}`, { cause });
    error.stack = `at ${secret}`;
    logger.info({ text: secret, list: [secret, { deep: key }] }, `message ${secret}`);
    logger.child({ context: secret }).error({ err: error, [secret]: 1 }, key);
    logger.info({ map: new Map([[secret, key]]), set: new Set([secret]), token: 'short' }, 'x');
    logger.info({ headers: { Authorization: 'Bearer abc', url: new URL(`https://a:${secret}@x/`) } }, 'x');
    const all = lines.join('\n');
    expect(all).not.toContain(secret);
    expect(all).not.toContain('abcdefghij');
    expect(all).not.toMatch(/short|Bearer abc/);
    expect(all).toContain('[hidden]');
    expect(all).toContain('cause');
  }
});

test('hiding never breaks the line, even where a secret looks like a part of it', () => {
  const { logger, last } = logTo();
  logger.info({ at: 1732166400, text: 'at 1732166400' }, 'x');
  expect(last()).toMatchObject({ at: 1732166400, text: 'at [hidden]' });
});

test('whatever is logged, it is logged', () => {
  const { logger, last } = logTo();
  const circle: Record<string, unknown> = { name: 'round' };
  circle.self = circle;
  const deep = Array.from({ length: 50 }).reduce<object>((inner) => ({ inner }), {});
  const fields = {
    circle,
    deep,
    f: () => 1,
    bytes: new Uint8Array(5),
    s: Symbol('x'),
    n: null,
    list: [1, null],
  };
  logger.info(fields, 'x');
  expect(last()).toMatchObject({
    circle: { name: 'round', self: '[circular]' },
    bytes: '[5 bytes]',
    n: null,
    list: [1, null],
  });
  logger.info({ many: Array.from({ length: 10_000 }, (_, i) => i) }, 'x');
  expect(last().many).toHaveLength(200);
});

test('an error that explains itself has a stack only for those who debug', () => {
  const known = new SurfaceError('refused', 'the messenger says no', { cause: new Error('403') });
  const { logger, last } = logTo();
  logger.warn({ err: known }, 'x');
  expect(last().err).toMatchObject({ type: 'SurfaceError', code: 'refused', cause: { message: '403' } });
  expect(last().err.stack).toBeUndefined();
  logger.warn({ err: new Error('a defect') }, 'x');
  expect(last().err.stack).toContain('logging.test');
  const debug = logTo('debug');
  debug.logger.warn({ err: known }, 'x');
  expect(debug.last().err.stack).toContain('SurfaceError');
});

test('pretty lines are for people', () => {
  const { logger, lines } = logTo('info', 'pretty');
  logger.info({ url: 'http://x' }, 'served');
  expect(lines.join('')).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: served \{"url":"http:\/\/x"\}\n$/);
});
