import type { Locale } from '@surfaces/protocol';
import type { Context } from './context.ts';
import type { Delivery, DeliveryOutcome } from './delivery.ts';
import { translator } from './i18n/catalogue.ts';
import { persist } from './persist.ts';
import type { Operation, SurfaceAdapter } from './ports/index.ts';
import { say } from './say.ts';

/**
 * Delivers what is to be shown of finished turns. Where a part of one became a dead letter, its person
 * is told after the other parts, once per turn. The notice belongs to no turn, so nothing tells of its
 * own death.
 */
export async function deliverFinals(
  context: Context,
  delivery: Delivery,
  adapter: SurfaceAdapter,
  operations: readonly Operation[],
  locale: Locale,
): Promise<readonly DeliveryOutcome[]> {
  const outcomes = await delivery.pushAll(operations);
  const dead = new Map<Operation['turn'], Operation>();
  for (const [index, operation] of operations.entries()) {
    if (operation.turn !== undefined && outcomes[index] === 'dead') dead.set(operation.turn, operation);
  }
  for (const [turn, { address, chat }] of dead) {
    const t = translator(locale);
    const { buttons, commandSign: sign = '/' } = adapter.capabilities;
    const notice = say(adapter, {
      name: `${turn}:undelivered`,
      address,
      chat: { key: chat },
      role: 'system',
      markdown: buttons === 'none' ? `${t('undelivered')}\n\n${t('retry_hint', { sign })}` : t('undelivered'),
      state: 'failed',
      buttons: [{ label: t('button_retry'), action: `retry:${turn}` }],
    });
    const committed = await persist(context, 'a notice', () => context.store.enqueue(notice));
    await delivery.pushAll(committed);
  }
  return outcomes;
}
