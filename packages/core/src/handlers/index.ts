import type { Context } from '../context.ts';
import type { Delivery } from '../delivery.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { Intake } from '../intake.ts';
import type { Lanes } from '../lanes.ts';
import { agent, agentButton } from './agent.ts';
import { archive } from './archive.ts';
import { chatButton, chats } from './chats.ts';
import { clear } from './clear.ts';
import { answerByButton, no, yes } from './confirm.ts';
import { aboutContext } from './context.ts';
import { help, unknownCommand } from './help.ts';
import { cancel, load, loadButton } from './load.ts';
import { newChat } from './new.ts';
import { rename } from './rename.ts';
import { retry, retryTurn } from './retry.ts';
import { save } from './save.ts';
import { settings, settingsButton } from './settings.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { stop, stopTurn } from './stop.ts';
import { list, remove, removeButton } from './waiting-files.ts';

interface Parts {
  readonly context: Context;
  readonly delivery: Delivery;
  readonly lanes: Lanes;
  readonly intake: Intake;
}

/** What people can say and press; in the order in which the help shows it. */
export function registerHandlers(dispatcher: Dispatcher, { context, delivery, lanes, intake }: Parts): void {
  dispatcher
    .command(stop(lanes))
    .command(retry(context, lanes, delivery, intake))
    .command(yes(context, lanes))
    .command(no(context, lanes))
    .command(status(context, lanes))
    .command(newChat(context, delivery))
    .command(chats(context))
    .command(rename(context))
    .command(archive(context))
    .command(aboutContext(context))
    .command(clear(context))
    .command(save(context, lanes))
    .command(load(context, lanes))
    .command(cancel(context))
    .command(list(context))
    .command(remove(context, intake))
    .command(agent(context))
    .command(settings(context))
    .command(start)
    .command(help(dispatcher))
    .command(unknownCommand)
    .callback('stop', stopTurn(lanes))
    .callback('retry', retryTurn(context, lanes, delivery, intake))
    .callback('confirm', answerByButton(context, lanes))
    .callback('chat', chatButton(context))
    .callback('load', loadButton(context, lanes))
    .callback('remove', removeButton(context, intake))
    .callback('agent', agentButton(context))
    .callback('settings', settingsButton(context))
    .callback('*', async ({ t }) => [{ markdown: t('unknown_button') }]);
}
