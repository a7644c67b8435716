/** From frames of the wire to the events of the port. */
import type { AgentEvent, AgentFrame } from '@surfaces/protocol';
import { progressLabel } from '../frames.ts';

export type EventFrame = Exclude<AgentFrame, { type: 'RESUMED' | 'STATUS' | 'CONTEXT_DONE' }>;

export function toAgentEvent(frame: EventFrame, seq: number): AgentEvent {
  switch (frame.type) {
    case 'AGENT_EVENT_TEXT_CHUNK':
      return { kind: 'text', seq, text: frame.text };
    case 'AGENT_EVENT_TOOL_CALL_CHUNK':
      return { kind: 'progress', seq, phase: 'call', label: progressLabel(frame) };
    case 'AGENT_EVENT_TOOL_RESULT':
      return { kind: 'progress', seq, phase: 'result', label: progressLabel(frame) };
    case 'AGENT_EVENT_CUSTOM_UPDATE':
      return { kind: 'progress', seq, phase: 'update', label: progressLabel(frame) };
    case 'AGENT_EVENT_SEND_FILE':
      return { kind: 'file', seq, path: frame.path };
    case 'AGENT_EVENT_CONFIRM':
      return { kind: 'confirm', seq, id: frame.id, text: frame.text, options: frame.options };
    case 'AGENT_EVENT_END':
      return {
        kind: 'end',
        seq,
        ...(frame.tokens_used === undefined ? undefined : { tokensUsed: frame.tokens_used }),
        ...(frame.cost === undefined ? undefined : { cost: frame.cost }),
      };
    case 'ERROR':
      return { kind: 'error', seq, code: frame.code, message: frame.message };
  }
}

/** A tool runs from its call until its result or until the agent speaks; other events say nothing about it. */
export function toolRunsAfter(event: AgentEvent, before: boolean): boolean {
  if (event.kind === 'text') return false;
  if (event.kind !== 'progress' || event.phase === 'update') return before;
  return event.phase === 'call';
}

/** Characters of an event that have no small limit of their own. */
export function textSize(event: AgentEvent): number {
  if (event.kind === 'text' || event.kind === 'confirm') return event.text.length;
  if (event.kind === 'error') return event.message.length;
  return event.kind === 'file' ? event.path.length : 0;
}
