/** Where the agents come from: the registry, one URL, or the app itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger, Metrics, Scrubber } from '@surfaces/core';
import { type AgentClient, AgentId } from '@surfaces/protocol';
import { createAgentClient } from '@surfaces/sdk';
import type { AppConfig } from './config.ts';
import { EXIT } from './exit-codes.ts';
import { type Access, type AgentRegistry, openRegistry, singleAgent } from './registry/index.ts';
import type { Environment } from './settings.ts';
import { StartError } from './start-error.ts';

/** An agent that the app runs itself. */
export interface OwnAgent {
  readonly url: string;
  /** What it wants as a bearer token. */
  readonly key?: string;
  /** The directory that it works in. Without it no files can be exchanged with it. */
  readonly workspacePath?: string;
  stop(): Promise<void>;
}

/** What an agent that the app runs itself keeps in the app's data directory. */
export function ownAgentPlaces(dataDir: string): {
  readonly dataDir: string;
  readonly workspacePath: string;
} {
  const own = join(dataDir, 'agent');
  return { dataDir: own, workspacePath: join(own, 'workspace') };
}

/** Where a person may have a directory: with the agents that are registered, and with the app's own, whenever it ran. */
export function everyWorkspace(
  agents: Pick<AgentRegistry, 'workspaces'>,
  dataDir: string,
): readonly { readonly path: string; readonly shared: boolean }[] {
  return [...agents.workspaces(), { path: ownAgentPlaces(dataDir).workspacePath, shared: true }];
}

export type StartOwnAgent = (parts: {
  /** With what `.env` says. */
  readonly env: Environment;
  readonly logger: Logger;
  /** For it alone. */
  readonly dataDir: string;
  /** The directory that files are exchanged in. */
  readonly workspacePath: string;
  readonly signal: AbortSignal;
}) => Promise<OwnAgent>;

export interface OpenAgentsOptions {
  readonly config: Pick<AppConfig, 'agents' | 'dataDir'>;
  readonly ownAgent: StartOwnAgent | undefined;
  readonly env: Environment;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly scrub: Scrubber;
  readonly signal: AbortSignal;
  /** Takes what must be closed, in the order in which it was opened. */
  readonly onOpened: (what: string, close: () => Promise<void>) => void;
}

/** Rejects with a `StartError` that says what is wrong. */
export async function openAgents(options: OpenAgentsOptions): Promise<AgentRegistry> {
  const { config, env, logger, metrics, scrub, onOpened } = options;
  const registry = await open();
  onOpened("the agents' clients", () => registry.close());
  return registry;

  async function open(): Promise<AgentRegistry> {
    switch (config.agents.kind) {
      case 'registry': {
        const { path } = config.agents;
        if (env.AGENT_BASE_URL) {
          logger.warn(
            { registry: path },
            'AGENT_BASE_URL is not used: the registry says which agents there are',
          );
        }
        return openRegistry({ path, env, logger, metrics, learn: scrub.learn, createClient, now: Date.now });
      }
      case 'single': {
        const { baseUrl, bearer, workspacePath } = config.agents;
        return single(baseUrl, bearer, workspacePath);
      }
      case 'own': {
        if (options.ownAgent === undefined) throw new StartError('AGENT_BASE_URL is not set.', EXIT.config);
        const places = ownAgentPlaces(config.dataDir);
        const own = await options.ownAgent({ env, logger, ...places, signal: options.signal });
        onOpened('the agent', () => own.stop());
        if (own.key !== undefined) scrub.learn([own.key]);
        return single(own.url, own.key, own.workspacePath);
      }
    }
  }

  function single(baseUrl: string, bearer: string | undefined, workspacePath: string | undefined) {
    if (workspacePath !== undefined && !existsSync(workspacePath)) {
      logger.warn({ workspacePath }, 'there is no such directory: no files can be exchanged until there is');
    }
    const id = AgentId.parse('agent-0');
    const access = { baseUrl, ...(bearer === undefined ? {} : { bearer }) };
    return singleAgent(
      { id, label: 'Agent', access, ...(workspacePath === undefined ? {} : { workspacePath }) },
      {
        createClient,
        onCloseFailed: (agent, err) => logger.warn({ agent, err }, 'the client did not close well'),
      },
    );
  }

  function createClient(agentId: AgentId, access: Access): AgentClient {
    return createAgentClient({
      agentId,
      ...access,
      onIgnored: (reason) => metrics.count('surfaces_agent_frames_ignored_total', { agent: agentId, reason }),
    });
  }
}
