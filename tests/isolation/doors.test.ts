/** The ways in, and what the operator's side shows: nobody comes in as another, and nothing of a person is told. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { column, personOf } from './database.ts';
import { type Answer, ask, Page } from './page.ts';
import { KEYS, type Name, World } from './world.ts';

const BENS = 'bens-marmalade';
/** As a proxy passes it on: nobody is known by where they are. */
const OUTSIDE = { 'X-Forwarded-For': '192.0.2.7' };

let world: World;
let anna: Page;
let ben: Page;
let fileId: string;

beforeAll(async () => {
  world = await World.open();
  [anna, ben] = await Promise.all([world.page('anna'), world.page('ben')]);
  await anna.say('annas words');
  fileId = await ben.upload(`${BENS}.txt`, `${BENS} in a file`);
  await ben.say(`${BENS} in words`, { files: [fileId] });
  await ben.command('save', `${BENS} saved`);
}, 60_000);
afterAll(() => world?.close());

async function logIn(name: Name): Promise<string> {
  const headers = { ...OUTSIDE, 'Content-Type': 'application/x-www-form-urlencoded' };
  const body = `key=${KEYS[name]}`;
  const answer = await ask(world.url, '/login', { method: 'POST', headers, body });
  return String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '';
}

/** The status with which a connection is refused; 101: it is open, and is closed again. */
async function upgrade(headers: Record<string, string>, path = 'ws'): Promise<number> {
  const socket = new WebSocket(new URL(path, world.url.replace(/^http/, 'ws')), { headers });
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.on('error', reject);
  });
}

/** Everything that can be asked for with these headers, but for the connection. */
async function everything(headers: Record<string, string>): Promise<Answer[]> {
  return Promise.all([
    ask(world.url, '/session', { headers }),
    ask(world.url, `/files/${fileId}`, { headers }),
    ask(world.url, `/files/${fileId}`, { method: 'DELETE', headers }),
    ask(world.url, '/upload?name=planted.txt', { method: 'POST', headers, body: 'planted' }),
  ]);
}

test('without a key or a session there is nothing, whatever else a request says', async () => {
  const named = Buffer.from('ben').toString('base64url');
  const annas = await logIn('anna');
  const [, issued = '', signature = ''] = annas.split('.');
  const guesses: Record<string, string>[] = [
    {},
    { Cookie: `surfaces_session=${named}.${issued}.${signature}` },
    { Cookie: `surfaces_session=${named}.${issued}.` },
    { Cookie: `surfaces_session=${named}..` },
    { Cookie: `surfaces_session=${named}.${issued}.${signature}.x; ben=1` },
    { Cookie: `surfaces_session=${annas.slice('surfaces_session='.length, -1)}` },
    { Cookie: `surfaces_session=${KEYS.ben}` },
    { 'X-Remote-User': 'ben', 'X-Forwarded-User': 'ben', Remote_User: 'ben', From: 'ben' },
    { Authorization: `Basic ${Buffer.from(`ben:${KEYS.ben}`).toString('base64')}` },
    { Authorization: `Bearer` },
    { 'X-Original-URL': '/files/x', 'X-Rewrite-URL': `/files/${fileId}` },
  ];
  for (const guess of guesses) {
    const headers = { ...OUTSIDE, ...guess };
    const answers = await everything(headers);
    expect(
      answers.map(({ status }) => status),
      JSON.stringify(guess),
    ).toEqual(Array(4).fill(401));
    expect(answers.map(({ text }) => text).join()).not.toMatch(/bens-|anna|\bben\b/);
    expect(await upgrade(headers)).toBe(401);
  }
  for (const path of ['ws?key=ben', `ws?key=${KEYS.ben}`, `ws?authorization=Bearer+${KEYS.ben}`]) {
    expect(await upgrade(OUTSIDE, path)).toBe(401);
  }
  // Wrong keys: few, for whoever tries many is kept out for a while.
  for (const key of [
    KEYS.ben.slice(0, -1),
    `${KEYS.ben}x`,
    KEYS.ben.toUpperCase(),
    `${KEYS.ben},${KEYS.anna}`,
  ]) {
    expect(await upgrade({ ...OUTSIDE, Authorization: `Bearer ${key}` }), key).toBe(401);
  }
  const page = await ask(world.url, '/', { headers: OUTSIDE });
  expect([page.status, page.headers.location]).toEqual([303, 'login']);
  expect((await ask(world.url, '/login', { headers: OUTSIDE })).text).not.toMatch(/anna|\bben\b/);
  expect((await ben.http(`/files/${fileId}`)).status).toBe(200);
});

test('one request is one person: a cookie of the other beside an own key makes nobody else', async () => {
  const bens = await logIn('ben');
  for (const headers of [
    { Authorization: `Bearer ${KEYS.anna}`, Cookie: bens },
    { ...OUTSIDE, Authorization: `Bearer ${KEYS.anna}`, Cookie: bens, 'X-Forwarded-User': 'ben' },
  ]) {
    expect(JSON.parse((await ask(world.url, '/session', { headers })).text).person.id).toBe('anna');
    expect((await ask(world.url, `/files/${fileId}`, { headers })).status).toBe(404);
    const page = await Page.open(world.url, headers);
    expect(page.all('welcome').map(({ person }) => person.id)).toEqual(['anna']);
    expect(await page.heard()).not.toContain(BENS);
    page.close();
  }
  const frames = [
    { type: 'hello', chat: 'main', after: 0, person: 'ben', name: 'ben', externalId: 'ben' },
    { type: 'message', id: 'aaaaaaaa', chat: 'main', text: 'hello', files: [], author: 'ben', person: 'ben' },
    {
      type: 'command',
      id: 'bbbbbbbb',
      chat: 'main',
      name: 'chats',
      args: '',
      person: personOf(world, 'ben'),
    },
  ];
  const page = await world.page('anna');
  for (const frame of frames) page.post(frame as never);
  expect(await page.heard()).not.toContain(BENS);
  expect(column(world, 'ben', 'SELECT text FROM turns WHERE person = ?')).toEqual([`${BENS} in words`]);
});

test('who sits at the machine is not one of them', async () => {
  const [session, file, dropped, upload] = await everything({});
  expect(JSON.parse(session?.text ?? '').person.id).toBe('local');
  expect([file, dropped, upload].map((answer) => answer?.status)).toEqual([404, 404, 403]);
  const page = await Page.open(world.url, {});
  expect(await page.send('let me in')).toMatchObject({ type: 'refused', reason: 'not_served' });
  expect(JSON.stringify(page.frames)).not.toMatch(/bens-|annas|of-anna|of-ben/);
  page.close();
});

test('a page of another site gets nothing with the session of a person', async () => {
  const cookie = await logIn('ben');
  const { host, port } = new URL(world.url);
  const strange: Record<string, string>[] = [
    { Origin: 'https://elsewhere.example' },
    { Origin: `http://${host}.elsewhere.example` },
    { Origin: `http://127.0.0.1:${Number(port) + 1}` },
    { Origin: `http://localhost:${port}` },
    { Origin: 'null' },
    { Origin: '' },
    { Origin: `http://${host}@elsewhere.example` },
    { Host: 'elsewhere.example' },
    { Host: `elsewhere.example:${port}`, Origin: `http://elsewhere.example:${port}` },
    { Host: `${host}.elsewhere.example` },
    { Host: `${host}@elsewhere.example` },
    { Host: `elsewhere.example/${host}` },
  ];
  for (const one of strange) {
    const headers = { ...OUTSIDE, Cookie: cookie, ...one };
    const answers = await everything(headers);
    answers.push(await ask(world.url, '/logout', { method: 'POST', headers }));
    for (const { status, text } of answers) {
      expect([400, 403, 421], JSON.stringify(one)).toContain(status);
      expect(text).not.toContain(BENS);
    }
    expect([400, 403, 421], JSON.stringify(one)).toContain(await upgrade(headers));
  }
  const own = { ...OUTSIDE, Cookie: cookie, Origin: `http://${host}` };
  expect(await upgrade(own)).toBe(101);
  const file = await ask(world.url, `/files/${fileId}`, { headers: own });
  expect(file.text).toContain(BENS);
  expect(file.headers['access-control-allow-origin']).toBeUndefined();
  expect(file.headers['cross-origin-resource-policy']).toBe('same-origin');
});

test('a session that was ended opens nothing, and no other ends with it', async () => {
  const [ended, other, annas] = [await logIn('ben'), await logIn('ben'), await logIn('anna')];
  const [open, stays] = await Promise.all(
    [ended, other].map((cookie) => Page.open(world.url, { ...OUTSIDE, Cookie: cookie })),
  );
  const gone = { ...OUTSIDE, Cookie: ended };
  await ask(world.url, '/logout', { method: 'POST', headers: gone });
  expect(await open?.ended).toBe(4001);
  for (const headers of [gone, { ...OUTSIDE, Cookie: `${ended}; surfaces_session=` }]) {
    expect((await everything(headers)).map(({ status }) => status)).toEqual(Array(4).fill(401));
    expect(await upgrade(headers)).toBe(401);
  }
  expect(await stays?.command('context')).toContain('Agent shared');
  stays?.close();
  expect((await ask(world.url, '/session', { headers: { ...OUTSIDE, Cookie: annas } })).status).toBe(200);
});

test('what is not a frame is not told back, and a frame too large ends nobody else’s connection', async () => {
  const page = await world.page('anna');
  const socket = new WebSocket(new URL('ws', world.url.replace(/^http/, 'ws')), {
    headers: { Authorization: `Bearer ${KEYS.anna}` },
  });
  await once(socket, 'open');
  const told: string[] = [];
  socket.on('message', (data) => told.push(String(data)));
  socket.on('error', () => undefined);
  for (const junk of [
    KEYS.ben,
    `{"type":"${KEYS.ben}"}`,
    '[]',
    '{"type":"open","chat":"../../ben","after":0}',
    '\0',
  ]) {
    socket.send(junk);
  }
  socket.send(Buffer.from([1, 2, 3]));
  await expect.poll(() => told.length).toBe(6);
  expect(told.join()).not.toContain(KEYS.ben);
  socket.send('x'.repeat(9 * 1024 * 1024));
  await once(socket, 'close');
  expect(await page.command('context')).toContain('Agent shared');
  expect(await ben.command('context')).toContain('Agent shared');
});

test('health and metrics have nothing of a person', async () => {
  const url = /"url":"(http[^"]+)"[^\n]*health and metrics are served/.exec(world.app.log)?.[1] ?? '';
  const bodies = await Promise.all(
    ['/livez', '/healthz', '/metrics', '/', '/files', '/../healthz'].map((path) => ask(url, path)),
  );
  expect(bodies.slice(0, 3).map(({ status }) => status)).toEqual([200, 200, 200]);
  const text = bodies.map((body) => body.text).join('\n');
  expect(text).toContain('surfaces_turns_total');
  const ids = ['anna', 'ben'].flatMap((name) => [
    personOf(world, name as Name),
    ...column(world, name as Name, 'SELECT key FROM chats WHERE owner = ?'),
    ...column(world, name as Name, 'SELECT platform_chat_id FROM chats WHERE owner = ?'),
    ...column(world, name as Name, 'SELECT id FROM turns WHERE person = ?'),
  ]);
  for (const secret of [BENS, 'web:ben', 'web:anna', fileId, ...Object.values(KEYS), ...ids]) {
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/the-bearer-key|annas/);
  expect((await ask(url, '/metrics', { headers: OUTSIDE })).status).toBe(401);
  expect(Object.keys(JSON.parse((await ask(url, '/healthz', { headers: OUTSIDE })).text))).toEqual([
    'status',
  ]);
  expect((await ask(url, '/metrics', { headers: { Origin: 'https://elsewhere.example' } })).status).toBe(403);
});

test('the log at its most detailed has no key, no session, no words and no content of a file', async () => {
  // What goes wrong is logged too.
  await ben.send('fail');
  await ben.say('send ../secret.txt');
  const session = await logIn('ben');
  // Ben's own agent wants another key than this.
  const agents = world.agents.map(({ bearer, ...agent }) =>
    agent.id === 'of-ben'
      ? { ...agent, url: agent.url.replace('http://', 'http://who:hidden-pass@') }
      : { ...agent, ...(bearer === undefined ? {} : { bearer }) },
  );
  await world.assign({ anna: ['shared', 'of-anna'], ben: ['of-ben'] }, { agents });
  await ben.say(`${BENS} to a door that is shut`);
  const { log } = world.app;
  expect(log).toContain('route of a message');
  expect(log).toContain('could not');
  for (const secret of [...Object.values(KEYS), session.split('=')[1] ?? '', 'hidden-pass']) {
    expect(log).not.toContain(secret);
  }
  for (const { id } of world.agents) expect(log).not.toContain(world.bearer(id));
  expect(log).not.toContain(`${BENS} in`);
  expect(log).not.toContain(`${BENS} to`);
  expect(log).not.toContain('annas words');
});
