/** What the agent can do, and which words ask for it. */
import { setTimeout as wait } from 'node:timers/promises';
import { AgentFailure, type AgentTurn } from '@surfaces/sdk';
import type { Desk } from './files/desk.ts';
import type { Phrases } from './phrases.ts';

/** What one ability gets: the turn, its words, what followed the key word, the number of messages so far. */
interface Asked {
  readonly turn: AgentTurn;
  readonly say: Phrases;
  readonly rest: string;
  readonly messages: number;
}

interface Ability {
  /** Key words, lower case. */
  readonly words: readonly string[];
  /** What may follow the key word. Whatever else follows, the text was not meant for the ability. */
  readonly takes: RegExp;
  readonly answer: (asked: Asked) => Promise<void>;
}

const ASKING =
  /^(?:please )?(?:(?:show|give)(?: me)? (?:an? |the )?|ask(?: me)? for (?:an? )?|(?:use|call|run) (?:an? |the )?)?/;
const NOTHING = /^$/;
const NUMBER = /^\d{0,6}$/;
const SEARCHED = /^(?:for .+)?$/;
/** Something to do it to: "delete the draft" is a request, "delete button" is not. */
const OBJECT =
  /^(?:(?:something|everything|all|it|them|this|that|these|those|my|the)(?: .+)?|[а-яё].*|해 ?(?:줘|주세요))?$/;

const ABILITIES: readonly Ability[] = [
  {
    words: [
      'help',
      'what can you do',
      'помощь',
      'что ты умеешь',
      'что вы умеете',
      '도움말',
      '무엇을 할 수 있어',
    ],
    takes: NOTHING,
    answer: ({ turn, say }) => speak(turn, say.help),
  },
  {
    words: ['table', 'таблица', '표'],
    takes: NOTHING,
    answer: ({ turn, say }) => speak(turn, say.table),
  },
  { words: ['code', 'код', '코드'], takes: NOTHING, answer: ({ turn, say }) => speak(turn, say.code) },
  {
    words: ['tool', 'search', 'инструмент', 'поиск', '도구', '검색'],
    takes: SEARCHED,
    async answer({ turn, say }) {
      await turn.toolCall({ id: 'search', name: 'search', text: say.searching });
      await wait(600, undefined, { signal: turn.signal });
      await turn.toolResult({ id: 'search', name: 'search', text: say.found });
      await speak(turn, say.searched);
    },
  },
  {
    words: ['slow', 'медленно', '천천히'],
    takes: NUMBER,
    async answer({ turn, say, rest }) {
      const words = Math.min(Number(rest || 10), 3600) * 4;
      for (let i = 0; i < words; i++) {
        await turn.write(`${i === 0 ? '' : ' '}${say.slow[i % say.slow.length]}`);
        await wait(250, undefined, { signal: turn.signal });
      }
    },
  },
  {
    words: ['long', 'длинно', '길게'],
    takes: NUMBER,
    async answer({ turn, say, rest }) {
      const lines = Math.min(Number(rest || 100), 100_000);
      for (let from = 1; from <= lines && !turn.signal.aborted; from += 100) {
        const count = Math.min(100, lines - from + 1);
        // Two spaces at the end: a line break in Markdown.
        await turn.write(Array.from({ length: count }, (_, i) => `${say.line} ${from + i}  \n`).join(''));
      }
    },
  },
  {
    words: ['confirm', 'confirmation', 'delete', 'подтверди', 'удали', '확인', '삭제'],
    takes: OBJECT,
    async answer({ turn, say }) {
      if (!turn.features.has('confirm')) return turn.write(say.cannotAsk);
      const chosen = await turn.confirm({
        text: say.confirm(turn.text.trim().slice(0, 200)),
        options: [
          { id: 'once', label: say.once, kind: 'allow_once' },
          { id: 'always', label: say.always, kind: 'allow_always' },
          { id: 'no', label: say.reject, kind: 'reject' },
        ],
      });
      return turn.write(chosen === 'no' ? say.rejected : say.confirmed);
    },
  },
  {
    words: ['history', 'история', '기록'],
    takes: NOTHING,
    answer: ({ turn, say, messages }) => turn.write(say.history(messages)),
  },
  {
    words: ['fail', 'ошибка', '오류'],
    takes: NOTHING,
    async answer({ say }) {
      throw new AgentFailure('demo', say.failure);
    },
  },
];

/**
 * Answers by the ability that is asked for; anything else is repeated exactly. Of files that came with
 * something else than a question about them it is said what is in them.
 */
export async function answer(turn: AgentTurn, say: Phrases, messages: number, desk: Desk): Promise<void> {
  if (await desk.answer(turn, say)) return;
  const asked = findAbility(turn.text);
  if (asked !== undefined) await asked.ability.answer({ turn, say, rest: asked.rest, messages });
  else if (turn.text !== '') await turn.write(turn.text);
  await desk.describeAttachments(turn, say, turn.text !== '');
}

function findAbility(text: string): { readonly ability: Ability; readonly rest: string } | undefined {
  for (const ability of ABILITIES) {
    const rest = askedFor(ability, text);
    if (rest !== undefined) return { ability, rest };
  }
  return undefined;
}

/** What follows the key word, where the text is nothing but a request for the ability. */
function askedFor({ words, takes }: Ability, text: string): string | undefined {
  // A long text that happens to begin with a key word asks for nothing.
  if (text.length > 80 || text.includes('\n')) return undefined;
  const plain = text
    .toLowerCase()
    .trim()
    .replace(/[.!?]+$/, '')
    .replace(/,? please$/, '')
    .replace(ASKING, '');
  for (const word of words) {
    const rest =
      plain === word ? '' : plain.startsWith(`${word} `) ? plain.slice(word.length + 1) : undefined;
    if (rest !== undefined && takes.test(rest)) return rest;
  }
  return undefined;
}

/** Writes as a model would: a few words at a time. */
async function speak(turn: AgentTurn, markdown: string): Promise<void> {
  for (const piece of markdown.match(/(?:\S+\s*){1,4}/g) ?? []) {
    await turn.write(piece);
    await wait(10, undefined, { signal: turn.signal });
  }
}
