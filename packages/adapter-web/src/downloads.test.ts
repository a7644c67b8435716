/** Files on their way to the page, in messages and by download. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { FileError, type KeptFile } from '@surfaces/core';
import { type FileId, OutgoingMessage, PersonId } from '@surfaces/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServerFrame } from './frames.ts';
import { addressOf, LOCAL_PERSON } from './person.ts';
import { ask, closeAll, operation, startWeb, TestPage, type TestWeb } from './testing-web.ts';

const LOCAL = PersonId.parse('person-of-local');
const EVE = PersonId.parse('person-of-eve');
const here = addressOf(LOCAL_PERSON.id);
const signal = new AbortController().signal;
const is =
  <T extends ServerFrame['type']>(type: T) =>
  (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> =>
    frame.type === type;

afterEach(closeAll);

function keep(web: TestWeb, name: string, content: string, mediaType?: string, owner = LOCAL) {
  const bytes = (async function* () {
    yield Buffer.from(content);
  })();
  const type = mediaType === undefined ? {} : { mediaType };
  return web.files.keep(owner, { name, ...type }, bytes, signal);
}

async function upload(web: TestWeb, name: string, content: string): Promise<KeptFile> {
  const path = `/upload?name=${encodeURIComponent(name)}`;
  return JSON.parse((await ask(web.url, path, { method: 'POST', body: content })).text);
}

const unknown = 'AAAAAAAAAAAAAAAAAAAAAAAA';

describe('files in a message', () => {
  it('are what is kept, whatever the page thinks, and shown in every browser', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const files = [await upload(web, 'a.txt', 'one'), await upload(web, 'b.csv', 'x,y')];
    const ids = files.map(({ id }) => id);
    page.post({
      type: 'message',
      id: 'message-1',
      chat: 'main',
      text: '/look at these',
      files: [...ids, ...ids],
    });
    await page.until(is('accepted'));
    const attachments = files.map(({ id, name, mediaType, size }) => ({ ref: id, name, mediaType, size }));
    expect(web.events).toMatchObject([{ kind: 'message', text: '/look at these', attachments }]);
    const again = await TestPage.open(web.url);
    expect(again.entries()).toMatchObject([
      { files: files.map(({ id, name, mediaType, size }) => ({ id, name, mediaType, size })) },
    ]);
  });

  it('can come without words', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const { id } = await upload(web, 'a.txt', 'one');
    page.post({ type: 'message', id: 'message-1', chat: 'main', text: '', files: [id] });
    await page.until(is('accepted'));
    expect(web.events).toMatchObject([{ kind: 'message', text: '', attachments: [{ ref: id }] }]);
  });

  it('of somebody else, or of nobody, are not there', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const own = await upload(web, 'a.txt', 'one');
    const others = await keep(web, 'secret.txt', 'of eve', undefined, EVE);
    for (const [n, id] of [others.id, unknown].entries()) {
      page.post({ type: 'message', id: `message-${n}`, chat: 'main', text: 'x', files: [own.id, id] });
    }
    await vi.waitFor(() => expect(page.frames.filter(is('refused'))).toHaveLength(2));
    for (const refused of page.frames.filter(is('refused'))) {
      expect(refused).toMatchObject({ reason: 'no_file', retry: false });
    }
    expect(web.events).toEqual([]);
    for (const files of [['../../etc/passwd'], ['short'], Array(101).fill(own.id)]) {
      page.post({ type: 'message', id: 'message-9', chat: 'main', text: 'x', files });
    }
    await vi.waitFor(() => expect(page.frames.filter(is('error'))).toHaveLength(3));
  });

  it('wait for a store that cannot be read', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const { id } = await upload(web, 'a.txt', 'one');
    vi.spyOn(web.files, 'find').mockRejectedValueOnce(new FileError('failed', 'the disk is slow'));
    page.post({ type: 'message', id: 'message-1', chat: 'main', text: 'x', files: [id] });
    expect(await page.until(is('refused'))).toMatchObject({ reason: 'unavailable', retry: true });
    expect(await status(web, 'DELETE', id)).toBe(204);
  });

  it('are fetched for the person whose they are, and nobody else', async () => {
    const web = await startWeb();
    const { id } = await upload(web, 'a.txt', 'one');
    const { files } = web.adapter;
    let text = '';
    for await (const bytes of (await files?.fetch(here, LOCAL, id, signal)) ?? []) text += Buffer.from(bytes);
    expect(text).toBe('one');
    for (const [person, ref] of [
      [EVE, id],
      [LOCAL, unknown],
      [LOCAL, '../../etc/passwd'],
    ] as const) {
      await expect(files?.fetch(here, person, ref, signal)).rejects.toMatchObject({ code: 'refused' });
    }
  });

  it('that vanish while they are fetched are gone for good; a disk that fails may work again', async () => {
    const web = await startWeb();
    const { id } = await upload(web, 'a.txt', 'one');
    const fetched = async () => {
      for await (const piece of (await web.adapter.files?.fetch(here, LOCAL, id, signal)) ?? []) return piece;
      return undefined;
    };
    const read = vi.spyOn(web.files, 'read');
    for (const [failure, code] of [
      ['not_found', 'refused'],
      ['failed', 'unreachable'],
    ] as const) {
      // biome-ignore lint/correctness/useYield: it ends before there is anything
      read.mockImplementationOnce(async function* () {
        throw new FileError(failure, 'as told');
      });
      await expect(fetched()).rejects.toMatchObject({ code });
    }
    expect(await fetched()).toBeDefined();
  });

  it('from the agent are shown without telling whose they are', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const file = await keep(web, 'report.md', '# Report');
    const message = OutgoingMessage.parse({
      kind: 'message',
      role: 'agent',
      markdown: '',
      file: { owner: LOCAL, ...file },
    });
    await web.adapter.send(here, message, operation(), signal);
    await page.until(is('entries'));
    const [entry] = page.entries();
    expect(entry?.by === 'bot' && entry.message.file).toEqual(file);
    expect(JSON.stringify(page.frames)).not.toContain(LOCAL);
    expect(web.timeline.rows[0]?.entry.item).toMatchObject({ message: { file: { owner: LOCAL } } });
  });
});

async function status(web: TestWeb, method: string, id: string, headers = {}): Promise<number> {
  return (await ask(web.url, `/files/${id}`, { method, headers })).status;
}

describe('a download', () => {
  const get = (web: TestWeb, id: FileId, headers = {}, query = '') =>
    ask(web.url, `/files/${id}${query}`, { headers });

  it('is the file under its name, and can do nothing in a page', async () => {
    const web = await startWeb();
    const { id } = await keep(web, 'отчёт.html', '<script>alert(1)</script>', 'text/html');
    const { status, headers, text } = await get(web, id);
    expect([status, text]).toEqual([200, '<script>alert(1)</script>']);
    expect(headers).toMatchObject({
      'content-type': 'text/html',
      'content-length': '25',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'accept-ranges': 'bytes',
      etag: `"${id}"`,
    });
    expect(headers['cache-control']).toMatch(/^private, max-age=\d+, immutable$/);
    expect(headers['content-disposition']).toMatch(/^attachment; .*filename\*=UTF-8''/);
  });

  it.each(['text/javascript', 'application/x-ecmascript', 'text/css'])(
    'is not served as %s',
    async (type) => {
      const web = await startWeb();
      const { id } = await keep(web, 'file', 'x', type);
      expect((await get(web, id)).headers['content-type']).toBe('application/octet-stream');
    },
  );

  it('is shown in a page only when it is an image that can do nothing', async () => {
    const web = await startWeb();
    const kind = async (type: string) => {
      const { id } = await keep(web, 'file', 'x', type);
      const { headers } = await get(web, id, {}, '?inline');
      expect(headers['content-security-policy']).toBe("sandbox; default-src 'none'");
      return headers['content-disposition']?.split(';')[0];
    };
    for (const type of ['png', 'jpeg', 'gif', 'webp', 'avif'])
      expect(await kind(`image/${type}`)).toBe('inline');
    for (const type of ['image/svg+xml', 'text/html', 'application/pdf', 'text/plain', 'image/x-icon']) {
      expect(await kind(type), type).toBe('attachment');
    }
    const { id } = await keep(web, 'a.png', 'x', 'image/png');
    expect((await get(web, id)).headers['content-disposition']).toMatch(/^attachment/);
  });

  it('goes on where it broke off', async () => {
    const web = await startWeb();
    const content = Array.from({ length: 20_000 }, (_, i) => `${i} `).join('');
    const { id } = await keep(web, 'long.txt', content);
    const size = content.length;
    const rest = await get(web, id, { Range: 'bytes=5000-', 'If-Range': `"${id}"` });
    expect([rest.status, rest.text]).toEqual([206, content.slice(5000)]);
    expect(rest.headers['content-range']).toBe(`bytes 5000-${size - 1}/${size}`);
    const part = await get(web, id, { Range: 'bytes=-10' });
    expect([part.status, part.text]).toEqual([206, content.slice(-10)]);
    const beyond = await get(web, id, { Range: `bytes=${size}-` });
    expect([beyond.status, beyond.text, beyond.headers['content-range']]).toEqual([
      416,
      '',
      `bytes */${size}`,
    ]);
    const ignored = [
      'bytes=9-1',
      'bytes=0-1,4-5',
      'lines=1-2',
      'bytes=x',
      'bytes=',
      `bytes=0-${'9'.repeat(400)}`,
    ];
    for (const Range of ignored.slice(0, 5)) expect((await get(web, id, { Range })).status, Range).toBe(200);
    expect((await get(web, id, { Range: ignored[5] })).text).toBe(content);
    const changed = await get(web, id, { Range: 'bytes=5-9', 'If-Range': '"another"' });
    expect([changed.status, changed.text]).toEqual([200, content]);
  });

  it('can be asked about, and is not sent again to who has it', async () => {
    const web = await startWeb();
    const { id } = await keep(web, 'a.txt', 'content');
    const head = await ask(web.url, `/files/${id}`, { method: 'HEAD', headers: { Range: 'bytes=1-2' } });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '7']);
    const again = await get(web, id, { 'If-None-Match': `"${id}"` });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('by no path but its own', async () => {
    const web = await startWeb();
    const { id } = await keep(web, 'a.txt', 'content');
    const missing = await ask(web.url, `/files/${unknown}`);
    expect(missing.status).toBe(404);
    expect(missing.headers['cache-control']).toBe('no-store');
    const tricks = [
      '/files/',
      '/files/..%2f..%2fpackage.json',
      '/files/%2e%2e/%2e%2e/etc/passwd',
      `/files/x/../${id}/`,
      `/files/${id}/`,
      `/files/${id}%00`,
      `/files/%2e/${id}`,
      `/files//${id}`,
      `/files/${id}.json`,
      `/files/person-of-local%2f${id}`,
      `/files/${[...id].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('')}`,
      `/files/${'x'.repeat(4000)}`,
    ];
    for (const path of tricks) {
      const { port } = new URL(web.url);
      // As it is: a URL would be made normal.
      const sent = request({ host: '127.0.0.1', port, path, agent: false });
      sent.end();
      const [response] = await once(sent, 'response');
      let text = '';
      for await (const chunk of response) text += chunk;
      expect([response.statusCode, text], path).toEqual([404, missing.text]);
    }
  });

  it('of a file that vanished is not there, and one that vanishes breaks off', async () => {
    const web = await startWeb();
    const { id } = await keep(web, 'a.txt', 'content');
    const read = vi.spyOn(web.files, 'read');
    // biome-ignore lint/correctness/useYield: it ends before there is anything
    read.mockImplementationOnce(async function* () {
      throw new FileError('not_found', 'gone');
    });
    const gone = await get(web, id);
    expect([gone.status, gone.headers.etag, gone.headers['cache-control']]).toEqual([
      404,
      undefined,
      'no-store',
    ]);
    read.mockImplementationOnce(async function* () {
      yield Buffer.from('con');
      throw new FileError('not_found', 'gone');
    });
    await expect(get(web, id)).rejects.toThrow(/aborted|hang up/);
    expect((await get(web, id)).text).toBe('content');
  });

  it('is not read faster than it is taken, and ended when nobody takes it', async () => {
    const web = await startWeb({ limits: { downloadIdleMs: 200 } });
    const { id } = await keep(web, 'a.bin', 'x');
    const size = 1_000_000_000;
    let given = 0;
    let ended = false;
    vi.spyOn(web.files, 'find').mockResolvedValue({ id, name: 'a.bin', mediaType: 'a/b', size });
    vi.spyOn(web.files, 'read').mockImplementation(async function* () {
      const block = Buffer.alloc(65_536);
      try {
        for (; given < size; given += block.length) yield block;
      } finally {
        ended = true;
      }
    });
    const { port } = new URL(web.url);
    const client = connect(Number(port), '127.0.0.1');
    client.on('error', () => undefined);
    client.pause();
    client.write(`GET /files/${id} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await vi.waitFor(() => expect(ended).toBe(true), { timeout: 5000 });
    expect(given).toBeLessThan(100_000_000);
    client.destroy();
  });
});

describe('an upload that is taken back', () => {
  it('is gone, as long as no message has it', async () => {
    const web = await startWeb();
    const { id } = await upload(web, 'a.txt', 'one');
    expect(await status(web, 'DELETE', id)).toBe(204);
    expect(await status(web, 'GET', id)).toBe(404);
    expect(await status(web, 'DELETE', id)).toBe(404);
    expect(await status(web, 'DELETE', unknown)).toBe(404);
    expect(await status(web, 'DELETE', '..%2f..%2fx')).toBe(404);
  });

  it('stays when a message has it, or may have it', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const { id } = await upload(web, 'a.txt', 'one');
    page.post({ type: 'message', id: 'message-1', chat: 'main', text: '', files: [id] });
    await page.until(is('accepted'));
    expect(await status(web, 'DELETE', id)).toBe(409);
    expect(await status(web, 'GET', id)).toBe(200);
    // Not uploaded here: an agent's file, or one from before a restart.
    const other = await keep(web, 'b.txt', 'two');
    expect(await status(web, 'DELETE', other.id)).toBe(409);
  });

  it('stays when nobody knows whether a message has it', async () => {
    const web = await startWeb();
    web.answer = async () => {
      throw new Error('the store went away after it had stored this');
    };
    const page = await TestPage.open(web.url);
    const { id } = await upload(web, 'a.txt', 'one');
    page.post({ type: 'message', id: 'message-1', chat: 'main', text: '', files: [id] });
    expect(await page.until(is('refused'))).toMatchObject({ reason: 'unavailable' });
    expect(await status(web, 'DELETE', id)).toBe(409);
    web.answer = undefined;
    page.post({ type: 'message', id: 'message-1', chat: 'main', text: '', files: [id] });
    await page.until(is('accepted'));
  });

  it('goes when the message was not taken', async () => {
    const web = await startWeb();
    web.answer = async () => ({ outcome: 'refused', reason: 'rate', notice: 'Slowly.', retry: true });
    const page = await TestPage.open(web.url);
    const { id } = await upload(web, 'a.txt', 'one');
    page.post({ type: 'message', id: 'message-1', chat: 'main', text: '', files: [id] });
    await page.until(is('refused'));
    expect(await status(web, 'DELETE', id)).toBe(204);
  });
});
