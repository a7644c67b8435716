import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Address, ExternalId } from '@surfaces/protocol';
import { surfaceAdapterSuite } from '@surfaces/testkit';
import { createWebAdapter } from './adapter.ts';
import { WebAdapterConfig } from './config.ts';
import { addressOf } from './person.ts';
import { Browser } from './testing-browser.ts';
import { emptyPage, MemoryTimeline, memoryParts, realClock, silent } from './testing-web.ts';

surfaceAdapterSuite('the web page', async () => {
  const port = await freePort();
  const timeline = new MemoryTimeline();
  const parts = memoryParts();
  const config = WebAdapterConfig.parse({ port, accessKeys: 'one:first-key-of-two,two:second-key-of-two' });
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
  const browsers = { one: new Browser(url, 'first-key-of-two'), two: new Browser(url, 'second-key-of-two') };
  const addresses: [Address, Address] = [
    addressOf(ExternalId.parse('one')),
    addressOf(ExternalId.parse('two')),
  ];
  let adapter = make();
  return {
    adapter,
    addresses,
    person: (address) => (address.room === addresses[0].room ? browsers.one : browsers.two),
    async restart() {
      await adapter.stop();
      adapter = make();
      return adapter;
    },
    async close() {
      for (const browser of Object.values(browsers)) browser.close();
      await adapter.stop();
    },
  };
});

/** The browsers come back to the same address after a restart. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
