import type { AgentEvent } from '@surfaces/protocol';

/** What an agent said about one request, as far as it is known. */
export class Answer {
  text = '';
  /** The last event that was taken. */
  seq = 0;
  /** What the agent does now, in one line. */
  progress: string | undefined;
  /** The first of them: an agent may name any number. */
  readonly files: string[] = [];
  fileCount = 0;
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
      case 'file':
        this.fileCount += 1;
        if (this.files.length < 100) this.files.push(event.path);
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
        this.files.length = 0;
        this.fileCount = 0;
        this.seq = 0;
        return;
      case 'confirm':
        this.progress = undefined;
        break;
    }
    this.seq = Math.max(this.seq, event.seq);
  }
}
