import { z } from 'zod';
import { AccountId, SurfaceId } from './ids.ts';

const place = {
  surface: SurfaceId,
  account: AccountId,
  room: z.string().min(1).max(255),
};

/**
 * Where on a surface something is said. A union, not optional fields: an answer to a thread that
 * forgets the thread must not compile, because a reply in the wrong topic is the worst reply.
 */
export const Address = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('room'), ...place }),
  z.strictObject({ kind: z.literal('thread'), ...place, thread: z.string().min(1).max(255) }),
]);
export type Address = z.infer<typeof Address>;

/** The address as one string, injective, for maps and database keys. */
export function addressKey(address: Address): string {
  const parts = [address.surface, address.account, address.room];
  if (address.kind === 'thread') parts.push(address.thread);
  return parts.map(encodeURIComponent).join('/');
}
