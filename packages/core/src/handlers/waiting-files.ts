import type { Context } from '../context.ts';
import type { Command, Handler, Handling, Reply } from '../dispatcher.ts';
import { insideCode } from '../markdown/escape.ts';
import type { Attachment } from '../ports/index.ts';
import { menuButtons, numberIn, pressed } from './menu.ts';

/** `list`: the files that wait for a text. */
export function list(context: Context): Command {
  return {
    name: 'list',
    help: 'help_list',
    group: 'files',
    handle: async (handling) => [listed(handling, await waiting(context, handling))],
  };
}

/** `remove <n|all>`: they are not given to the agent. */
export function remove(context: Context): Command {
  return {
    name: 'remove',
    takes: '<n|all>',
    help: 'help_remove',
    group: 'files',
    handle: async (handling) => {
      const { event, again, t, sign } = handling;
      const files = await waiting(context, handling);
      const all = event.args.trim().toLowerCase() === 'all';
      // What a number meant is not known any more: some may be gone already.
      if (again && !all) return [listed(handling, files)];
      if (files.length === 0) return [listed(handling, files)];
      if (all) return [await take(context, handling, files)];
      const picked = files[numberIn(event.args) - 1];
      if (!picked) return [{ markdown: t('remove_unknown', { count: files.length, sign }) }];
      return [await take(context, handling, [picked])];
    },
  };
}

export function removeButton(context: Context): Handler<'callback'> {
  return async (handling) => {
    const { value, settles } = pressed(handling.event.action);
    const picked = (await waiting(context, handling)).find((file) => file.id === value);
    const reply = picked ? await take(context, handling, [picked]) : { markdown: handling.t('remove_gone') };
    // The numbers are others now: what is left is listed anew.
    const left = await waiting(context, handling);
    return [{ ...reply, settles }, ...(left.length > 0 ? [listed(handling, left)] : [])];
  };
}

function waiting(context: Context, { chat, person }: Handling): Promise<readonly Attachment[]> {
  return context.store.waitingFiles(chat.key, person.id);
}

async function take(
  context: Context,
  { chat, person, t }: Handling,
  files: readonly Attachment[],
): Promise<Reply> {
  const ids = files.map(({ id }) => id);
  const removed = await context.store.removeFiles(chat.key, person.id, ids);
  for (const { path } of removed) {
    if (path === undefined) continue;
    context.own(
      'a removed file',
      context.workspaces.remove({ agentId: chat.agentId, person: person.id }, path),
    );
  }
  const [first] = removed;
  if (!first) return { markdown: t('remove_gone') };
  return {
    markdown:
      removed.length === 1
        ? t('removed_one', { name: insideCode(first.name) })
        : t('removed', { count: removed.length }),
  };
}

function listed({ t, sign }: Handling, files: readonly Attachment[]): Reply {
  if (files.length === 0) return { markdown: t('list_none') };
  const lines = files.map((file, index) => `${index + 1}. \`${insideCode(file.name)}\`${sizeOf(file)}`);
  const choices = files.map((file, index) => ({
    label: `${t('button_remove')} ${index + 1}`,
    value: file.id,
  }));
  return {
    markdown: t('list', { count: files.length, files: lines.join('\n'), sign }),
    buttons: menuButtons('remove', choices),
  };
}

function sizeOf({ size }: Attachment): string {
  if (size === undefined) return '';
  const units = ['B', 'KB', 'MB', 'GB'];
  let value = size;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return ` (${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]})`;
}
