/** The agent wire protocol: JSON text frames over WebSocket at `{base_url}/v1/agent_ws/{platformChatId}/`. */
import { z } from 'zod';
import { PlatformChatId } from './ids.ts';

export const WIRE_PROTOCOL = '1';
/** The largest frame, in bytes, of either direction. */
export const MAX_FRAME_BYTES = 1024 * 1024;

export const WIRE_FEATURES = [
  'resume',
  'confirm',
  'cancel',
  'idempotent',
  'fork',
  'dispose',
  'person',
] as const;
export const WireFeature = z.enum(WIRE_FEATURES);
export type WireFeature = z.infer<typeof WireFeature>;

/** Close codes of ours (4000–4999 are free for applications, RFC 6455 section 7.4.2). */
export const CLOSE = {
  /** A new connection for the same context took over. */
  replaced: 4001,
  /** Nothing happened for long; connect again on demand. */
  idle: 4002,
  /** The other side broke the protocol. */
  protocolError: 4003,
  /** The context was disposed of. */
  disposed: 4004,
  /** The host goes down; connect again later. */
  goingAway: 1001,
  tooBig: 1009,
} as const;

const requestId = z.string().min(1).max(128);
const seq = z.number().int().positive();
/** Fields of an event once `resume` is agreed on. */
const event = { request_id: requestId.optional(), seq: seq.optional() };

export const ConfirmOption = z.object({
  /** Short and plain, so that it fits into a button of every messenger. */
  id: z.string().regex(/^[\x21-\x7e]{1,40}$/, 'an option id is 1 to 40 printable ASCII characters'),
  label: z.string().min(1).max(200),
  kind: z.enum(['allow_once', 'allow_always', 'reject']),
});
export type ConfirmOption = z.infer<typeof ConfirmOption>;

const StatusFrame = z.object({
  type: z.literal('STATUS'),
  protocol: z.string().max(16).optional(),
  /** Names we do not know are kept out by the client, not refused. */
  features: z.array(z.string().max(64)).max(64).optional(),
  agent: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
});
const TextChunkFrame = z.object({ type: z.literal('AGENT_EVENT_TEXT_CHUNK'), text: z.string(), ...event });
const ToolCallFrame = z.looseObject({
  type: z.literal('AGENT_EVENT_TOOL_CALL_CHUNK'),
  id: z.string().optional(),
  name: z.string().optional(),
  text: z.string().optional(),
  ...event,
});
const ToolResultFrame = z.looseObject({
  type: z.literal('AGENT_EVENT_TOOL_RESULT'),
  id: z.string().optional(),
  name: z.string().optional(),
  text: z.string().optional(),
  ...event,
});
const CustomUpdateFrame = z.looseObject({
  type: z.literal('AGENT_EVENT_CUSTOM_UPDATE'),
  text: z.string().optional(),
  ...event,
});
const SendFileFrame = z.object({
  type: z.literal('AGENT_EVENT_SEND_FILE'),
  path: z.string().min(1),
  ...event,
});
const EndFrame = z.object({
  type: z.literal('AGENT_EVENT_END'),
  tokens_used: z.number().nonnegative().optional(),
  cost: z.number().nonnegative().optional(),
  ...event,
});
const ErrorFrame = z.object({ type: z.literal('ERROR'), code: z.string(), message: z.string(), ...event });
const ConfirmFrame = z.object({
  type: z.literal('AGENT_EVENT_CONFIRM'),
  id: z.string().min(1).max(64),
  text: z.string(),
  options: z.array(ConfirmOption).min(1).max(20),
  ...event,
});
const ResumedFrame = z.object({
  type: z.literal('RESUMED'),
  request_id: requestId,
  state: z.enum(['running', 'done', 'unknown']),
});
/** Answers `FORK` and `DISPOSE`, so that the caller knows that it happened. */
const ContextDoneFrame = z.object({
  type: z.literal('CONTEXT_DONE'),
  request_id: requestId,
  ok: z.boolean(),
  message: z.string().optional(),
});

export const AgentFrame = z.discriminatedUnion('type', [
  StatusFrame,
  TextChunkFrame,
  ToolCallFrame,
  ToolResultFrame,
  CustomUpdateFrame,
  SendFileFrame,
  EndFrame,
  ErrorFrame,
  ConfirmFrame,
  ResumedFrame,
  ContextDoneFrame,
]);
export type AgentFrame = z.infer<typeof AgentFrame>;

export const WirePerson = z.object({
  id: z.string().max(64),
  name: z.string().max(255),
  locale: z.string().max(35),
  /**
   * Where this person's files are, relative to the workspace, when the agent serves several people:
   * everything of the person belongs there. Absent: the whole workspace is theirs.
   */
  directory: z.string().min(1).max(255).optional(),
});
export type WirePerson = z.infer<typeof WirePerson>;

export const ClientFrame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('USER_MESSAGE'),
    text: z.string(),
    attachments: z.array(z.string()).default([]),
    request_id: requestId.optional(),
    person: WirePerson.optional(),
  }),
  z.object({
    type: z.literal('HELLO'),
    features: z.array(z.string().max(64)).max(64),
    traceparent: z.string().max(128).optional(),
  }),
  z.object({ type: z.literal('RESUME'), request_id: requestId, after_seq: z.number().int().nonnegative() }),
  z.object({ type: z.literal('CONFIRM_REPLY'), request_id: requestId, id: z.string(), option: z.string() }),
  z.object({ type: z.literal('CANCEL'), request_id: requestId }),
  z.object({ type: z.literal('FORK'), request_id: requestId, to: PlatformChatId }),
  z.object({ type: z.literal('DISPOSE'), request_id: requestId }),
]);
export type ClientFrame = z.infer<typeof ClientFrame>;
/** What a client writes: ids need no brand on the way out. */
export type ClientFrameInput = z.input<typeof ClientFrame>;
