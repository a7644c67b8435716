import type { Context } from '../context.ts';
import type { Command, Handler, Handling, Reply } from '../dispatcher.ts';
import { fileName } from '../file-words.ts';
import { sizeText } from '../i18n/size.ts';
import type { Intake } from '../intake.ts';
import type { Attachment } from '../ports/index.ts';
import { menuButtons, numberIn, pressed } from './menu.ts';

/** `list`: the files that wait for a text. */
export function list(context: Context): Command {
  return {
    name: 'list',
    help: 'help_list',
    group: 'files',
    handle: async (handling) => [listed(context, handling, await waiting(context, handling))],
  };
}

/** `remove <n|all>`: they are not given to the agent. */
export function remove(context: Context, intake: Intake): Command {
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
      if (again && !all) return [listed(context, handling, files)];
      if (files.length === 0) return [listed(context, handling, files)];
      if (all) return [await take(context, intake, handling, files)];
      const picked = files[numberIn(event.args) - 1];
      if (!picked) return [{ markdown: t('remove_unknown', { count: files.length, sign }) }];
      return [await take(context, intake, handling, [picked])];
    },
  };
}

export function removeButton(context: Context, intake: Intake): Handler<'callback'> {
  return async (handling) => {
    const { value, settles } = pressed(handling.event.action);
    const picked = (await waiting(context, handling)).find((file) => file.id === value);
    const reply = picked
      ? await take(context, intake, handling, [picked])
      : { markdown: handling.t('remove_gone') };
    // The numbers are others now: what is left is listed anew.
    const left = await waiting(context, handling);
    return [{ ...reply, settles }, ...(left.length > 0 ? [listed(context, handling, left)] : [])];
  };
}

function waiting(context: Context, { chat, person }: Handling): Promise<readonly Attachment[]> {
  return context.store.waitingFiles(chat.key, person.id);
}

async function take(
  context: Context,
  intake: Intake,
  { chat, person, t }: Handling,
  files: readonly Attachment[],
): Promise<Reply> {
  const ids = files.map(({ id }) => id);
  const removed = await context.store.removeFiles(chat.key, person.id, ids);
  context.own('removed files', intake.remove(removed, chat));
  const [first] = removed;
  if (!first) return { markdown: t('remove_gone') };
  return {
    markdown:
      removed.length === 1
        ? t('removed_one', { name: fileName(context, first.name) })
        : t('removed', { count: removed.length }),
  };
}

function listed(context: Context, { t, sign, person }: Handling, files: readonly Attachment[]): Reply {
  if (files.length === 0) return { markdown: t('list_none') };
  const lines = files.map((file, index) => {
    const size = file.size === undefined ? '' : ` (${sizeText(file.size, person.locale)})`;
    return `${index + 1}. ${fileName(context, file.name)}${size}`;
  });
  const choices = files.map((file, index) => ({
    label: `${t('button_remove')} ${index + 1}`,
    value: file.id,
  }));
  return {
    markdown: t('list', { count: files.length, files: lines.join('\n'), sign }),
    buttons: menuButtons('remove', choices),
  };
}
