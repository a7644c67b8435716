import { expect, test } from 'vitest';
import { serveAgent } from './serve-agent.ts';

const onTurn = async () => {};

test('an address that others can reach needs a guard', async () => {
  await expect(serveAgent({ onTurn, host: '0.0.0.0' })).rejects.toThrow(/bearer/);
  for (const guard of [{ bearer: 'k' }, { authorize: () => true }, { allowAnyone: true }]) {
    await (await serveAgent({ onTurn, host: '0.0.0.0', ...guard })).close();
  }
});

test('a port in use is said so', async () => {
  const server = await serveAgent({ onTurn });
  await expect(serveAgent({ onTurn, port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await server.close();
});

test('healthz, with and without a prefix', async () => {
  const server = await serveAgent({ onTurn, prefix: '/agent_17/' });
  expect(server.url).toBe(`http://127.0.0.1:${server.port}/agent_17/`);
  for (const path of ['healthz', '../healthz']) {
    const response = await fetch(new URL(path, server.url));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ok: true, contexts: 0, running: 0 });
  }
  expect((await fetch(server.url)).status).toBe(404);
  await server.close();
});
