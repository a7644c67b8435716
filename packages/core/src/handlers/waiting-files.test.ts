import { IncomingEvent } from '@surfaces/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Stage } from '../testing/stage.ts';

const stage = new Stage();
const { begin, beginMortal, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

const ann = { externalId: 'ann', name: 'Ann' };
const ben = { externalId: 'ben', name: 'Ben' };
const last = () => texts().at(-1) ?? '';
const answered = (text: string | RegExp) => seen(() => expect(last()).toMatch(text));
const say = (text: string, author = ann) => stage.messenger.say(room(), text, author);
const buttons = () => stage.messenger.shown(room()).at(-1)?.message.buttons ?? [];

/** Files that came without text, as accept stores them. */
async function filesWait(names: readonly string[], author = ann): Promise<void> {
  const { surface, account } = stage.messenger;
  const store = stage.database.open();
  for (const name of names) {
    const accepted = await store.accept({
      event: IncomingEvent.parse({
        kind: 'message',
        surface,
        account,
        eventId: `file-${name}-${author.externalId}`,
        address: room(),
        author,
        sentAt: Date.now(),
        text: '',
        attachments: [{ ref: name, name, size: 1500 }],
      }),
      now: Date.now(),
      defaultLocale: 'en',
      assignment: { choices: [stage.agent.agentId], byDefault: false },
      newChat: { platformChatId: '77' as never, name: 'Chat' },
      waitingFilesLimit: 50,
      queueLimit: 50,
      staleAfterMs: 60_000,
      record: false,
    });
    if (accepted.outcome !== 'files') throw new Error(accepted.outcome);
    const [file] = accepted.files;
    await store.settleFile(file?.id ?? '', { state: 'saved', path: `in/${name}`, size: 1500 });
  }
}

const removed: string[] = [];
const workspaces = {
  describe: () => ({}),
  remove: async (_: unknown, path: string) => void removed.push(path),
} as never;

describe('files that wait', () => {
  it('are listed with their sizes, and removed by number, by button and all at once', async () => {
    removed.length = 0;
    await begin({ parts: { workspaces } });
    say('/list');
    await answered('No file waits');
    say('/remove 1');
    await seen(() => expect(texts()).toHaveLength(2));
    await filesWait(['a.txt', 'b`.txt', 'c.txt', 'd.txt']);
    say('/list');
    await answered(/4 files wait[\s\S]*1\. `a\.txt` \(1\.5 kB\)\n2\. `b'\.txt`/);
    for (const word of ['/remove 0', '/remove 5', '/remove x', '/remove', '/remove -1', '/remove 1 2']) {
      const before = texts().length;
      say(word);
      await seen(() => expect(texts()).toHaveLength(before + 1));
      expect(last()).toContain('from 1 to 4');
    }
    say('/remove 2');
    await answered("`b'.txt` is removed");
    say('/list');
    await answered('3 files wait');
    const [first] = buttons();
    expect(first?.label).toBe('Remove 1');
    stage.messenger.press(room(), first?.action ?? '', ann);
    await answered('2 files wait');
    expect(texts().at(-2)).toBe('`a.txt` is removed.');
    stage.messenger.press(room(), first?.action ?? '', ann);
    await seen(() => expect(texts().at(-2)).toContain('does not wait any more'));
    say('/remove ALL');
    await answered('2 files are removed');
    await seen(() => expect(removed).toEqual(['in/b`.txt', 'in/a.txt', 'in/c.txt', 'in/d.txt']));
  });

  it('of another person are neither seen nor removed', async () => {
    await begin({ parts: { workspaces } });
    await filesWait(['a.txt']);
    say('/list');
    await answered('1 file waits');
    stage.messenger.press(room(), buttons()[0]?.action ?? '', ben);
    await answered('does not wait any more');
    for (const word of ['/list', '/remove 1', '/remove all']) {
      const before = texts().length;
      say(word, ben);
      await seen(() => expect(texts()).toHaveLength(before + 1));
      expect(last()).toContain('No file waits');
    }
    say('/list');
    await answered('1 file waits');
  });

  it('are not removed a second time when the process ended in between: the list is shown', async () => {
    const { died } = await beginMortal('event.before_complete', 1, { parts: { workspaces } });
    await filesWait(['a.txt', 'b.txt']);
    say('/remove 1');
    await died;
    await restart(undefined, { parts: { workspaces } });
    await answered(/1 file waits[\s\S]*1\. `b\.txt`/);
    say('/list');
    await seen(() => expect(texts()).toHaveLength(2));
    expect(last()).toMatch(/1 file waits/);
  });
});
