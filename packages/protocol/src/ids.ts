/**
 * Opaque, branded ids. Only the package that mints an id may look inside it; everybody else
 * compares and stores it.
 */
import { z } from 'zod';

const id = (max: number) => z.string().min(1).max(max);

/** A messenger kind: `web`, `matrix`, `telegram`, … */
export const SurfaceId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'a surface is lower-case letters, digits and dashes')
  .brand<'SurfaceId'>();
export type SurfaceId = z.infer<typeof SurfaceId>;

/** One bot login on a surface. */
export const AccountId = id(255).brand<'AccountId'>();
export type AccountId = z.infer<typeof AccountId>;

/** How a surface names a human: parsed by its adapter only. */
export const ExternalId = id(255).brand<'ExternalId'>();
export type ExternalId = z.infer<typeof ExternalId>;

/** A user of the system; has one or more identities. Minted by the store. */
export const PersonId = id(64).brand<'PersonId'>();
export type PersonId = z.infer<typeof PersonId>;

/** The store's key of a chat; unlike `C1` it is unique over all owners. Minted by the store. */
export const ChatKey = id(64).brand<'ChatKey'>();
export type ChatKey = z.infer<typeof ChatKey>;

/** One message of a person and everything until its answer is delivered. Minted by the store. */
export const TurnId = id(64).brand<'TurnId'>();
export type TurnId = z.infer<typeof TurnId>;

/** How a messenger names one event; (account, event id) is accepted once. */
export const EventId = id(255).brand<'EventId'>();
export type EventId = z.infer<typeof EventId>;

/** Names one outgoing operation for ever, so that repeating it can be recognised. */
export const OperationId = id(255).brand<'OperationId'>();
export type OperationId = z.infer<typeof OperationId>;

/** How a messenger names a message that it shows. */
export const MessageId = id(255).brand<'MessageId'>();
export type MessageId = z.infer<typeof MessageId>;

/** A file that the system keeps. Minted by the `Files` port; says nothing and cannot be guessed. */
export const FileId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{16,64}$/, 'a file id is 16 to 64 letters, digits, - or _')
  .brand<'FileId'>();
export type FileId = z.infer<typeof FileId>;

export const AgentId = id(128).brand<'AgentId'>();
export type AgentId = z.infer<typeof AgentId>;

/** Names one request to an agent; the same id twice is one turn (feature `idempotent`). */
export const RequestId = id(128).brand<'RequestId'>();
export type RequestId = z.infer<typeof RequestId>;

/**
 * The agent's name of a context: a positive 53-bit integer as text. Random, so that no lost or
 * second database ever enters another's context.
 */
export const PlatformChatId = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/, 'a platform chat id is a non-negative 53-bit integer as text')
  .refine((text) => Number.isSafeInteger(Number(text)), 'a platform chat id fits 53 bits')
  .brand<'PlatformChatId'>();
export type PlatformChatId = z.infer<typeof PlatformChatId>;

/** A new random context name. `0` is left out: it is used for health probes. */
export function newPlatformChatId(random: (bytes: Uint8Array) => Uint8Array = cryptoRandom): PlatformChatId {
  for (;;) {
    const bytes = random(new Uint8Array(7));
    const value = bytes.reduce((sum, byte, i) => sum + (i === 0 ? byte & 0x1f : byte) * 256 ** (6 - i), 0);
    // Positive and of 53 bits, as made here: the cast brands it.
    if (value > 0) return String(value) as PlatformChatId;
  }
}

/** Asked for in stock: the call costs more than the bytes, and one is made for every event that comes in. */
const stock = new Uint8Array(4096);
let taken = stock.length;

function cryptoRandom(bytes: Uint8Array): Uint8Array {
  if (taken + bytes.length > stock.length) {
    crypto.getRandomValues(stock);
    taken = 0;
  }
  bytes.set(stock.subarray(taken, taken + bytes.length));
  taken += bytes.length;
  return bytes;
}
