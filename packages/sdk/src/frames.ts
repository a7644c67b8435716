/** Reads frames of agents. What can be understood is; the rest says why it could not. */
import { AgentFrame } from '@surfaces/protocol';

/** Why a frame of an agent was of no use. Labels of a metric: keep them few. */
export type IgnoredReason =
  /** A type this version does not know. */
  | 'unknown_type'
  /** JSON, but not of the shape of its type. */
  | 'malformed'
  /** Belongs to no running request: a second END, an event after END. */
  | 'after_end'
  /** Belongs to an earlier request. */
  | 'late'
  /** Its `seq` was seen before. */
  | 'duplicate'
  /** Known, but not expected now: a second STATUS, RESUMED that nobody asked for. */
  | 'unexpected';

export type ReadFrame =
  | { readonly kind: 'frame'; readonly frame: AgentFrame }
  | { readonly kind: 'ignored'; readonly reason: IgnoredReason }
  | { readonly kind: 'garbage' };

const GARBAGE: ReadFrame = { kind: 'garbage' };
const MALFORMED: ReadFrame = { kind: 'ignored', reason: 'malformed' };
const UNKNOWN: ReadFrame = { kind: 'ignored', reason: 'unknown_type' };
const TYPES: ReadonlySet<string> = new Set(AgentFrame.options.map((option) => option.shape.type.value));

export function readAgentFrame(text: string): ReadFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return GARBAGE;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return MALFORMED;
  // Text chunks and plain ends are nearly all of the traffic: what zod would find is checked by hand.
  if (isTextChunk(value) || isPlainEnd(value)) return { kind: 'frame', frame: value };
  if (typeof value.type !== 'string') return MALFORMED;
  if (!TYPES.has(value.type)) return UNKNOWN;
  const parsed = AgentFrame.safeParse(lenient(value as { type: string }));
  return parsed.success ? { kind: 'frame', frame: parsed.data } : MALFORMED;
}

type TextChunk = Extract<AgentFrame, { type: 'AGENT_EVENT_TEXT_CHUNK' }>;

function isTextChunk(value: object): value is TextChunk {
  const frame = value as Partial<Record<keyof TextChunk, unknown>>;
  return (
    frame.type === 'AGENT_EVENT_TEXT_CHUNK' &&
    typeof frame.text === 'string' &&
    (frame.request_id === undefined || isRequestId(frame.request_id)) &&
    (frame.seq === undefined || isSeq(frame.seq))
  );
}

type End = Extract<AgentFrame, { type: 'AGENT_EVENT_END' }>;

function isPlainEnd(value: object): value is End {
  const frame = value as Partial<Record<keyof End, unknown>>;
  return (
    frame.type === 'AGENT_EVENT_END' &&
    frame.tokens_used === undefined &&
    frame.cost === undefined &&
    (frame.request_id === undefined || isRequestId(frame.request_id)) &&
    (frame.seq === undefined || isSeq(frame.seq))
  );
}

function isRequestId(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= 128;
}

function isSeq(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/**
 * Agents in other languages write `null` for what is absent; and a terminal event must end the
 * request even where its figures make no sense, or the person would wait for nothing.
 */
function lenient(value: { type: string }): object {
  const frame: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) if (field !== null) frame[key] = field;
  if (frame.type === 'STATUS') {
    // An agent that says strange things of itself is still one that can be talked to.
    const { protocol, agent, features } = frame;
    if (typeof protocol !== 'string' || protocol.length > 16) delete frame.protocol;
    if (typeof agent !== 'string' && (typeof agent !== 'object' || Array.isArray(agent))) delete frame.agent;
    frame.features = Array.isArray(features) ? features.filter(isFeatureName).slice(0, 64) : [];
  }
  if (frame.type === 'AGENT_EVENT_END') {
    for (const key of ['tokens_used', 'cost']) {
      const figure = frame[key];
      if (typeof figure !== 'number' || !(figure >= 0)) delete frame[key];
    }
  }
  if (frame.type === 'ERROR') {
    frame.code = String(frame.code ?? 'unknown');
    frame.message = typeof frame.message === 'string' ? frame.message : '';
  }
  return frame;
}

function isFeatureName(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 64;
}

const LABEL_FIELDS = ['text', 'label', 'title', 'name', 'tool_name', 'tool', 'message', 'status'];
const LABEL_LIMIT = 200;

/** One line for people about a tool or an update; empty when the frame has nothing to say. */
export function progressLabel(frame: Readonly<Record<string, unknown>>): string {
  for (const field of LABEL_FIELDS) {
    const value = frame[field];
    if (typeof value !== 'string') continue;
    const line = value
      .slice(0, LABEL_LIMIT * 4)
      .toWellFormed()
      .replace(/\s+/g, ' ')
      .trim();
    if (line === '') continue;
    const points = Array.from(line);
    return points.length <= LABEL_LIMIT ? line : `${points.slice(0, LABEL_LIMIT - 1).join('')}…`;
  }
  return '';
}
