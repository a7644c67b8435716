import type { IncomingEvent } from '@surfaces/protocol';
import type { Command, Handler } from '../dispatcher.ts';
import type { Lanes } from '../lanes.ts';

/** Ends the running turn; the turn itself then says so. */
export function stopTurn(lanes: Lanes): Handler {
  return async ({ chat, t }) => {
    const run = lanes.running(chat.key);
    if (!run) return [{ markdown: t('nothing_to_stop') }];
    run.stop();
    return [];
  };
}

export function stop(lanes: Lanes): Command {
  return { name: 'stop', help: 'help_stop', group: 'answers', handle: stopTurn(lanes) };
}

/** Who says stop is always heard. */
export function isStop(event: IncomingEvent): boolean {
  return (
    (event.kind === 'command' && event.name.toLowerCase() === 'stop') ||
    (event.kind === 'callback' && event.action === 'stop')
  );
}
