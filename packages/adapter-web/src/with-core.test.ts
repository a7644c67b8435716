/** The page's server with the real core behind it: what a person does goes all the way and comes back. */
import { createCore } from '@surfaces/core';
import {
  createMemoryDatabase,
  FakeAgent,
  MemoryDisk,
  MemoryFileTables,
  noMetrics,
  realClock,
  silentLogger,
} from '@surfaces/core/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { createWebAdapter } from './adapter.ts';
import { WebAdapterConfig } from './config.ts';
import type { ServerFrame } from './frames.ts';
import { ask, closeAll, emptyPage, TestPage } from './testing-web.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await closeAll();
  for (const close of closers.splice(0)) await close();
});

const is =
  <T extends ServerFrame['type']>(type: T) =>
  (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> =>
    frame.type === type;
const answers = (page: TestPage, chat: string) =>
  page.entries(chat).flatMap((entry) => (entry.by === 'bot' ? [entry.message] : []));

async function system() {
  const agent = new FakeAgent(async function* ({ request }) {
    yield { kind: 'text', text: `${request.text} (${request.attachments.length})` };
    if (request.text === 'report') yield { kind: 'file', path: 'report.md' };
    yield { kind: 'end' };
  });
  const disk = new MemoryDisk();
  const workspace = disk.addWorkspace(agent.agentId);
  const { files, workspaces } = new MemoryFileTables(disk).open();
  const store = createMemoryDatabase().open();
  const agents = {
    assign: () => ({ choices: [agent.agentId] as const, byDefault: false }),
    client: () => agent,
    info: (id: typeof agent.agentId) => ({ id, label: 'Echo' }),
    all: () => [agent],
  };
  const common = { agents, files, clock: realClock, logger: silentLogger, defaultLocale: 'en' as const };
  const core = createCore({ ...common, store, workspaces, metrics: noMetrics, scrub: (text) => text });
  const adapter = createWebAdapter({
    ...WebAdapterConfig.parse({ port: 0 }),
    ...common,
    timeline: store.timeline,
    people: store,
    clientDir: emptyPage(),
  });
  await core.attach(adapter);
  closers.push(async () => {
    await core.stop({ drainMs: 1000, closeAgents: () => agent.close() });
    await store.close();
  });
  return { url: adapter.url, agent, workspace };
}

it('a further chat is made, named, spoken in, left alone by the others, and put away', async () => {
  const { url, agent } = await system();
  const [page, other] = [await TestPage.open(url), await TestPage.open(url)];
  expect((await page.until(is('welcome'))).commands.map(({ name }) => name)).toContain('new');
  page.post({ type: 'message', id: 'message-1', chat: 'main', text: 'in the first' });
  await vi.waitFor(() => expect(answers(page, 'main')).toMatchObject([{ markdown: 'in the first (0)' }]));
  await vi.waitFor(() =>
    expect(page.listed('main')).toMatchObject({ number: 'C1', name: 'in the first', agent: 'Echo' }),
  );

  page.post({ type: 'command', id: 'message-2', chat: 'main', name: 'new', args: 'Plans' });
  const { by, chat } = await page.until(is('created'));
  expect(by).toBe('message-2');
  page.post({ type: 'open', chat, after: null });
  page.post({ type: 'message', id: 'message-3', chat, text: 'in the second' });
  await vi.waitFor(() =>
    expect(answers(page, chat).map((one) => one.markdown)).toContain('in the second (0)'),
  );
  const contexts = agent.requests.map(({ platformChatId }) => platformChatId);
  expect(new Set(contexts).size).toBe(2);
  expect(
    other.entries().every((entry) => entry.by !== 'bot' || !entry.message.markdown.includes('second')),
  ).toBe(true);
  await vi.waitFor(() =>
    expect(other.listed(chat)).toMatchObject({ number: 'C2', name: 'Plans', unread: true, busy: false }),
  );
  expect(other.frames.filter(is('created'))).toEqual([]);
  page.post({ type: 'read', chat, seq: page.entries(chat).at(-1)?.seq ?? 0 });
  await vi.waitFor(() => expect(other.listed(chat)?.unread).toBe(false));

  page.post({ type: 'command', id: 'message-4a', chat: 'main', name: 'new', args: '' });
  await vi.waitFor(() =>
    expect(other.frames.findLast(is('chats'))?.chats).toContainEqual(
      expect.objectContaining({ number: 'C3', name: '' }),
    ),
  );
  page.post({ type: 'command', id: 'message-4', chat, name: 'rename', args: 'Better plans' });
  await vi.waitFor(() => expect(other.listed(chat)?.name).toBe('Better plans'));
  page.post({ type: 'command', id: 'message-5', chat, name: 'archive', args: '' });
  await vi.waitFor(() => expect(other.listed(chat)?.state).toBe('archived'));
  page.post({ type: 'message', id: 'message-6', chat, text: 'awake' });
  await vi.waitFor(() => expect(other.listed(chat)?.state).toBe('active'));
  expect(page.entries().filter((entry) => entry.by === 'person')).toHaveLength(3);
});

it('a new chat that was asked for in words is gone to, and its old place says nothing of it', async () => {
  const { url } = await system();
  const page = await TestPage.open(url);
  page.post({ type: 'message', id: 'message-1', chat: 'main', text: '/new Plans' });
  const { by, chat } = await page.until(is('created'));
  expect(by).toBe('message-1');
  await vi.waitFor(() => expect(page.listed(chat)).toMatchObject({ number: 'C2', name: 'Plans' }));
  page.post({ type: 'message', id: 'message-2', chat: 'main', text: 'still here' });
  await vi.waitFor(() => expect(answers(page, 'main')).toHaveLength(1));
  const said = page.entries('main').flatMap((entry) => (entry.by === 'bot' ? [entry.message.markdown] : []));
  expect(said).toEqual(['still here (0)']);
});

it('settings that are chosen by a command reach all browsers', async () => {
  const { url } = await system();
  const pages = [await TestPage.open(url), await TestPage.open(url)];
  pages[0]?.post({ type: 'command', id: 'message-1', chat: 'main', name: 'settings', args: 'language ko' });
  pages[0]?.post({ type: 'command', id: 'message-2', chat: 'main', name: 'settings', args: 'streaming off' });
  const settings = { locale: 'ko', localeChosen: true, streaming: false };
  for (const page of pages) {
    await vi.waitFor(() => expect(page.frames.filter(is('settings')).at(-1)).toMatchObject({ settings }));
  }
  const next = await TestPage.open(url);
  expect(await next.until(is('welcome'))).toMatchObject({ settings });
});

it('files go to the agent and come back', async () => {
  const { url, agent, workspace } = await system();
  const page = await TestPage.open(url);
  const sent = await ask(url, '/upload?name=data.csv', { method: 'POST', body: 'a,b\n1,2\n' });
  const file = JSON.parse(sent.text);
  page.post({ type: 'message', id: 'message-1', chat: 'main', text: 'look', files: [file.id] });
  await vi.waitFor(() => expect(answers(page, 'main')).toMatchObject([{ markdown: 'look (1)' }]));
  expect(agent.requests[0]?.attachments).toEqual(['data.csv']);
  expect(new TextDecoder().decode(workspace.read('data.csv', ''))).toBe('a,b\n1,2\n');

  workspace.write('report.md', '# Report');
  page.post({ type: 'message', id: 'message-2', chat: 'main', text: 'report' });
  await vi.waitFor(() => expect(answers(page, 'main').at(-1)?.file?.name).toBe('report.md'));
  const id = answers(page, 'main').at(-1)?.file?.id;
  expect((await ask(url, `/files/${id}`)).text).toBe('# Report');
});
