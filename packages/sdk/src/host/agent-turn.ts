/** What the author of an agent sees of one message of a person. */
import type { ConfirmOption, PlatformChatId, WireFeature, WirePerson } from '@surfaces/protocol';

/** Throw it from `onTurn` to end the turn with an error that the caller can tell apart. */
export class AgentFailure extends Error {
  override readonly name = 'AgentFailure';
  readonly code: string;

  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

export interface ToolStep {
  /** Ties a result to its call. */
  readonly id?: string;
  readonly name: string;
  /** A line for people: what is being done, or what came out. */
  readonly text?: string;
}

/**
 * One message and the answer to it. Each method resolves when there is room for more: await it, so that
 * a slow reader slows the agent down instead of filling its memory. After `signal` aborted they do
 * nothing, except `confirm`, which rejects.
 */
export interface AgentTurn {
  readonly platformChatId: PlatformChatId;
  /** The same message sent again has the same id: key what you store by it. Made here when the caller gave none. */
  readonly requestId: string;
  readonly text: string;
  /** Paths relative to the workspace, as the caller wrote them: check them before opening. */
  readonly attachments: readonly string[];
  /** With `directory`, where the agent serves several people: all files of this person belong there. */
  readonly person: WirePerson | undefined;
  /** What caller and host agreed on. */
  readonly features: ReadonlySet<WireFeature>;
  /** Aborts when the person cancelled, or when the caller is gone and cannot come back for the answer. */
  readonly signal: AbortSignal;
  /** Adds to the answer (Markdown). Any length. */
  write(text: string): Promise<void>;
  toolCall(step: ToolStep): Promise<void>;
  toolResult(step: ToolStep): Promise<void>;
  /** Says what goes on, where it is no tool. */
  update(text: string): Promise<void>;
  /**
   * Gives the person a file of the workspace: a path relative to it, inside of `person.directory` where
   * there is one. The caller takes a copy when it hears of it; what it cannot take it tells the person.
   */
  sendFile(path: string): Promise<void>;
  /**
   * Asks the person and resolves with the id of the chosen option. Rejects when the turn is cancelled,
   * and with an `AgentFailure` (`confirm_unsupported`) when the caller cannot ask (see `features`).
   */
  confirm(question: { readonly text: string; readonly options: readonly ConfirmOption[] }): Promise<string>;
  /** Figures for the end of the answer, which comes when `onTurn` resolves. Called again: replaced. */
  usage(figures: { readonly tokensUsed?: number; readonly cost?: number }): void;
}
