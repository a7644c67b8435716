/** As little as takes a file over HTTP, copies it on the disk and gives it back; flushed as ours is. */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { answer } from '../child.ts';

let directory = '';
const kept = () => join(directory, 'kept');
const server = createServer({ requestTimeout: 0 }, async (request, response) => {
  try {
    if (request.method === 'POST') {
      await pipeline(request, createWriteStream(kept(), { flush: true }));
      response.writeHead(201).end('{"id":"kept"}');
    } else {
      await pipeline(createReadStream(kept()), response);
    }
  } catch {
    response.destroy();
  }
}).listen(0, '127.0.0.1');
await once(server, 'listening');

export type BareFiles = typeof calls;
const calls = {
  start(where: string): string {
    directory = where;
    // A TCP server has a port.
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  },
  async copy(): Promise<void> {
    const copied = join(directory, 'copied');
    await pipeline(createReadStream(kept()), createWriteStream(copied, { flush: true }));
    await rm(copied);
  },
  remove: () => rm(kept()),
};
answer(calls);
