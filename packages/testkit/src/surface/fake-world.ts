/** The suite's view of the messenger in memory. */
import { FakeMessenger, type FakeMessengerOptions, FakeSurface } from '@surfaces/core/testing';
import type { SurfaceUnderTest } from './world.ts';

/** `make`: another adapter for the same messenger, such as a broken one. */
export async function fakeWorld(
  options: FakeMessengerOptions = {},
  make: (messenger: FakeMessenger) => FakeSurface = (messenger) => new FakeSurface(messenger),
): Promise<SurfaceUnderTest> {
  const messenger = new FakeMessenger({ redeliverMs: 1, ...options });
  let adapter = make(messenger);
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
    close: async () => adapter.kill(),
  };
}
