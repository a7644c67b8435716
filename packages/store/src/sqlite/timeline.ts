import type { Timeline, TimelineItem } from '@surfaces/core';
import { addressKey } from '@surfaces/protocol';
import type { SqliteThread } from './thread.ts';

export function threadTimeline(thread: SqliteThread): Timeline {
  return {
    append(address, operationId, message, at) {
      const item: TimelineItem = { by: 'bot', operationId, message };
      return thread.call('appendTimeline', {
        address: addressKey(address),
        operationId,
        item: JSON.stringify(item),
        at,
      });
    },
    summaries: (addresses) => thread.call('summaries', addresses.map(addressKey)),
    async markRead(address, seq) {
      await thread.call('markRead', { address: addressKey(address), seq });
    },
    async read(address, { after = null, before = null, limit }) {
      const rows = await thread.call('readTimeline', { address: addressKey(address), after, before, limit });
      // Written above, or by `accept`, from the same type.
      return rows.map((row) => ({ ...row, item: JSON.parse(row.item) as TimelineItem }));
    },
  };
}
