/**
 * The app of the crash suite: the parts of apps/local, put together here so that a test can say at which
 * step of the way of a message this process is to die. Production code knows nothing of that.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWebAdapter, WebAdapterConfig } from '@surfaces/adapter-web';
import {
  type Agents,
  type Clock,
  createCore,
  type Logger,
  type Metrics,
  type Recovery,
} from '@surfaces/core';
import { type AgentClient, AgentId } from '@surfaces/protocol';
import { createFiles, createWorkspaces } from '@surfaces/runtime/files';
import { createAgentClient } from '@surfaces/sdk';
import { openPostgresStore } from '@surfaces/store/postgres';
import { openSqliteStore } from '@surfaces/store/sqlite';
import type { RecoveredMessage } from './app-messages.ts';
import { faultFromEnvironment } from './fault.ts';
import { playedAdapter } from './played-adapter.ts';
import { PLAYED, PLAYED_SURFACES } from './played-surfaces.ts';

const {
  CRASH_DIR: directory = '.',
  CRASH_AGENT: agentUrl = '',
  CRASH_MESSENGER: messengerUrl = '',
  CRASH_WORKSPACE: workspace = '.',
  CRASH_DATABASE: databaseUrl,
} = process.env;
/** Bytes of one file. */
const MAX_FILE = 1_000_000;

const clock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
const metrics: Metrics = { count: () => undefined, gauge: () => undefined, observe: () => undefined };

function fileLogger(bound: object): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    const err = 'err' in fields ? { err: describe(fields.err) } : {};
    const line = {
      at: new Date().toISOString(),
      pid: process.pid,
      level,
      message,
      ...bound,
      ...fields,
      ...err,
    };
    appendFileSync(join(directory, 'app.jsonl'), `${JSON.stringify(line)}\n`);
  };
  return {
    debug: () => undefined,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => fileLogger({ ...bound, ...fields }),
    isDebug: () => false,
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack}${error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`}`;
}

function tell(recovery: Recovery): void {
  const running = recovery.turns.filter(({ turn }) => turn.state === 'running');
  const message: RecoveredMessage = {
    type: 'recovered',
    resumed: running.map(({ turn }) => turn.id),
    journalled: running.filter(({ events }) => events.length > 0).length,
    queued: recovery.turns.length - running.length,
    operations: recovery.operations.length,
    events: recovery.events.length,
    files: [
      ...recovery.files.map(({ file }) => file),
      ...recovery.turns.flatMap(({ turn }) => turn.attachments),
    ].filter(({ state }) => state === 'incoming').length,
  };
  process.send?.(message);
}

const fault = faultFromEnvironment();
const logger = fileLogger({});
const dataDir = join(directory, 'data');
const store = databaseUrl
  ? await openPostgresStore({ url: databaseUrl, logger })
  : await openSqliteStore({ dataDir, logger });
const recover = store.recover.bind(store);
store.recover = async (accounts) => {
  const recovery = await recover(accounts);
  tell(recovery);
  return recovery;
};
const client = createAgentClient({
  agentId: AgentId.parse('agent-0'),
  baseUrl: agentUrl,
  // The agent of this suite is down far more often than one that is to be given up.
  maxRestarts: 50,
  connectWindowMs: 60_000,
  reconnectWindowMs: 60_000,
});
/** A step that the core cannot name: the agent begins anew, and the journal does not know it yet. */
const agent: AgentClient = {
  ...client,
  async *send(request, signal) {
    for await (const event of client.send(request, signal)) {
      if (event.kind === 'restarted') fault('agent.restarted');
      yield event;
    }
  },
};
const agents: Agents = {
  assign: () => ({ choices: [agent.agentId], byDefault: false }),
  client: () => agent,
  info: (id) => ({ id, label: 'Crash' }),
  all: () => [agent],
};
const files = createFiles({ directory: join(dataDir, 'files'), maxBytes: MAX_FILE });
const workspaces = createWorkspaces({
  // All people have this agent.
  workspaceOf: () => ({ path: workspace, shared: true }),
  everywhere: () => [{ path: workspace, shared: true }],
  files,
  maxBytes: MAX_FILE,
});
const core = createCore({
  store,
  agents,
  files,
  workspaces,
  clock,
  logger,
  metrics,
  defaultLocale: 'en',
  scrub: (text) => text,
  // Nobody in this workload floods on purpose.
  limits: { rate: { burst: 1000, perSecond: 1000 } },
  fault,
});

let stopping = false;
process.on('SIGTERM', () => {
  if (stopping) return;
  stopping = true;
  void core
    .stop({ drainMs: 10_000, closeAgents: () => agent.close() })
    .then(() => store.close())
    .then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(1));

const { CRASH_WEB_PORT: port, CRASH_WEB_KEYS: accessKeys, CRASH_WEB_PAGE: clientDir = '' } = process.env;
const web = WebAdapterConfig.parse({ port, accessKeys });
const { timeline } = store;
const parts = { timeline, people: store, agents, files, clock, logger, defaultLocale: 'en' } as const;
await core.attach(createWebAdapter({ ...web, ...parts, clientDir }));
for (const surface of PLAYED_SURFACES) {
  await core.attach(playedAdapter(surface, PLAYED[surface], messengerUrl, files));
}
process.send?.({ type: 'ready' });
