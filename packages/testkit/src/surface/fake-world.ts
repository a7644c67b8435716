/** The suite's view of the messenger in memory. */
import {
  FakeMessenger,
  type FakeMessengerOptions,
  FakeSurface,
  MemoryDisk,
  MemoryFileTables,
} from '@surfaces/core/testing';
import { AgentId, ChatKey, EventId, ExternalId, newPlatformChatId, PersonId } from '@surfaces/protocol';
import { bytesOf } from '../files/harness.ts';
import type { SettingsUnderTest, SurfaceUnderTest } from './world.ts';

/** `make`: another adapter for the same messenger, such as a broken one. */
export async function fakeWorld(
  options: FakeMessengerOptions = {},
  make: (messenger: FakeMessenger) => FakeSurface = (messenger) =>
    new FakeSurface(messenger, { identify: async ({ externalId }) => PersonId.parse(externalId) }),
): Promise<SurfaceUnderTest> {
  const messenger = new FakeMessenger({ redeliverMs: 1, ...options });
  let adapter = make(messenger);
  let count = 0;
  const settings: SettingsUnderTest = {
    externalId: (whose) => ExternalId.parse(whose),
    of: (whose, locale, streaming) => ({
      id: PersonId.parse(whose),
      name: whose,
      locale,
      localeChosen: true,
      streaming,
    }),
    async shown(whose) {
      const { locale = 'en', streaming = true } = adapter.told.get(ExternalId.parse(whose)) ?? {};
      return { locale, streaming };
    },
  };
  const { files } = new MemoryFileTables(new MemoryDisk()).open();
  const open = async (owner: PersonId, id: Parameters<typeof files.read>[1]) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of files.read(owner, id)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  return {
    adapter,
    addresses: [messenger.thread('room', 'topic'), messenger.room('room')],
    person: (address) => ({
      async say(text) {
        messenger.say(address, text);
      },
      async press(label) {
        const buttons = messenger.shown(address).flatMap(({ message }) => message.buttons);
        const button = buttons.find((shown) => shown.label === label);
        if (!button) throw new Error(`no button "${label}" is shown`);
        messenger.press(address, button.action);
      },
      async seen() {
        return messenger.shown(address).map(({ message }) => ({
          text: message.markdown,
          buttons: message.buttons.map(({ label }) => label),
          ...(message.file && {
            file: {
              name: message.file.name,
              open: open.bind(undefined, message.file.owner, message.file.id),
            },
          }),
        }));
      },
      previews: async () => messenger.drafts(address).map(({ text }) => text),
    }),
    async restart() {
      adapter.kill();
      adapter = make(messenger);
      return adapter;
    },
    disconnect: async () => messenger.disconnect(),
    reconnect: async () => messenger.reconnect(),
    settings,
    chats: {
      async request(whose, name) {
        count += 1;
        const person = { id: PersonId.parse(whose), externalId: ExternalId.parse(whose) };
        return {
          from: messenger.room('room'),
          event: EventId.parse(`new-${count}`),
          person,
          chat: {
            key: ChatKey.parse(`chat-${count}`),
            chatId: `C${count}`,
            name,
            owner: person.id,
            agentId: AgentId.parse('agent-0'),
            platformChatId: newPlatformChatId(),
            state: 'active',
            named: true,
            byDefault: false,
            contextSince: Date.now(),
            tokens: 0,
          },
        };
      },
      shown: async (address) => messenger.sign(address),
    },
    files: {
      person: PersonId.parse('somebody'),
      stranger: PersonId.parse('stranger'),
      async send(address, text, sent) {
        messenger.sayWith(address, text, sent);
      },
      lose: async () => messenger.forgetUploads(),
      async keep(_, name, content) {
        const owner = PersonId.parse('somebody');
        return {
          ...(await files.keep(owner, { name }, bytesOf(content), new AbortController().signal)),
          owner,
        };
      },
    },
    close: async () => adapter.kill(),
  };
}
