import { AgentFrame } from '@surfaces/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { progressLabel, readAgentFrame } from './frames.ts';

describe('readAgentFrame', () => {
  test('never throws, and whatever it lets in fits the schema', () => {
    const types = AgentFrame.options.map((option) => option.shape.type.value);
    const field = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.boolean(), fc.double());
    const frame = fc.record(
      {
        type: fc.constantFrom(...types),
        text: field,
        request_id: field,
        seq: field,
        tokens_used: field,
        message: field,
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(fc.oneof(frame, fc.jsonValue()), (value) => {
        const read = readAgentFrame(JSON.stringify(value));
        expect(read.kind).not.toBe('garbage');
        if (read.kind === 'frame') expect(AgentFrame.safeParse(read.frame).success).toBe(true);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.string(), (text) => void readAgentFrame(text)));
  });

  test('what the fast way takes is what zod takes', () => {
    const field = fc.option(fc.oneof(fc.string({ maxLength: 130 }), fc.integer(), fc.double()), {
      nil: undefined,
    });
    fc.assert(
      fc.property(field, field, field, (text, request_id, seq) => {
        const frame = JSON.parse(JSON.stringify({ type: 'AGENT_EVENT_TEXT_CHUNK', text, request_id, seq }));
        for (const key of Object.keys(frame)) if (frame[key] === null) delete frame[key];
        expect(readAgentFrame(JSON.stringify(frame)).kind === 'frame').toBe(
          AgentFrame.safeParse(frame).success,
        );
      }),
    );
  });
});

test('a label is one short line', () => {
  expect(progressLabel({ text: ' a\n b ' })).toBe('a b');
  expect(progressLabel({ text: ' ', name: 'search' })).toBe('search');
  expect(progressLabel({ args: { x: 1 } })).toBe('');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 2000 }), (text) => {
      const label = progressLabel({ text });
      expect(Array.from(label).length).toBeLessThanOrEqual(200);
      expect(label).not.toMatch(/\n/);
      expect(label.isWellFormed()).toBe(true);
    }),
  );
});
