import type { Handler } from '../dispatcher.ts';
import type { Lanes } from '../lanes.ts';

/** Ends the running turn; the turn itself then says so. */
export function stop(lanes: Lanes): Handler {
  return async ({ chat, t }) => {
    const run = lanes.running(chat.key);
    if (!run) return [{ markdown: t('nothing_to_stop') }];
    run.stop();
    return [];
  };
}
