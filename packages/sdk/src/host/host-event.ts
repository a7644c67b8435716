/** Events as the host keeps them: frames without `seq` and `request_id`, which depend on the reader. */
import { AgentFrame, type ConfirmOption } from '@surfaces/protocol';

export type HostEvent =
  | { readonly type: 'AGENT_EVENT_TEXT_CHUNK'; readonly text: string }
  | {
      readonly type: 'AGENT_EVENT_TOOL_CALL_CHUNK' | 'AGENT_EVENT_TOOL_RESULT';
      readonly id?: string;
      readonly name: string;
      readonly text?: string;
    }
  | { readonly type: 'AGENT_EVENT_CUSTOM_UPDATE'; readonly text: string }
  | { readonly type: 'AGENT_EVENT_SEND_FILE'; readonly path: string }
  | {
      readonly type: 'AGENT_EVENT_CONFIRM';
      readonly id: string;
      readonly text: string;
      readonly options: readonly ConfirmOption[];
    }
  | { readonly type: 'AGENT_EVENT_END'; readonly tokens_used?: number; readonly cost?: number }
  | { readonly type: 'ERROR'; readonly code: string; readonly message: string };

export function isTerminal(event: HostEvent): boolean {
  return event.type === 'AGENT_EVENT_END' || event.type === 'ERROR';
}

/** The events of one turn, numbered by their place from 1. Grows until the terminal one. */
export interface TurnEvents {
  readonly requestId: string;
  readonly events: readonly HostEvent[];
}

const Events = AgentFrame.array();

/** Reads what `JSON.stringify` wrote of events. Throws when it is anything else. */
export function readHostEvents(text: string): readonly HostEvent[] {
  // The frames that are no events are never written.
  return Events.parse(JSON.parse(text)) as HostEvent[];
}
