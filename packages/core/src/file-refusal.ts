import { type AgentId, addressKey, type IncomingEvent } from '@surfaces/protocol';
import type { Context } from './context.ts';
import { fileName } from './file-words.ts';
import type { MessageKey } from './i18n/catalogue.ts';
import { sizeText } from './i18n/size.ts';
import type { Assignment, Person, SurfaceAdapter } from './ports/index.ts';

/** Why a message with files cannot be taken. */
export interface FileRefusal {
  readonly key: MessageKey;
  readonly parameters: Record<string, string | number>;
}

/** Most bytes of one file from a person; `undefined`: none can be had from this surface. */
export function fileLimit(
  { files }: Pick<Context, 'files'>,
  { capabilities, files: port }: SurfaceAdapter,
): number | undefined {
  if (capabilities.files === 'none' || !port) return undefined;
  return Math.min(capabilities.files.maxBytes, files.maxBytes);
}

/** Whether the files of a message can be taken here, as far as is known before they are. */
export async function fileRefusal(
  context: Context,
  adapter: SurfaceAdapter,
  event: IncomingEvent,
  { choices }: Assignment,
  known: Person | undefined,
): Promise<FileRefusal | undefined> {
  if (event.kind !== 'message' || event.attachments.length === 0) return undefined;
  const { store, workspaces, defaultLocale } = context;
  const limit = fileLimit(context, adapter);
  if (limit === undefined) return { key: 'refused_no_files', parameters: {} };
  const { externalId, name, locale } = event.author;
  const named = (file: { readonly name: string }) => fileName(context, file.name);
  const large = event.attachments.find(({ size }) => size !== undefined && size > limit);
  if (large) {
    const most = sizeText(limit, known?.locale ?? locale ?? defaultLocale);
    return { key: 'refused_file_too_large', parameters: { name: named(large), limit: most } };
  }
  const empty = event.attachments.find(({ size }) => size === 0);
  if (empty) return { key: 'refused_file_empty', parameters: { name: named(empty) } };
  const identity = { surface: event.surface, externalId, name, ...(locale ? { locale } : {}) };
  const person = known ?? (await store.identify({ ...identity, defaultLocale }));
  const takes = (agentId: AgentId) => workspaces.describe({ agentId, person: person.id }) !== 'none';
  if (choices.every(takes)) return undefined;
  const place = addressKey(event.address);
  const chats = await store.chatsOf(person.id);
  const here = chats.find(({ addresses }) => addresses.some((address) => addressKey(address) === place));
  const agentId = [here?.chat.agentId, person.agent].find((id) => id && choices.includes(id)) ?? choices[0];
  return takes(agentId) ? undefined : { key: 'refused_no_workspace', parameters: {} };
}
