/** Who may come in, asked for with real requests. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSurfaceError } from '@surfaces/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createWebAdapter } from './adapter.ts';
import { WebAdapterConfig } from './config.ts';
import { CLOSE } from './frames.ts';
import {
  ask,
  closeAll,
  emptyPage,
  MemoryTimeline,
  memoryParts,
  realClock,
  silent,
  startWeb,
  TestPage,
  upgradeStatus,
} from './testing-web.ts';

const KEY = 'a-long-random-key-of-alice';
const BARE = 'a-long-random-key-of-nobody';
const keys = [{ name: 'alice', key: KEY }, { key: BARE }];
const bearer = { Authorization: `Bearer ${KEY}` };

afterEach(closeAll);

async function who(url: string, headers: Record<string, string>) {
  const { status, text } = await ask(url, '/session', { headers });
  return status === 200 ? JSON.parse(text).person.id : status;
}

describe('without keys', () => {
  it('lets in who sits at the machine, and nobody who comes through a proxy', async () => {
    const { url } = await startWeb();
    expect(await who(url, {})).toBe('local');
    expect(await upgradeStatus(url)).toBe(101);
    const added =
      'Forwarded,X-Forwarded,X-Forwarded-For,X-ForwardedFor,X-Forwarded-Proto,Via,X-Real-IP,CF-Ray,CDN-Loop,X-Original-URL,X-Envoy-External-Address,X-ARR-LOG-ID,X-Cluster-Client-IP,Fly-Client-IP,True-Client-IP';
    for (const header of added.split(',')) {
      expect(await who(url, { [header]: '127.0.0.1' }), header).toBe(403);
      expect(await upgradeStatus(url, { [header]: '127.0.0.1' }), header).toBe(403);
    }
    const page = await ask(url, '/', { headers: { 'X-Forwarded-For': '203.0.113.1' } });
    expect(page.status).toBe(403);
    expect(page.text).toContain('WEB_ACCESS_KEYS=');
  });

  it('lets in nobody when it listens to the network, not even from here', async () => {
    const { url } = await startWeb({ host: '0.0.0.0' });
    expect(await who(url, {})).toBe(403);
    expect(await upgradeStatus(url)).toBe(403);
  });

  it('takes a request for another address than loopback for one that came from elsewhere', async () => {
    const { url } = await startWeb({ allowedHosts: ['chat.example.org'] });
    expect(await who(url, { Host: 'chat.example.org' })).toBe(403);
    expect(await who(url, { Host: '192.0.2.1:8080' })).toBe(403);
  });
});

describe('with keys', () => {
  it('knows a person by the key, through proxies and from the network', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const { url } = await startWeb({ host, accessKeys: keys });
      const far = { 'X-Forwarded-For': '203.0.113.1' };
      expect(await who(url, { ...far, ...bearer })).toBe('alice');
      expect(await who(url, { ...far, Authorization: `Bearer ${BARE}` })).toMatch(/^key-[0-9a-f]{16}$/);
      expect(await who(url, far)).toBe(401);
      expect(await who(url, { ...far, Authorization: 'Bearer wrong' })).toBe(401);
      expect(await upgradeStatus(url, far)).toBe(401);
      expect(await upgradeStatus(url, { ...far, ...bearer })).toBe(101);
    }
  });

  it('still asks no key on loopback', async () => {
    const { url } = await startWeb({ accessKeys: keys });
    expect(await who(url, {})).toBe('local');
  });

  it('from the machine’s other address wants a key', async () => {
    const own = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    if (own === undefined) return console.log('skipped: this machine has no address but loopback');
    const { url } = await startWeb({ host: '0.0.0.0', accessKeys: keys });
    const there = url.replace('127.0.0.1', own);
    expect(await who(there, {})).toBe(401);
    expect(await who(there, bearer)).toBe('alice');
  });

  it('logs in with a key and out again; a session ends with its key', async () => {
    const config = { host: '0.0.0.0', accessKeys: keys };
    const { url } = await startWeb(config);
    const front = await ask(url, '/');
    expect([front.status, front.headers.location]).toEqual([303, 'login']);
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const login = await ask(url, '/login', { method: 'POST', headers: form, body: `key=${KEY}` });
    expect(login.status).toBe(303);
    const cookie = String(login.headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict$/);
    const session = { Cookie: cookie.split(';')[0] ?? '' };
    expect(await who(url, session)).toBe('alice');
    expect(await upgradeStatus(url, session)).toBe(101);
    expect((await ask(url, '/', { headers: session })).status).toBe(200);

    const forged = session.Cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect(await who(url, { Cookie: forged })).toBe(401);
    const out = await ask(url, '/logout', { method: 'POST', headers: session });
    expect(String(out.headers['set-cookie'])).toContain('Max-Age=0');

    const other = await startWeb({ ...config, accessKeys: [{ name: 'alice', key: 'another key' }] });
    expect(await who(other.url, session)).toBe(401);
  });

  it('a logout ends that session everywhere: in open pages, and for whoever copied its cookie', async () => {
    const { url } = await startWeb({ host: '0.0.0.0', accessKeys: keys });
    const logIn = async () => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const login = await ask(url, '/login', { method: 'POST', headers, body: `key=${KEY}` });
      return { Cookie: String(login.headers['set-cookie']).split(';')[0] ?? '' };
    };
    const [session, other] = [await logIn(), await logIn()];
    const page = await TestPage.open(url, null, session);
    const elsewhere = await TestPage.open(url, null, other);
    const closed = once(page.socket, 'close');
    await ask(url, '/logout', { method: 'POST', headers: session });
    expect((await closed)[0]).toBe(CLOSE.loggedOut);
    expect(await who(url, session)).toBe(401);
    expect(await upgradeStatus(url, session)).toBe(401);
    expect(await who(url, other)).toBe('alice');
    expect(elsewhere.closed).toBeUndefined();
  });

  it('hears nothing more of a page after the logout, though it does not leave', async () => {
    const web = await startWeb({ host: '0.0.0.0', accessKeys: keys });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const login = await ask(web.url, '/login', { method: 'POST', headers, body: `key=${KEY}` });
    const session = { Cookie: String(login.headers['set-cookie']).split(';')[0] ?? '' };
    const page = await TestPage.open(web.url, null, session);
    // It does not see that it is asked to leave.
    page.socket.pause();
    await ask(web.url, '/logout', { method: 'POST', headers: session });
    page.post({ type: 'message', id: 'after-the-logout', chat: 'main', text: 'still here' });
    page.socket.resume();
    await once(page.socket, 'close');
    expect(web.events).toEqual([]);
  });

  it('says Secure when the browser came over TLS', async () => {
    const { url } = await startWeb({ accessKeys: keys });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Forwarded-Proto': 'https' };
    const login = await ask(url, '/login', { method: 'POST', headers, body: `key=${KEY}` });
    expect(String(login.headers['set-cookie'])).toMatch(/; Secure$/);
  });

  it('takes ten wrong keys a minute, then none, then keys again', async () => {
    let now = 1_000_000;
    const clock = { ...realClock, now: () => now };
    const { url } = await startWeb({ accessKeys: keys, clock });
    for (let i = 0; i < 10; i += 1) expect(await who(url, { Authorization: 'Bearer no' })).toBe(401);
    expect(await who(url, bearer)).toBe(429);
    now += 60_000;
    expect(await who(url, bearer)).toBe('alice');
  });
});

describe('Host and Origin', () => {
  it('answers only to its own names', async () => {
    const { url } = await startWeb({ accessKeys: keys, allowedHosts: ['chat.example.org'] });
    const port = new URL(url).port;
    for (const host of ['localhost', `localhost:${port}`, `[::1]:${port}`, `127.0.0.1:${port}`]) {
      expect(await who(url, { Host: host }), host).toBe('local');
    }
    expect(await who(url, { Host: 'chat.example.org', ...bearer })).toBe('alice');
    for (const host of ['evil.example', `chat.example.org.evil.example:${port}`, 'localhost.evil.example']) {
      const { status, text } = await ask(url, '/session', { headers: { Host: host } });
      expect(status, host).toBe(421);
      expect(text).toContain('WEB_ALLOWED_HOSTS');
      expect(await upgradeStatus(url, { Host: host }), host).toBe(421);
    }
    expect(await who(url, { Host: 'a b' })).toBe(400);
  });

  it('takes requests of its own page only', async () => {
    const { url } = await startWeb({ accessKeys: keys, allowedHosts: ['chat.example.org'] });
    const { origin, port } = new URL(url);
    expect(await upgradeStatus(url, { Origin: origin })).toBe(101);
    const proxied = { Host: 'chat.example.org', ...bearer };
    expect(await upgradeStatus(url, { ...proxied, Origin: 'https://chat.example.org' })).toBe(101);
    const strangers = ['https://evil.example', 'null', `http://localhost:${Number(port) + 1}`, 'file://', ''];
    for (const other of strangers) {
      expect(await upgradeStatus(url, { Origin: other }), other).toBe(403);
      const out = await ask(url, '/logout', { method: 'POST', headers: { Origin: other } });
      expect(out.status, other).toBe(403);
    }
    // An allowed name's page may not reach what is only open on loopback.
    expect(await upgradeStatus(url, { Origin: 'https://chat.example.org' })).toBe(403);
  });
});

it('sends every page with a strict policy, and knows only what was built', async () => {
  const { url } = await startWeb();
  const page = await ask(url, '/');
  expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(page.headers['x-content-type-options']).toBe('nosniff');
  for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/none.js', '/package.json']) {
    expect((await ask(url, path)).status, path).toBe(404);
  }
  expect((await ask(url, '/', { method: 'DELETE' })).status).toBe(405);
});

it('asks no key on an IPv6 loopback address that is written as in a URL', async () => {
  const { url } = await startWeb({ host: '[::1]' });
  expect(await who(url, {})).toBe('local');
});

it('takes no space around a name or a key for a part of it', async () => {
  const config = WebAdapterConfig.parse({ accessKeys: `alice : ${KEY} , bob:\tanother-key` });
  expect(config.accessKeys).toEqual([
    { name: 'alice', key: KEY },
    { name: 'bob', key: 'another-key' },
  ]);
});

it('goes on when a connection could not be taken', async () => {
  const { url } = await startWeb();
  let server: Server | undefined;
  // Tells which server a request came to.
  const found = (message: unknown) => {
    server = (message as { server: Server }).server;
  };
  subscribe('http.server.request.start', found);
  await ask(url, '/');
  unsubscribe('http.server.request.start', found);
  expect(server?.emit('error', new Error('accept EMFILE'))).toBe(true);
  expect(await who(url, {})).toBe('local');
});

it('does not fill the log with those who go away in the middle of a login', async () => {
  const levels: string[] = [];
  const log = (level: string) => () => void levels.push(level);
  const logger = { ...silent, debug: log('debug'), error: log('error') };
  const { url } = await startWeb({ accessKeys: keys, logger });
  const { port } = new URL(url);
  const arrived = new Promise<void>((resolve) => {
    const seen = () => {
      unsubscribe('http.server.request.start', seen);
      resolve();
    };
    subscribe('http.server.request.start', seen);
  });
  const client = connect(Number(port), '127.0.0.1');
  client.write(`POST /login HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 100\r\n\r\nkey=`);
  await arrived;
  client.resetAndDestroy();
  await vi.waitFor(() => expect(levels).toEqual(['debug']));
});

it('lets go of a connection whose upgrade it refused, though the other side keeps it open', async () => {
  const { url } = await startWeb();
  const { port } = new URL(url);
  const client = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined);
  client.write(
    `GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  );
  client.resume();
  await once(client, 'end');
  // What is written to a connection that is gone is answered with a reset.
  const gone = new Promise((resolve) => client.once('close', resolve));
  const writing = setInterval(() => client.write('x'), 10);
  await gone;
  clearInterval(writing);
});

it('lets go of who never comes to the end of a request', async () => {
  const { url } = await startWeb({ limits: { headersMs: 100 } });
  const { port } = new URL(url);
  const client = connect(Number(port), '127.0.0.1');
  client.on('error', () => undefined);
  client.resume();
  const gone = new Promise((resolve) => client.once('close', resolve));
  client.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`);
  const writing = setInterval(() => client.write('X-More: 1\r\n'), 20);
  await gone;
  clearInterval(writing);
});

it('lets go of who asks for the page and does not read it', async () => {
  const clientDir = emptyPage();
  writeFileSync(join(clientDir, 'large.js'), Buffer.alloc(32 * 1024 * 1024, ' '));
  const { url } = await startWeb({ clientDir, limits: { downloadIdleMs: 200 } });
  const { port } = new URL(url);
  const left = new Promise<void>((resolve) => {
    const seen = (message: unknown) => {
      unsubscribe('http.server.request.start', seen);
      // As the channel is documented.
      (message as { response: ServerResponse }).response.once('close', resolve);
    };
    subscribe('http.server.request.start', seen);
  });
  const client = connect(Number(port), '127.0.0.1');
  client.on('error', () => undefined);
  client.pause();
  client.write(`GET /large.js HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await left;
  client.destroy();
});

describe('what keeps it from starting', () => {
  const parts = { ...memoryParts(), timeline: new MemoryTimeline(), clock: realClock, logger: silent };
  const failure = async (config: Partial<WebAdapterConfig>, clientDir: string) => {
    const adapter = createWebAdapter({ ...WebAdapterConfig.parse(config), ...parts, clientDir });
    const error: unknown = await adapter
      .start(async () => ({ outcome: 'accepted' }), [])
      .catch((reason) => reason);
    if (!isSurfaceError(error)) throw new Error('it started');
    expect(error.code).toBe('cannot_start');
    return error.message;
  };

  it('is told with what to do about it', async () => {
    const page = mkdtempSync(join(tmpdir(), 'web-page-'));
    expect(await failure({ port: 0 }, page)).toContain('npm run build');
    writeFileSync(join(page, 'index.html'), 'page');
    const { url } = await startWeb();
    const port = Number(new URL(url).port);
    expect(await failure({ port }, page)).toMatch(/already used.*WEB_PORT=/);
    expect(await failure({ port: 0, host: '192.0.2.1' }, page)).toContain('WEB_HOST');
  });
});
