/** Uploads by real requests: what is taken, what is refused, and that nothing is left of what failed. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type ClientRequest, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { FileError, type Files, type KeptFile } from '@surfaces/core';
import { MemoryDisk, MemoryFileTables } from '@surfaces/core/testing';
import { LOCALES, PersonId } from '@surfaces/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UPLOAD_ERRORS, UploadError } from './frames.ts';
import { memoryFiles } from './testing-people.ts';
import { ask, closeAll, realClock, startWeb, TestPage, type TestWeb } from './testing-web.ts';
import { UPLOAD_WORDS, uploadText } from './upload-words.ts';

const LOCAL = PersonId.parse('person-of-local');

afterEach(closeAll);

async function upload(web: TestWeb, name: string, body: string | Uint8Array, headers = {}) {
  const path = `/upload?name=${encodeURIComponent(name)}`;
  const { status, text } = await ask(web.url, path, { method: 'POST', headers, body });
  return { status, ...JSON.parse(text) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function kept(files: Files, owner = LOCAL): Promise<KeptFile[]> {
  return await all(files.list(owner));
}

/** An upload whose body is written piece by piece. */
function begin(web: TestWeb, headers: Record<string, string | number> = {}): ClientRequest {
  const sent = request(new URL('upload?name=slow.txt', web.url), { method: 'POST', headers, agent: false });
  sent.on('error', () => undefined);
  return sent;
}

async function answered(sent: ClientRequest) {
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, ...JSON.parse(text) };
}

it('an upload is kept for the person as it came', async () => {
  const web = await startWeb();
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  const file = await upload(web, 'данные 1.bin', bytes, { 'Content-Type': 'Application/X-Thing; v=1' });
  expect(file).toEqual({
    status: 201,
    id: expect.any(String),
    name: 'данные 1.bin',
    mediaType: 'application/x-thing',
    size: bytes.length,
  });
  expect(await kept(web.files)).toMatchObject([{ id: file.id, size: bytes.length }]);
  const parts = await all(web.files.read(LOCAL, file.id));
  expect(Buffer.concat(parts).equals(bytes)).toBe(true);
});

describe('a name', () => {
  const awkward = [
    '../../x',
    'CON',
    'a\nb.txt',
    `${'n'.repeat(296)}.txt`,
    '\ud800.txt',
    'é',
    'e\u0301',
    '%2e%2e%2f',
  ];
  it.each(awkward)('%j is no hindrance and leads nowhere', async (name) => {
    const web = await startWeb();
    const file = await upload(web, name.toWellFormed(), 'x');
    expect(file.status).toBe(201);
    expect(file.name).not.toMatch(/[/\\\n]/);
    expect(file.name).not.toBe('');
    const { status, headers } = await ask(web.url, `/files/${file.id}`);
    expect(status).toBe(200);
    expect(headers['content-disposition']).toMatch(/^attachment; filename="[^"/\\\r\n]+"/);
  });

  it('that is missing, broken or too long is replaced or shortened', async () => {
    const web = await startWeb();
    const paths = ['/upload', '/upload?name=', '/upload?name=%ff%fe', `/upload?name=${'x'.repeat(5000)}.csv`];
    for (const path of paths) {
      const { status, text } = await ask(web.url, path, { method: 'POST', body: 'x' });
      expect(status, path).toBe(201);
      const { name } = JSON.parse(text);
      expect(name.length, path).toBeLessThanOrEqual(255);
      expect(name, path).not.toBe('');
      if (path.endsWith('.csv')) expect(name).toMatch(/\.csv$/);
    }
  });

  it('of two at once makes two files', async () => {
    const web = await startWeb();
    const both = await Promise.all([upload(web, 'same.txt', 'one'), upload(web, 'same.txt', 'two')]);
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    expect(new Set(both.map(({ id }) => id)).size).toBe(2);
  });
});

describe('what is not taken', () => {
  const refusal = async (web: TestWeb, body: string, headers = {}) => {
    const answer = await upload(web, 'a.txt', body, headers);
    expect(UploadError.parse(answer).text).not.toBe('');
    expect(await kept(web.files)).toEqual([]);
    return [answer.status, answer.error];
  };

  it('is told with a reason, in the language of the person', async () => {
    const web = await startWeb({ files: memoryFiles(10) });
    expect(await refusal(web, '')).toEqual([400, 'empty']);
    expect(await refusal(web, 'eleven bytes')).toEqual([413, 'too_large']);
    const page = await TestPage.open(web.url);
    page.post({ type: 'ping' });
    web.people.persons.set('local', {
      id: LOCAL,
      name: 'local',
      locale: 'ru',
      localeChosen: true,
      streaming: true,
    });
    expect((await upload(web, 'a', 'eleven bytes')).text).toBe(uploadText('too_large', 'ru', 10));
    expect((await upload(web, 'a', 'eleven bytes')).text).toContain('10 байт');
  });

  it('has words for every problem in every language', () => {
    for (const locale of LOCALES) {
      const words = UPLOAD_WORDS[locale];
      expect(Object.keys(words).sort()).toEqual([...UPLOAD_ERRORS, 'too_many'].sort());
      if (locale !== 'en') expect(Object.values(words)).not.toContain(UPLOAD_WORDS.en.empty);
      expect(uploadText('too_large', locale, 1024 ** 3)).toMatch(/1\s?\S/);
    }
  });

  it('when too large is refused before it is read where it says so, and cut off where it does not', async () => {
    const files = memoryFiles(100_000);
    const keep = vi.spyOn(files, 'keep');
    const web = await startWeb({ files });
    const announced = begin(web, { 'Content-Length': 5_000_000_000 });
    announced.write('x');
    expect(await answered(announced)).toMatchObject({ status: 413, error: 'too_large' });
    expect(keep).not.toHaveBeenCalled();
    announced.destroy();

    const endless = begin(web);
    const block = 'x'.repeat(10_000);
    const pour = () => {
      while (!endless.destroyed && endless.write(block));
      endless.once('drain', pour);
    };
    pour();
    expect(await answered(endless)).toMatchObject({ status: 413, error: 'too_large' });
    endless.destroy();
    expect(await kept(files)).toEqual([]);
  });

  it('and goes on sending is cut off after a while', async () => {
    const web = await startWeb({ files: memoryFiles(10), limits: { lingerMs: 50 } });
    const { port } = new URL(web.url);
    const client = connect(Number(port), '127.0.0.1');
    client.on('error', () => undefined);
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.write(
      `POST /upload?name=a HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 50000000\r\n\r\nx`,
    );
    const [answer] = await once(client, 'data');
    expect(String(answer)).toContain('too_large');
    const writing = setInterval(() => client.write('x'), 10);
    client.resume();
    await closed;
    clearInterval(writing);
  });

  it('without bytes is refused, announced or not', async () => {
    const web = await startWeb();
    const sent = begin(web, { 'Transfer-Encoding': 'chunked' });
    sent.end();
    expect(await answered(sent)).toMatchObject({ status: 400, error: 'empty' });
  });

  it('on a full disk is told, and nothing is left', async () => {
    const disk = new MemoryDisk();
    const files = new MemoryFileTables(disk).open().files;
    const web = await startWeb({ files });
    disk.fail({ call: 'keep', code: 'disk_full' });
    expect(await refusal(web, 'x')).toEqual([507, 'disk_full']);
    vi.spyOn(files, 'keep').mockRejectedValueOnce(new FileError('outside', 'a defect'));
    expect(await refusal(web, 'x')).toEqual([500, 'failed']);
    expect((await upload(web, 'a', 'x')).status).toBe(201);
  });

  it('of somebody who is not served, or while the server stops', async () => {
    const accessKeys = [{ name: 'stranger', key: 'the-key-of-a-stranger' }];
    const web = await startWeb({ accessKeys });
    const headers = { Authorization: 'Bearer the-key-of-a-stranger' };
    expect(await refusal(web, 'x', headers)).toEqual([403, 'not_served']);
    const page = await TestPage.open(web.url, null, headers);
    expect(page.frames[0]).toMatchObject({ type: 'welcome', limits: { fileBytes: 0 } });
    await web.adapter.pause();
    expect(await refusal(web, 'x')).toEqual([503, 'stopping']);
  });

  it('when the store does not know who it is', async () => {
    const web = await startWeb();
    web.people.fault = new Error('busy');
    expect(await refusal(web, 'x')).toEqual([500, 'failed']);
  });

  it('from elsewhere, or without a key', async () => {
    const web = await startWeb({ accessKeys: [{ key: 'a-long-random-key' }] });
    const ask2 = (method: string, path: string, headers: Record<string, string>) =>
      ask(web.url, path, { method, headers, body: 'x' }).then(({ status }) => status);
    const file = await upload(web, 'a', 'x');
    for (const [method, path] of [
      ['POST', '/upload?name=a'],
      ['DELETE', `/files/${file.id}`],
    ] as const) {
      expect(await ask2(method, path, { Origin: 'https://evil.example' })).toBe(403);
      expect(await ask2(method, path, { Host: 'evil.example' })).toBe(421);
      expect(await ask2(method, path, { 'X-Forwarded-For': '203.0.113.1' })).toBe(401);
    }
    expect(await ask2('GET', `/files/${file.id}`, { 'X-Forwarded-For': '203.0.113.1' })).toBe(401);
    expect(await kept(web.files)).toHaveLength(1);
    expect(await ask2('PUT', '/upload?name=a', {})).toBe(405);
    expect(await ask2('GET', '/upload', {})).toBe(405);
    expect(await ask2('POST', `/files/${file.id}`, {})).toBe(405);
  });
});

describe('an upload that does not end', () => {
  it('and is cut off in the middle leaves nothing', async () => {
    const files = memoryFiles();
    const keep = vi.spyOn(files, 'keep');
    const web = await startWeb({ files });
    for (const how of ['announced', 'chunked']) {
      keep.mockClear();
      const sent = begin(web, how === 'announced' ? { 'Content-Length': 100 } : {});
      sent.write('some');
      await vi.waitFor(() => expect(keep).toHaveBeenCalled());
      sent.destroy();
      await expect(keep.mock.results[0]?.value).rejects.toMatchObject({ code: 'cut_off' });
    }
    expect(await kept(files)).toEqual([]);
  });

  it('and stands still is given up, but not one that is only slow', async () => {
    const web = await startWeb({ limits: { uploadIdleMs: 150 } });
    const still = begin(web, { 'Content-Length': 100 });
    still.write('some');
    const givenUp = answered(still);
    const slow = begin(web, { 'Content-Length': 10 });
    const taken = answered(slow);
    for (let i = 0; i < 10; i += 1) {
      slow.write('x');
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    slow.end();
    expect(await taken).toMatchObject({ status: 201, size: 10 });
    expect(await givenUp).toMatchObject({ status: 408, error: 'cut_off' });
    expect(await kept(web.files)).toHaveLength(1);
  });

  it('is one of six; the seventh waits for nobody', async () => {
    const files = memoryFiles();
    const keep = vi.spyOn(files, 'keep');
    const accessKeys = [{ name: 'alice', key: 'a-long-random-key' }];
    const web = await startWeb({ files, accessKeys });
    const running = Array.from({ length: 6 }, () => {
      const sent = begin(web);
      sent.write('x');
      return sent;
    });
    await vi.waitFor(() => expect(keep).toHaveBeenCalledTimes(6));
    expect(await upload(web, 'a', 'x')).toMatchObject({ status: 429, error: 'failed' });
    expect(await upload(web, 'a', 'x', { Authorization: 'Bearer a-long-random-key' })).toMatchObject({
      status: 201,
    });
    const first = running[0];
    first?.end();
    if (first !== undefined) await answered(first);
    expect(await upload(web, 'a', 'x')).toMatchObject({ status: 201 });
    for (const sent of running) sent.destroy();
  });

  it('ends with the server, and nothing is left of it', async () => {
    const files = memoryFiles();
    const keep = vi.spyOn(files, 'keep');
    const web = await startWeb({ files });
    const sent = begin(web);
    sent.write('x');
    await vi.waitFor(() => expect(keep).toHaveBeenCalled());
    const [answer] = await Promise.all([answered(sent), web.adapter.stop()]);
    expect(answer).toMatchObject({ status: 503, error: 'stopping' });
    expect(await kept(files)).toEqual([]);
  });

  it('and whose sender is gone before the answer leaves nothing', async () => {
    const files = memoryFiles();
    const hold = Promise.withResolvers<void>();
    const real = files.keep.bind(files);
    const keep = vi.spyOn(files, 'keep').mockImplementation(async (...args) => {
      const file = await real(...args);
      await hold.promise;
      return file;
    });
    const drop = vi.spyOn(files, 'drop');
    const web = await startWeb({ files });
    let response: ServerResponse | undefined;
    const seen = (message: unknown) => {
      response = (message as { response: ServerResponse }).response;
    };
    subscribe('http.server.request.start', seen);
    const sent = begin(web, { 'Content-Length': 1 });
    sent.end('x');
    await vi.waitFor(() => expect(keep).toHaveBeenCalled());
    await vi.waitFor(async () => expect(await kept(files)).toHaveLength(1));
    unsubscribe('http.server.request.start', seen);
    if (response === undefined) throw new Error('no request came');
    const gone = once(response, 'close');
    sent.destroy();
    await gone;
    hold.resolve();
    await vi.waitFor(() => expect(drop).toHaveBeenCalled());
    expect(await kept(files)).toEqual([]);
  });
});

it('a login that does not come to its end is still given up', async () => {
  let fire: (() => void) | undefined;
  const clock = {
    ...realClock,
    after: (ms: number, callback: () => void) => {
      if (ms === 30_000) fire = callback;
      return realClock.after(ms, callback);
    },
  };
  const web = await startWeb({ accessKeys: [{ key: 'a-long-random-key' }], clock });
  const { port } = new URL(web.url);
  const client = connect(Number(port), '127.0.0.1');
  client.on('error', () => undefined);
  client.write(`POST /login HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 100\r\n\r\nkey=`);
  const closed = once(client, 'close');
  await vi.waitFor(() => expect(fire).toBeDefined());
  fire?.();
  await closed;
});
