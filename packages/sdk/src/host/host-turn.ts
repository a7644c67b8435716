/** A turn inside the host: what the agent writes becomes numbered events. */
import { randomUUID } from 'node:crypto';
import {
  type ConfirmOption,
  MAX_FRAME_BYTES,
  type PlatformChatId,
  type WireFeature,
  type WirePerson,
} from '@surfaces/protocol';
import { AgentFailure, type AgentTurn, type ToolStep } from './agent-turn.ts';
import type { HostConnection } from './host-connection.ts';
import type { HostEvent, TurnEvents } from './host-event.ts';

/** In UTF-16 units: escaped as JSON at worst (six bytes each) it fits a frame. */
const CHUNK_UNITS = 128 * 1024;
/** Room for `request_id`, `seq` and the braces. */
const EVENT_BYTES = MAX_FRAME_BYTES - 1024;
const DONE = Promise.resolve();

export interface TurnInput {
  readonly platformChatId: PlatformChatId;
  readonly requestId: string;
  readonly text: string;
  readonly attachments: readonly string[];
  readonly person: WirePerson | undefined;
  readonly features: ReadonlySet<WireFeature>;
}

interface Question {
  readonly index: number;
  readonly options: readonly ConfirmOption[];
  resolve(optionId: string): void;
  reject(reason: unknown): void;
}

export class HostTurn implements AgentTurn, TurnEvents {
  readonly platformChatId: PlatformChatId;
  readonly requestId: string;
  readonly text: string;
  readonly attachments: readonly string[];
  readonly person: WirePerson | undefined;
  readonly features: ReadonlySet<WireFeature>;
  events: readonly HostEvent[];
  /** Who reads it now; nobody while the caller is away. */
  reader: HostConnection | undefined;
  private readonly written: HostEvent[] = [];
  /** Made when it is asked for: most turns are never aborted. */
  private aborter: AbortController | undefined;
  private readonly questions = new Map<string, Question>();
  private figures: { readonly tokensUsed?: number; readonly cost?: number } = {};
  private over = false;

  constructor(input: TurnInput) {
    this.platformChatId = input.platformChatId;
    this.requestId = input.requestId;
    this.text = input.text;
    this.attachments = input.attachments;
    this.person = input.person;
    this.features = input.features;
    this.events = this.written;
  }

  get signal(): AbortSignal {
    this.aborter ??= new AbortController();
    return this.aborter.signal;
  }

  write(text: string): Promise<void> {
    if (text.length <= CHUNK_UNITS) return this.emit({ type: 'AGENT_EVENT_TEXT_CHUNK', text });
    return this.writeLong(text);
  }

  toolCall(step: ToolStep): Promise<void> {
    return this.emitChecked({ type: 'AGENT_EVENT_TOOL_CALL_CHUNK', ...step });
  }

  toolResult(step: ToolStep): Promise<void> {
    return this.emitChecked({ type: 'AGENT_EVENT_TOOL_RESULT', ...step });
  }

  update(text: string): Promise<void> {
    return this.emitChecked({ type: 'AGENT_EVENT_CUSTOM_UPDATE', text });
  }

  sendFile(path: string): Promise<void> {
    if (path === '') throw new RangeError('sendFile needs a path.');
    return this.emitChecked({ type: 'AGENT_EVENT_SEND_FILE', path });
  }

  usage(figures: { readonly tokensUsed?: number; readonly cost?: number }): void {
    this.figures = figures;
  }

  async confirm(question: {
    readonly text: string;
    readonly options: readonly ConfirmOption[];
  }): Promise<string> {
    this.signal.throwIfAborted();
    if (!this.features.has('confirm')) {
      throw new AgentFailure('confirm_unsupported', 'This caller cannot ask the person for a confirmation.');
    }
    // Random: an answer to an earlier run of the same request must not fit a question of this one.
    const id = randomUUID();
    const { text, options } = question;
    const index = this.written.length;
    const answer = new Promise<string>((resolve, reject) => {
      this.questions.set(id, { index, options, resolve, reject });
    });
    // Rejected by `abort`, which may come before anybody waits for it.
    answer.catch(() => {});
    await this.emitChecked({ type: 'AGENT_EVENT_CONFIRM', id, text, options });
    return answer;
  }

  answer(confirmId: string, optionId: string): boolean {
    const question = this.questions.get(confirmId);
    if (question === undefined || !question.options.some((option) => option.id === optionId)) return false;
    this.questions.delete(confirmId);
    question.resolve(optionId);
    return true;
  }

  /** A caller reads from `afterSeq` on, instead of whoever did before. */
  readBy(reader: HostConnection, afterSeq: number, named: boolean): void {
    this.reader = reader;
    reader.follow(this, afterSeq, named);
    for (const { index } of this.questions.values()) if (index < afterSeq) reader.repeat(this, index);
  }

  get isAborted(): boolean {
    return this.aborter?.signal.aborted === true;
  }

  abort(reason: Error): void {
    this.aborter ??= new AbortController();
    this.aborter.abort(reason);
    for (const question of this.questions.values()) question.reject(reason);
    this.questions.clear();
  }

  /** Takes the events of an earlier run for its own. */
  adopt(events: readonly HostEvent[]): void {
    this.over = true;
    this.events = events;
    this.reader?.flow();
  }

  /** What the turn says last, when the agent came to the end of it. */
  endEvent(): HostEvent {
    const { tokensUsed, cost } = this.figures;
    return {
      type: 'AGENT_EVENT_END',
      ...(tokensUsed === undefined ? {} : { tokens_used: tokensUsed }),
      ...(cost === undefined ? {} : { cost }),
    };
  }

  /** Nothing the agent still writes is heard. */
  seal(): void {
    this.over = true;
    this.questions.clear();
  }

  finish(terminal: HostEvent): void {
    this.written.push(terminal);
    this.reader?.flow();
  }

  private async writeLong(text: string): Promise<void> {
    for (let from = 0; from < text.length; ) {
      let to = Math.min(from + CHUNK_UNITS, text.length);
      // Not between the halves of a character.
      if (to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to--;
      await this.emit({ type: 'AGENT_EVENT_TEXT_CHUNK', text: text.slice(from, to) });
      from = to;
    }
  }

  private emitChecked(event: HostEvent): Promise<void> {
    const text = JSON.stringify(event);
    if (text.length > EVENT_BYTES / 3 && Buffer.byteLength(text) > EVENT_BYTES) {
      throw new RangeError(`${event.type} is larger than one frame (${MAX_FRAME_BYTES} bytes).`);
    }
    return this.emit(event);
  }

  private emit(event: HostEvent): Promise<void> {
    if (this.over || this.isAborted) return DONE;
    this.written.push(event);
    const { reader } = this;
    if (reader === undefined) return DONE;
    reader.flow();
    return reader.whenRoom() ?? DONE;
  }
}
