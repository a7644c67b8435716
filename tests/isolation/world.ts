/**
 * The whole app with a registry of agents, and people who attack each other through it: one agent that
 * they share and one that each has alone, all of them processes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { RunningApp } from '../e2e/running-app.ts';
import { Page } from './page.ts';

const AGENT = fileURLToPath(new URL('../../apps/agent/src/main.ts', import.meta.url));
const RELOADED = 'a new version of the agent registry is in force';

export const KEYS = {
  anna: 'the-long-access-key-of-anna',
  ben: 'the-long-access-key-of-ben',
} as const;
export type Name = keyof typeof KEYS;

export interface ListedAgent {
  readonly id: string;
  readonly url: string;
  readonly workspace: string;
  readonly bearer?: string;
}

export interface Registry {
  readonly agents: readonly ListedAgent[];
  /** By their name on the page. */
  readonly people: Readonly<Record<string, readonly string[]>>;
  readonly defaultAgent?: string;
}

const ALONE = { anna: ['shared', 'of-anna'], ben: ['shared', 'of-ben'] };

export class World {
  /** Without links, as the agents know it. */
  readonly dir: string;
  readonly app: RunningApp;
  readonly #agents: ChildProcess[];
  readonly #registry: string;
  readonly #pages: Page[] = [];
  #listed: Registry;

  private constructor(dir: string, app: RunningApp, agents: ChildProcess[], listed: Registry) {
    this.dir = dir;
    this.app = app;
    this.#agents = agents;
    this.#registry = join(dir, 'agents.yaml');
    this.#listed = listed;
  }

  /** `more`: agents beside the three demo agents; `people`: who has which, by default `shared` and their own. */
  static async open(
    given: { readonly more?: readonly ListedAgent[]; readonly people?: Registry['people'] } = {},
  ): Promise<World> {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'surfaces-isolation-')));
    const started = await Promise.all(['shared', 'of-anna', 'of-ben'].map((id) => startAgent(dir, id)));
    const { people = ALONE, more = [] } = given;
    const listed = { agents: [...started.map(({ listed }) => listed), ...more], people };
    const app = new RunningApp({
      AGENTS_CONFIG: join(dir, 'agents.yaml'),
      WEB_ACCESS_KEYS: Object.entries(KEYS)
        .map(([name, key]) => `${name}:${key}`)
        .join(),
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
      ...Object.fromEntries(listed.agents.map(({ id, bearer }) => [variableOf(id), bearer ?? ''])),
    });
    const processes = started.map(({ child }) => child);
    const world = new World(dir, app, processes, listed);
    world.#write();
    await app.start();
    return world;
  }

  get url(): string {
    return this.app.url;
  }

  get agents(): readonly ListedAgent[] {
    return this.#listed.agents;
  }

  /** Where the files of an agent are. */
  workspace(id: string): string {
    const agent = this.#listed.agents.find((one) => one.id === id);
    if (agent === undefined) throw new Error(`there is no agent ${id}`);
    return agent.workspace;
  }

  bearer(id: string): string {
    return bearerOf(id);
  }

  async page(name: Name, chat?: string): Promise<Page> {
    const page = await Page.open(this.url, { authorization: `Bearer ${KEYS[name]}` }, chat);
    this.#pages.push(page);
    return page;
  }

  /** Writes another registry and waits until it is in force. */
  async assign(people: Registry['people'], more: Partial<Registry> = {}): Promise<void> {
    const count = () => this.app.log.split(RELOADED).length;
    const before = count();
    this.#listed = { ...this.#listed, ...more, people };
    this.#write();
    await vi.waitFor(() => {
      if (count() === before) throw new Error('the new registry is not in force yet');
    }, 10_000);
  }

  /** The directories that a shared agent has for people. */
  directories(agent: string): readonly string[] {
    const entries = readdirSync(this.workspace(agent), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  async close(): Promise<void> {
    for (const page of this.#pages) page.close();
    await this.app.dispose();
    for (const child of this.#agents) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** JSON is YAML. A half written version is never seen. */
  #write(): void {
    const { agents, people, defaultAgent } = this.#listed;
    const registry = {
      ...(defaultAgent === undefined ? {} : { default_agent: defaultAgent }),
      user_agents: Object.fromEntries(Object.entries(people).map(([name, ids]) => [`web:${name}`, ids])),
      agents: agents.map(({ id, url, workspace, bearer }) => ({
        id,
        label: `Agent ${id}`,
        base_url: url,
        workspace_path: workspace,
        ...(bearer === undefined ? {} : { auth: { bearer_env: variableOf(id) } }),
      })),
    };
    writeFileSync(`${this.#registry}.new`, JSON.stringify(registry));
    renameSync(`${this.#registry}.new`, this.#registry);
  }
}

async function startAgent(dir: string, id: string): Promise<{ child: ChildProcess; listed: ListedAgent }> {
  const workspace = join(dir, 'agents', id);
  const bearer = bearerOf(id);
  mkdirSync(workspace, { recursive: true });
  const child = fork(AGENT, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      PATH: process.env.PATH,
      AGENT_PORT: '0',
      AGENT_KEY: bearer,
      AGENT_DATA_DIR: join(dir, 'agent-data', id),
      AGENT_WORKSPACE: workspace,
    },
  });
  const [message] = await once(child, 'message');
  return { child, listed: { id, url: String(message.url), workspace, bearer } };
}

function bearerOf(id: string): string {
  return `the-bearer-key-of-agent-${id}`;
}

function variableOf(id: string): string {
  return `KEY_${id.toUpperCase().replaceAll('-', '_')}`;
}
