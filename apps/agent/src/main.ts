/** The demo agent. An agent of your own is this file with another `onTurn`. */
import { join } from 'node:path';
import { fileTurnLog, serveAgent } from '@surfaces/sdk';
import { answer } from './abilities.ts';
import { Desk } from './files/desk.ts';
import { Workspace } from './files/workspace.ts';
import { History } from './history.ts';
import { phrasesFor } from './phrases.ts';
import { readSettings, USAGE } from './settings.ts';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const history = new History(join(settings.dataDir, 'history'));
  await history.prepare();
  const desk = new Desk(await Workspace.open(settings.workspace), history);

  const server = await serveAgent({
    host: settings.host,
    port: settings.port,
    agent: 'demo',
    ...(settings.key === undefined ? {} : { bearer: settings.key }),
    // Finished turns outlive the process: a caller that lost the answer gets it, and none runs twice.
    turnLog: await fileTurnLog(join(settings.dataDir, 'turns')),
    async onTurn(turn) {
      // Keyed by the request: a turn that runs again after a crash is entered once.
      const { platformChatId, requestId, text } = turn;
      const files = await desk.taken(turn);
      const spoken = files.length === 0 ? {} : { files };
      const messages = await history.enter(platformChatId, { requestId, text, ...spoken });
      await answer(turn, phrasesFor(turn.person?.locale), messages, desk);
    },
    onFork: (from, to) => history.copy(from, to),
    onDispose: (context) => history.forget(context),
    logger: { debug() {}, info: log, warn: log, error: log },
  });

  const stop = (drainMs: number) => void server.close({ drainMs }).then(() => process.exit(0));
  process.on('SIGTERM', () => stop(30_000));
  if (process.send === undefined) {
    process.on('SIGINT', () => stop(30_000));
    process.stdout.write(`The demo agent listens at ${server.url}\n`);
  } else {
    // Started by an app: Ctrl-C is for the app to handle, and without it there is nobody to serve.
    process.on('SIGINT', () => {});
    process.on('disconnect', () => stop(0));
    process.send({ type: 'listening', url: server.url });
  }
}

function log(fields: object, message: string): void {
  const { err, ...rest } = fields as { err?: unknown };
  process.stderr.write(`${message} ${JSON.stringify(rest)}${err === undefined ? '' : ` ${String(err)}`}\n`);
}

if (process.argv.includes('--help') || process.argv.includes('-h')) process.stdout.write(USAGE);
else {
  main().catch((error: unknown) => {
    process.stderr.write(
      `The demo agent cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  });
}
