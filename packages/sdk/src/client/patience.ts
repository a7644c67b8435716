/** How long the agent of one request may be silent, and what it means when it was for longer. */
import { AgentError, type AgentEvent } from '@surfaces/protocol';
import { Deadline } from '../deadline.ts';
import { toolRunsAfter } from './agent-event.ts';
import type { ClientLimits } from './options.ts';

export class Patience {
  private readonly limits: ClientLimits;
  private readonly deadline: Deadline;
  /** Questions to the person that the agent waits for. */
  private readonly asked = new Set<string>();
  private heard: boolean;
  private toolRuns: boolean;
  private cancelling = false;

  /** `heard`: an earlier process has events of this request. */
  constructor(limits: ClientLimits, heard: boolean, onPassed: () => void) {
    this.limits = limits;
    this.heard = heard;
    // What the agent did last is not known here: it may well be a tool.
    this.toolRuns = heard;
    this.deadline = new Deadline(onPassed);
  }

  /** The agent was given the message. */
  begin(): void {
    this.heard = false;
    this.toolRuns = false;
    this.goOn();
  }

  /** The agent goes on after a lost connection: questions that are still open it asks again. */
  goOn(): void {
    this.asked.clear();
    this.move();
  }

  /** Something came, or the caller caught up: counts from now. */
  move(): void {
    if (this.cancelling) return;
    if (this.asked.size > 0) this.deadline.lift();
    else this.deadline.set(this.silenceMs());
  }

  onEvent(event: AgentEvent): void {
    this.heard = true;
    this.toolRuns = toolRunsAfter(event, this.toolRuns);
  }

  onAsked(id: string): void {
    this.asked.add(id);
  }

  onAnswered(id: string): void {
    this.asked.delete(id);
  }

  /** It was asked whether it still has the request. */
  awaitStatus(): void {
    if (!this.cancelling) this.deadline.set(this.limits.statusTimeoutMs);
  }

  /** Nothing is expected of the agent now. */
  lift(): void {
    if (!this.cancelling) this.deadline.lift();
  }

  /** The grace of a cancelled request: from here on nothing moves the limit, whatever breaks. */
  cancel(): void {
    this.cancelling = true;
    this.deadline.set(this.limits.cancelGraceMs);
  }

  stop(): void {
    this.deadline.stop();
  }

  /** The limit that passed, as an error. */
  silence(): AgentError {
    const ms = this.silenceMs();
    return this.heard
      ? new AgentError('idle_timeout', `The agent fell silent in mid-answer for ${ms} ms.`)
      : new AgentError('first_event_timeout', `The agent said nothing within ${ms} ms of the message.`);
  }

  private silenceMs(): number {
    if (this.toolRuns) return this.limits.toolIdleTimeoutMs;
    return this.heard ? this.limits.idleTimeoutMs : this.limits.firstEventTimeoutMs;
  }
}
