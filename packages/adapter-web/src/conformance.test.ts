import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Address, addressKey, ExternalId } from '@surfaces/protocol';
import { surfaceAdapterSuite } from '@surfaces/testkit';
import { createWebAdapter } from './adapter.ts';
import { WebAdapterConfig } from './config.ts';
import { addressOf, eventIdOf, placeOf } from './person.ts';
import { Browser } from './testing-browser.ts';
import { emptyPage, MemoryTimeline, memoryParts, realClock, silent } from './testing-web.ts';

surfaceAdapterSuite('the web page', async () => {
  const port = await freePort();
  const timeline = new MemoryTimeline();
  const parts = memoryParts();
  const config = WebAdapterConfig.parse({ port, accessKeys: 'one:first-key-of-two,other:second-key-of-two' });
  const make = () =>
    createWebAdapter({
      ...config,
      ...parts,
      timeline,
      clock: realClock,
      logger: silent,
      clientDir: emptyPage(),
    });
  const url = `http://127.0.0.1:${port}/`;
  const keys = { one: 'first-key-of-two', other: 'second-key-of-two' };
  const browsers = new Map<string, Browser>();
  const person = (address: Address): Browser => {
    const { person: whose, chat } = placeOf(address);
    const name = addressKey(address);
    const browser = browsers.get(name) ?? new Browser(url, whose === 'one' ? keys.one : keys.other, chat);
    browsers.set(name, browser);
    return browser;
  };
  const addresses: [Address, Address] = [addressOf(idOf('one')), addressOf(idOf('other'))];
  // They are open from the beginning.
  for (const address of addresses) person(address);
  let adapter = make();
  let made = 0;
  return {
    adapter,
    addresses,
    person,
    async restart() {
      await adapter.stop();
      adapter = make();
      return adapter;
    },
    chats: {
      async request(whose, name) {
        made += 1;
        return {
          from: addressOf(idOf(whose)),
          event: eventIdOf(idOf(whose), `message-${made}`),
          person: { id: parts.people.idOf(whose), externalId: idOf(whose) },
          chat: parts.people.chatOf(whose, `C${made}`, { name }),
        };
      },
      async bound(chat, address) {
        parts.people.placed.push({ chat, addresses: [address] });
      },
    },
    settings: {
      externalId: idOf,
      of: (whose, locale, streaming) => {
        const id = parts.people.idOf(whose);
        const person = { id, name: whose, locale, localeChosen: true, streaming };
        parts.people.persons.set(whose, person);
        return person;
      },
      shown: async (whose) => await person(addressOf(idOf(whose))).settings(),
    },
    files: {
      person: parts.people.idOf('one'),
      stranger: parts.people.idOf('other'),
      send: (address, text, files) => person(address).sendFiles(text, files),
      lose: () => parts.files.dropAll(parts.people.idOf('one')),
      async keep(address, name, content) {
        const owner = parts.people.idOf(address.room);
        const bytes = (async function* () {
          yield content;
        })();
        const kept = await parts.files.keep(owner, { name }, bytes, new AbortController().signal);
        return { ...kept, owner };
      },
    },
    async close() {
      for (const browser of browsers.values()) browser.close();
      await adapter.stop();
    },
  };
});

function idOf(whose: string): ExternalId {
  return ExternalId.parse(whose);
}

/** The browsers come back to the same address after a restart. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
