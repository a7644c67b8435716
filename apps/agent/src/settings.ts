/** What the environment says. */
import { homedir, platform } from 'node:os';
import { join } from 'node:path';

export const USAGE = `The demo agent: answers over the agent wire protocol, without any key.

Usage: npm start -w @surfaces/agent [-- --help]

Environment:
  AGENT_HOST       address to listen on (default 127.0.0.1)
  AGENT_PORT       port to listen on, 0 for any free one (default 7000)
  AGENT_KEY        callers must send it as a bearer token; needed on any address but loopback
  AGENT_DATA_DIR   histories and finished turns (default: "agent" inside SURFACES_DATA_DIR,
                   or inside the platform's data directory)
  AGENT_WORKSPACE  where files come in and go out; what starts this agent's app calls it workspace_path
                   (default: "workspace" inside AGENT_DATA_DIR)
`;

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly key: string | undefined;
  readonly dataDir: string;
  readonly workspace: string;
}

/** Throws an error for the operator when something cannot be used. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const port = env.AGENT_PORT || '7000';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw new Error(`AGENT_PORT must be a number from 0 to 65535, not "${port}".`);
  }
  const host = env.AGENT_HOST || '127.0.0.1';
  const key = env.AGENT_KEY || undefined;
  if (key === undefined && !['localhost', '::1'].includes(host) && !host.startsWith('127.')) {
    throw new Error(`On ${host} others can reach the agent: set AGENT_KEY, or AGENT_HOST=127.0.0.1.`);
  }
  const base = env.SURFACES_DATA_DIR || join(platformDataDir(env), 'surfaces');
  const dataDir = env.AGENT_DATA_DIR || join(base, 'agent');
  const workspace = env.AGENT_WORKSPACE || join(dataDir, 'workspace');
  return { host, port: Number(port), key, dataDir, workspace };
}

function platformDataDir(env: Readonly<Record<string, string | undefined>>): string {
  if (platform() === 'win32') return env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Application Support');
  return env.XDG_DATA_HOME || join(homedir(), '.local', 'share');
}
