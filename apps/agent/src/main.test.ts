import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PlatformChatId } from '@surfaces/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentHouse, ask, context, MAIN, request } from './fixtures/running-agent.ts';

let house: AgentHouse;
beforeEach(async () => {
  house = await AgentHouse.open();
});
afterEach(() => house.close());

const start = (port?: number) => house.start(port);
const connect = (url: string) => house.connect(url);
const person = (locale: string) => ({ person: { id: 'p', name: 'P', locale } });

describe('the demo agent, as a process', () => {
  test('its abilities', async () => {
    const client = connect((await start()).url);
    for (const words of [
      'hello there',
      'put it on the table',
      'delete\nme',
      ' spaced  out ',
      '**x** <b>',
      'slowly 5',
      '  \n two  lines \n\n ',
      'the table is broken',
      'the delete button is broken',
      'delete button broken',
      'search party',
      'the search goes on',
      'tool belt',
      'a tool I like',
      'confirm with Sam first',
      'the help',
      'failover',
      'fail safe',
      'slow food',
      'поиск работы затянулся',
      '삭제 버튼이 고장 났어요',
      'table\n',
      'x'.repeat(90_000),
    ]) {
      expect((await ask(client, request(words))).text).toBe(words);
    }
    expect((await ask(client, request('What can you do?'))).text).toMatch(/demo agent[\s\S]*\| `slow 20`/);
    expect((await ask(client, request('show me a table'))).text).toMatch(/\|---\|---:\|/);
    expect((await ask(client, request('code'))).text).toMatch(/```ts\n[\s\S]*\n```/);
    expect((await ask(client, request('long 250'))).text.trimEnd().split('\n')).toHaveLength(250);
    const searched = await ask(client, request('search'));
    expect(searched.events.slice(0, 2).map((event) => event.kind)).toEqual(['progress', 'progress']);
    expect((await ask(client, request('fail'))).events).toMatchObject([{ kind: 'error', code: 'demo' }]);
    expect((await ask(client, request('', { attachments: ['a.txt'] }))).text).toMatch(/no file `a\.txt`/);
    expect((await ask(client, request('Search for bread!'))).events).toHaveLength(searched.events.length);
    expect((await ask(client, request('помощь', person('ru_RU')))).text).toMatch(/демонстрационный агент/);
    expect((await ask(client, request('기록', person('ko-KR')))).text).toMatch(/^이 대화의 메시지: \d+개\.$/);
  });

  test('asks before it does, and does as told', async () => {
    const client = connect((await start()).url);
    for (const [option, text] of [
      ['once', /Done/],
      ['no', /Left/],
    ] as const) {
      const asked = request(option === 'no' ? 'Please delete the old drafts.' : 'delete everything');
      const { text: said } = await ask(client, asked, async (event) => {
        if (event.kind === 'confirm') await client.reply(context, asked.requestId, event.id, option);
      });
      expect(said).toMatch(text);
    }
  });

  test('stops in the middle of a slow answer and is free for the next', async () => {
    const client = connect((await start()).url);
    const stop = new AbortController();
    await expect(
      ask(client, request('slow 60'), () => stop.abort(new Error('stop')), stop.signal),
    ).rejects.toThrow('stop');
    expect((await ask(client, request('next'))).text).toBe('next');
  });

  test('killed in mid-answer: started again it begins anew, and enters the message once', async () => {
    const first = await start();
    const client = connect(first.url);
    let killed = false;
    const { events } = await ask(client, request('slow 1'), async (event) => {
      if (killed || event.seq < 2) return;
      killed = true;
      first.child.kill('SIGKILL');
      await once(first.child, 'exit');
      await start(first.port);
    });
    const anew = events.findIndex((event) => event.kind === 'restarted');
    expect(anew).toBeGreaterThan(0);
    const answer = events.slice(anew + 1);
    expect(answer.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(answer.at(-1)?.kind).toBe('end');
    expect((await ask(client, request('history'))).text).toBe('Messages in this context: 2.');
  });

  test('killed after it finished: the answer is fetched from the log, and not run again', async () => {
    const first = await start();
    const asked = request('once only');
    expect((await ask(connect(first.url), asked)).text).toBe('once only');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const client = connect((await start()).url);
    expect((await ask(client, { ...asked, resumeAfter: 0 })).text).toBe('once only');
    expect((await ask(client, { ...asked, resumeAfter: 1 })).events).toMatchObject([{ kind: 'end', seq: 2 }]);
    expect((await ask(client, request('history'))).text).toBe('Messages in this context: 2.');
  });

  test('half a line left by a crash is not taken for a message', async () => {
    const first = await start();
    await ask(connect(first.url), request('a'));
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const file = join(house.dataDir, 'history', `${context}.jsonl`);
    await writeFile(file, `${await readFile(file, 'utf8')}{"requestId":"torn`);
    const client = connect((await start()).url);
    expect((await ask(client, request('history'))).text).toBe('Messages in this context: 2.');
  });

  test('forgets a context that is disposed of; a fork has its own history', async () => {
    const client = connect((await start()).url);
    const copy = PlatformChatId.parse('43');
    const { signal } = new AbortController();
    await ask(client, request('a'));
    await client.fork(context, copy, signal);
    await client.dispose(context, signal);
    expect((await ask(client, request('history'))).text).toBe('Messages in this context: 1.');
    expect((await ask(client, request('history', { platformChatId: copy }))).text).toBe(
      'Messages in this context: 2.',
    );
  });

  test('SIGTERM lets the answer finish; the loss of its app ends it', async () => {
    const first = await start();
    const { text } = await ask(connect(first.url), request('slow 1'), (event) => {
      if (event.seq === 1) first.child.kill('SIGTERM');
    });
    expect(text.split(' ')).toHaveLength(4);
    if (first.child.exitCode === null) await once(first.child, 'exit');
    expect(first.child.exitCode).toBe(0);
    const second = await start();
    second.child.kill('SIGINT');
    expect((await connect(second.url).health(new AbortController().signal)).ok).toBe(true);
    const exit = once(second.child, 'exit');
    second.child.disconnect();
    expect((await exit)[0]).toBe(0);
  });

  test('says what is wrong with its settings', async () => {
    const run = promisify(execFile);
    expect((await run(process.execPath, [MAIN, '--help'])).stdout).toMatch(/AGENT_PORT/);
    for (const [env, message] of [
      [{ AGENT_PORT: '70000' }, /AGENT_PORT must be a number/],
      [{ AGENT_PORT: '0', AGENT_HOST: '0.0.0.0' }, /AGENT_KEY/],
      [{ AGENT_PORT: String((await start()).port) }, /EADDRINUSE/],
    ] as const) {
      const failed = run(process.execPath, [MAIN], {
        env: { ...process.env, AGENT_DATA_DIR: house.dataDir, ...env },
      });
      await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
    }
  });
});
