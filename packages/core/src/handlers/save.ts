import { newPlatformChatId } from '@surfaces/protocol';
import { callAgent } from '../agent-call.ts';
import type { Context } from '../context.ts';
import type { Command, Handling, Reply } from '../dispatcher.ts';
import type { Lanes } from '../lanes.ts';
import { escapeMarkdown } from '../markdown/escape.ts';
import { slugOf } from '../names.ts';
import { askToWrite } from '../notes.ts';
import type { Chat, Person } from '../ports/index.ts';
import { chatName } from './chat-name.ts';
import { givenName } from './given-name.ts';

/** `save [name]`: a copy of the context where the agent can make one, otherwise notes that it writes. */
export function save(context: Context, lanes: Lanes): Command {
  return {
    name: 'save',
    takes: '[name]',
    help: 'help_save',
    group: 'memory',
    handle: async (handling) => {
      const { event, id, person, t, sign } = handling;
      const { store, limits, clock } = context;
      const given = givenName(event.args, limits.nameLength, t);
      if ('refusal' in given) return [{ markdown: given.refusal }];
      const chat = (await store.chat(handling.chat.key)) ?? handling.chat;
      const name = given.name || chatName(chat, t);
      const before = (await store.savedContexts(person.id, chat.agentId)).find((saved) => saved.id === id);
      if (before) return [saved(handling, before.name)];
      // Notes that an earlier life of this process asked for are not there yet: they are asked for once.
      if (!handling.again && (await isBusy(context, chat))) return [{ markdown: t('busy', { sign }) }];

      const copy = newPlatformChatId();
      const forked = await callAgent(context, chat.agentId, (client, signal) =>
        client.fork(chat.platformChatId, copy, signal),
      );
      if (forked.outcome === 'failed') return [{ markdown: t(forked.key) }];
      const common = { id, owner: person.id, agentId: chat.agentId, name, savedAt: clock.now() };
      if (forked.outcome === 'done') {
        const source = { kind: 'copy', platformChatId: copy } as const;
        return [saved(handling, (await store.saveContext({ ...common, source })).name)];
      }
      const path = notesPath(context, chat, person, name, id);
      const turn = await store.queueTurn({
        chat: chat.key,
        person: person.id,
        text: askToWrite(path, name),
        by: `${id}:notes`,
        address: event.address,
        now: clock.now(),
        queueLimit: limits.queue,
      });
      if (turn === 'queue_full') return [{ markdown: t('refused_queue_full', { limit: limits.queue }) }];
      const source = { kind: 'notes', path, turn: turn.id } as const;
      const kept = await store.saveContext({ ...common, source });
      if (turn.state !== 'finished') {
        const now = (await store.chat(chat.key)) ?? chat;
        lanes.push({
          turn,
          chat: now,
          person,
          adapter: handling.adapter,
          author: event.author.externalId,
        });
      }
      return [{ markdown: t('save_notes', { name: escapeMarkdown(kept.name), sign }) }];
    },
  };
}

function saved({ t, sign }: Handling, name: string): Reply {
  return { markdown: t('saved', { name: escapeMarkdown(name), sign }) };
}

/** Turns of a chat run in order: when the newest is finished, all are. */
async function isBusy(context: Context, chat: Chat): Promise<boolean> {
  const [newest] = await context.store.lastTurns(chat.key, 1);
  return newest !== undefined && newest.state !== 'finished';
}

/**
 * Where the agent writes its notes, relative to its workspace. Below the person's own directory where
 * the agent serves several people, or where we know nothing of its workspace; no two notes are one file.
 */
function notesPath(context: Context, chat: Chat, person: Person, name: string, id: string): string {
  const place = context.workspaces.describe({ agentId: chat.agentId, person: person.id });
  const directory = place === 'none' ? person.id : place.directory;
  const unique = id.replaceAll(/[^a-zA-Z0-9]/g, '').slice(-8);
  return [...(directory ? [directory] : []), 'contexts', `${slugOf(name)}-${unique}.md`].join('/');
}
