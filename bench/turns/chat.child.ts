/** The same way by the npm package `chat`: state in memory, a handler that makes the bare call and posts the answer. */
import { createMemoryState } from '@chat-adapter/state-memory';
import {
  type Adapter,
  type AdapterPostableMessage,
  BaseFormatConverter,
  Chat,
  type ChatInstance,
  Message,
  parseMarkdown,
  type StateAdapter,
  stringifyMarkdown,
} from 'chat';
import { answer } from '../child.ts';
import { bareAgents } from './bare-agent.ts';
import { type Drive, drive } from './drive.ts';

/** What the documentation tells adapters to do where the messenger speaks Markdown. */
class Markdown extends BaseFormatConverter {
  toAst(text: string): Message['formatted'] {
    return parseMarkdown(text);
  }
  fromAst(ast: Message['formatted']): string {
    return stringifyMarkdown(ast);
  }
}

/** As if it came so from the messenger: cheaper than any real adapter can be. */
function readyMade(value: string): Message['formatted'] {
  return { type: 'root', children: [{ type: 'paragraph', children: [{ type: 'text', value }] }] };
}

/** The smallest messenger: threads are `memory:<chat>`, what is posted is handed to whoever waits. */
class MemoryAdapter implements Adapter<string, string> {
  readonly name = 'memory';
  readonly userName = 'bench';
  readonly #posted = new Map<string, (text: string) => void>();
  readonly #markdown = new Markdown();
  #chat: ChatInstance | undefined;
  /** Parse what comes in. */
  parses = true;
  #ids = 0;

  async initialize(chat: ChatInstance): Promise<void> {
    this.#chat = chat;
  }

  /** A person writes; resolves when the answer is posted and its handler is done. */
  async say(chat: number, text: string): Promise<string> {
    const threadId = this.encodeThreadId(String(chat));
    let posted: string | undefined;
    this.#posted.set(threadId, (answer) => {
      posted = answer;
    });
    const message = this.#message(threadId, String(this.#ids++), text, false);
    await this.#chat?.processMessage(this, threadId, message);
    if (posted === undefined) throw new Error(`nothing was posted in ${threadId}`);
    return posted;
  }

  async postMessage(threadId: string, message: AdapterPostableMessage) {
    const text = this.#markdown.renderPostable(message);
    this.#posted.get(threadId)?.(text);
    return { id: String(this.#ids++), raw: text, threadId };
  }

  #message(threadId: string, id: string, text: string, isMe: boolean): Message<string> {
    const author = { userId: threadId, userName: 'person', fullName: 'Person', isBot: false, isMe };
    return new Message({
      id,
      threadId,
      text,
      formatted: this.parses ? this.#markdown.toAst(text) : readyMade(text),
      raw: text,
      author,
      metadata: { dateSent: new Date(), edited: false },
      attachments: [],
      isMention: true,
    });
  }

  parseMessage(raw: string): Message<string> {
    return this.#message('memory:', '', raw, false);
  }
  encodeThreadId(chat: string): string {
    return `memory:${chat}`;
  }
  decodeThreadId(threadId: string): string {
    return threadId.slice('memory:'.length);
  }
  channelIdFromThreadId(threadId: string): string {
    return threadId;
  }
  renderFormatted(): string {
    throw new Error('not used here');
  }
  async fetchThread(threadId: string) {
    return { id: threadId, channelId: threadId, metadata: {} };
  }
  async fetchMessages() {
    return { messages: [] };
  }
  editMessage = unused;
  deleteMessage = unused;
  addReaction = unused;
  removeReaction = unused;
  startTyping = unused;
  handleWebhook = unused;
}

async function unused(): Promise<never> {
  throw new Error('not used here');
}

const adapter = new MemoryAdapter();
let agents: ReturnType<typeof bareAgents> | undefined;
const chat = new Chat({
  userName: 'bench',
  adapters: { memory: adapter },
  // Its package has its own copy of `chat`, one patch older: the same methods, another class `Message`.
  state: createMemoryState() as unknown as StateAdapter,
  concurrency: 'queue',
  logger: 'silent',
});
chat.onNewMention(async (thread, message) => {
  const text = await agents?.ask(Number(adapter.decodeThreadId(thread.id)), message.text);
  await thread.post(text ?? '');
});
await chat.initialize();

export type ChatSide = typeof calls;
const calls = {
  start({ agentUrl }: { readonly agentUrl: string }) {
    agents = bareAgents(agentUrl);
  },
  drive({ parses, ...how }: Drive & { readonly parses: boolean }) {
    adapter.parses = parses;
    return drive((at, text) => adapter.say(at, text), how);
  },
};
answer(calls, async () => {
  agents?.close();
  await chat.shutdown();
});
