import type { AgentEvent } from '@surfaces/protocol';

/** What an agent said about one request, as far as it is known. */
export class Answer {
  text = '';
  /** The last event that was taken. */
  seq = 0;
  /** What the agent does now, in one line. */
  progress: string | undefined;
  failure: { readonly code: string; readonly message: string } | undefined;
  ended = false;
  /** That this answer used, as far as the agent told. */
  tokens = 0;
  /** Text that could be seen was thrown away because the agent began anew. */
  restarted = false;

  apply(event: AgentEvent): void {
    switch (event.kind) {
      case 'text':
        this.text += event.text;
        this.progress = undefined;
        break;
      case 'progress':
        this.progress = event.phase === 'result' ? undefined : event.label || this.progress;
        break;
      case 'end':
        this.ended = true;
        this.tokens = event.tokensUsed ?? 0;
        break;
      case 'error':
        this.failure = { code: event.code, message: event.message };
        break;
      case 'restarted':
        this.restarted ||= this.text !== '';
        this.text = '';
        this.progress = undefined;
        this.seq = 0;
        return;
      case 'file':
      case 'confirm':
        this.progress = undefined;
        break;
    }
    this.seq = Math.max(this.seq, event.seq);
  }
}
