import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonScanner } from './json-scanner.ts';

const silent = { open() {}, close() {}, key() {}, scalar() {} };

function isValid(text: string, cuts: readonly number[]): boolean {
  const scanner = new JsonScanner(silent);
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  for (const [index, from] of places.entries()) scanner.feed(text.slice(from, places[index + 1] ?? from));
  scanner.end();
  return scanner.problem === undefined;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const cuts = fc.array(fc.nat(), { maxLength: 4 });

test('it agrees with JSON.parse, however the text comes in pieces', () => {
  const spoiled = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.nat({ max: 2 }),
      fc.constantFrom('', '"', ',', '\\', '}', ']', '0', '-', '.', 'e', '\n', 'x'),
    )
    .map(([text, at, taken, put]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + put + text.slice(place + taken);
    });
  const pretty = fc.jsonValue().map((value) => JSON.stringify(value, null, 2));
  const signs = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ue+-.01 \ntrufalsn'), maxLength: 12 });
  fc.assert(
    fc.property(fc.oneof(spoiled, pretty, signs), cuts, (text, at) => isValid(text, at) === parses(text)),
    { numRuns: 5000 },
  );
});

test('it tells of each value in order', () => {
  const told: string[] = [];
  const scanner = new JsonScanner({
    open: (kind) => told.push(kind),
    close: () => told.push('close'),
    key: (name) => told.push(`key ${name}`),
    scalar: (kind, text) => told.push(`${kind} ${text}`),
  });
  for (const piece of '{"a\\n": [1.5, "x", true], "b": {}, "c": null}') scanner.feed(piece);
  scanner.end();
  expect(told).toEqual([
    'object',
    'key a\\n',
    ...['array', 'number 1.5', 'string x', 'boolean true', 'close'],
    ...['key b', 'object', 'close', 'key c', 'null null', 'close'],
  ]);
});
