/** The WebSocket call alone. */
import { answer } from '../child.ts';
import { bareAgents } from './bare-agent.ts';
import { type Drive, drive } from './drive.ts';

let agents: ReturnType<typeof bareAgents> | undefined;

export type BareSide = typeof calls;
const calls = {
  start({ agentUrl }: { readonly agentUrl: string }) {
    agents = bareAgents(agentUrl);
  },
  drive(how: Drive) {
    return drive((chat, text) => agents?.ask(chat, text) ?? Promise.reject(new Error('not started')), how);
  },
};
answer(calls, async () => agents?.close());
