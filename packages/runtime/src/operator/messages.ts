/** What goes through the operators' door. */
import {
  AgentId,
  ExternalId,
  FileId,
  OperationId,
  PersonId,
  PlatformChatId,
  SurfaceId,
} from '@surfaces/protocol';
import { z } from 'zod';

/** What could not be delivered. */
export const DeadLetter = z.object({
  id: OperationId,
  /** When it was to be sent first, epoch milliseconds. */
  at: z.number(),
  surface: SurfaceId,
  /** The address in words: account, room and thread. */
  place: z.string(),
  /** Of whom, and in which chat. */
  person: PersonId.optional(),
  chat: z.string(),
  why: z.string(),
  attempts: z.number(),
  /** In a list only its beginning. */
  text: z.string(),
  file: z.string().optional(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;
export const DeadLetters = z.object({ deadLetters: z.array(DeadLetter) });

/** Which dead letters. */
export const Chosen = z.union([
  z.object({ ids: z.array(OperationId).max(100_000) }),
  z.object({ all: z.literal(true) }),
]);
export type Chosen = z.infer<typeof Chosen>;
export const Count = z.object({ count: z.number().int().nonnegative() });

export const FoundPerson = z.object({
  id: PersonId,
  name: z.string(),
  identities: z.array(z.object({ surface: SurfaceId, externalId: ExternalId })).readonly(),
  chats: z.number(),
});
export type FoundPerson = z.infer<typeof FoundPerson>;
export const FoundPeople = z.object({ people: z.array(FoundPerson) });

/** How people are looked for; all keys left out: everybody. */
export const PeopleQuery = z.object({
  surface: SurfaceId.optional(),
  externalId: ExternalId.optional(),
  id: PersonId.optional(),
  after: PersonId.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export type PeopleQuery = z.output<typeof PeopleQuery>;

/** How much there is of a person. */
export const Holdings = z.object({
  chats: z.number(),
  /** What the person said, as far as it is not pruned. */
  messages: z.number(),
  /** What the page shows: of both sides. */
  history: z.number(),
  files: z.number(),
  fileBytes: z.number(),
  /** Contexts at agents: of chats, and saved copies. */
  contexts: z.number(),
});
export type Holdings = z.infer<typeof Holdings>;

export const RecordLine = z.object({
  kind: z.enum(['person', 'identity', 'chat', 'context', 'turn', 'file', 'question', 'answer', 'timeline']),
  data: z.record(z.string(), z.unknown()),
});

export const KeptFileLine = z.object({
  id: FileId,
  name: z.string(),
  mediaType: z.string(),
  size: z.number(),
});

/** What a deletion could not reach. */
export const Forgotten = z.object({
  left: z.array(z.object({ agentId: AgentId, platformChatId: PlatformChatId })),
  /** Agents whose directory has no part that is this person's; without a path it is not known any more. */
  stays: z.array(z.object({ agentId: AgentId, path: z.string().optional() })),
});
export type Forgotten = z.infer<typeof Forgotten>;

export const Status = z.object({
  app: z.string(),
  version: z.string(),
  pid: z.number(),
  surfaces: z.array(z.string()),
  queued: z.number(),
  running: z.number(),
  deadLetters: z.number(),
});
export type Status = z.infer<typeof Status>;

export const Refusal = z.object({ error: z.string() });
