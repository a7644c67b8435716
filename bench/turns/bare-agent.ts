/** As little as talks to an agent: one WebSocket, one message at a time. */
import { once } from 'node:events';
import { newPlatformChatId } from '@surfaces/protocol';
import { agentUrl } from '@surfaces/sdk';
import WebSocket from 'ws';

export class BareAgent {
  readonly #socket: WebSocket;
  #text = '';
  #answered: PromiseWithResolvers<string> | undefined;

  static async connect(baseUrl: string): Promise<BareAgent> {
    const socket = new WebSocket(agentUrl(baseUrl, newPlatformChatId()), { perMessageDeflate: false });
    const agent = new BareAgent(socket);
    await once(socket, 'open');
    return agent;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      // The agent is ours, in the next process.
      const frame = JSON.parse(data.toString()) as { readonly type: string; readonly text?: string };
      if (frame.type === 'AGENT_EVENT_TEXT_CHUNK') this.#text += frame.text ?? '';
      else if (frame.type === 'AGENT_EVENT_END') this.#answered?.resolve(this.#text);
      else if (frame.type === 'ERROR') this.#answered?.reject(new Error(data.toString()));
    });
    socket.on('close', () => this.#answered?.reject(new Error('the agent closed the connection')));
  }

  ask(text: string): Promise<string> {
    this.#text = '';
    this.#answered = Promise.withResolvers();
    this.#socket.send(JSON.stringify({ type: 'USER_MESSAGE', text, attachments: [] }));
    return this.#answered.promise;
  }

  close(): void {
    this.#socket.close();
  }
}

/** A connection per chat, opened when it is first needed. */
export function bareAgents(baseUrl: string): {
  ask(chat: number, text: string): Promise<string>;
  close(): void;
} {
  const agents = new Map<number, BareAgent>();
  return {
    async ask(chat, text) {
      let agent = agents.get(chat);
      if (agent === undefined) {
        agent = await BareAgent.connect(baseUrl);
        agents.set(chat, agent);
      }
      return agent.ask(text);
    },
    close() {
      for (const agent of agents.values()) agent.close();
    },
  };
}
