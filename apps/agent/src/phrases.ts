/** The agent's own words, in the person's language. */
import type { FilePhrases } from './files/file-phrases.ts';
import { filesEn } from './files/file-phrases-en.ts';
import { filesKo } from './files/file-phrases-ko.ts';
import { filesRu } from './files/file-phrases-ru.ts';

export interface Phrases {
  readonly help: string;
  readonly table: string;
  readonly code: string;
  readonly searching: string;
  readonly found: string;
  readonly searched: string;
  /** One word at a time, over and over. */
  readonly slow: readonly string[];
  readonly line: string;
  confirm(what: string): string;
  readonly once: string;
  readonly always: string;
  readonly reject: string;
  readonly confirmed: string;
  readonly rejected: string;
  readonly cannotAsk: string;
  history(count: number): string;
  readonly failure: string;
  readonly files: FilePhrases;
}

const en: Phrases = {
  help: `I am the demo agent. I need no key, and I answer the same way every time.

| say | and I |
|---|---|
| \`table\`, \`code\` | answer in Markdown |
| \`tool\` or \`search\` | work with a tool and say what I do |
| \`slow 20\` | take 20 seconds, word by word |
| \`long 500\` | write 500 lines |
| \`confirm\` or \`delete\` | ask you first |
| \`history\` | count the messages of this chat |
| \`fail\` | fail |

Send me a **file** and I say what is in it: text, Markdown, CSV or JSON, of any size. Then:

| say | and I |
|---|---|
| \`how many lines\`, \`words\`, \`first 5 lines\` | look into the last file |
| \`columns\`, \`mean of price\`, \`values of city\` | look into the last table |
| \`report\` | write \`report.md\` on the files of this chat and send it |
| \`files\`, \`read\`, \`send\` or \`delete\` and a name | work with your files |

Anything else I **repeat**, word for word.`,
  table: `Three planets:

| planet | moons | day |
|---|---:|---|
| Earth | 1 | 24 h |
| Mars | 2 | 24 h 37 min |
| Venus | 0 | 2,802 h |`,
  code: `A greeting in TypeScript:

\`\`\`ts
export function greet(name: string): string {
  return \`Hello, \${name}!\`;
}
\`\`\`

Call it with \`greet('you')\`.`,
  searching: 'Looking through the shelves',
  found: '3 books found',
  searched: 'I looked and found **three books**: one on rivers, one on bread, one on stars.',
  slow: 'the river takes its time and reaches the sea all the same'.split(' '),
  line: 'Line',
  confirm: (what) => `Shall I do this: **${what}**?`,
  once: 'Yes, this time',
  always: 'Yes, always',
  reject: 'No',
  confirmed: 'Done, as you wished. (It was only a demonstration.)',
  rejected: 'Left as it is.',
  cannotAsk: 'I would have to ask you first, and from here I cannot.',
  history: (count) => `Messages in this context: ${count}.`,
  failure: 'You asked me to fail, so I did.',
  files: filesEn,
};

const ru: Phrases = {
  help: `Я демонстрационный агент. Ключ мне не нужен, и отвечаю я всегда одинаково.

| скажите | и я |
|---|---|
| \`таблица\`, \`код\` | отвечу в Markdown |
| \`инструмент\` или \`поиск\` | поработаю с инструментом и скажу, что делаю |
| \`медленно 20\` | буду отвечать 20 секунд, слово за словом |
| \`длинно 500\` | напишу 500 строк |
| \`подтверди\` или \`удали\` | сначала спрошу вас |
| \`история\` | посчитаю сообщения этого чата |
| \`ошибка\` | завершусь с ошибкой |

Пришлите **файл**, и я скажу, что в нём: текст, Markdown, CSV или JSON любого размера. Потом:

| скажите | и я |
|---|---|
| \`сколько строк\`, \`сколько слов\`, \`первые 5 строк\` | загляну в последний файл |
| \`столбцы\`, \`среднее по price\`, \`значения city\` | загляну в последнюю таблицу |
| \`отчёт\` | напишу \`report.md\` о файлах этого чата и пришлю его |
| \`файлы\`, \`прочитай\`, \`пришли\` или \`удали\` и имя | займусь вашими файлами |

Всё остальное я **повторю** слово в слово.`,
  table: `Три планеты:

| планета | спутники | сутки |
|---|---:|---|
| Земля | 1 | 24 ч |
| Марс | 2 | 24 ч 37 мин |
| Венера | 0 | 2802 ч |`,
  code: en.code
    .replace('A greeting in TypeScript:', 'Приветствие на TypeScript:')
    .replace('Call it with', 'Вызов:'),
  searching: 'Ищу на полках',
  found: 'Найдены 3 книги',
  searched: 'Поискал и нашёл **три книги**: о реках, о хлебе и о звёздах.',
  slow: 'река не спешит и всё же приходит к морю'.split(' '),
  line: 'Строка',
  confirm: (what) => `Выполнить: **${what}**?`,
  once: 'Да, в этот раз',
  always: 'Да, всегда',
  reject: 'Нет',
  confirmed: 'Сделано, как вы просили. (Это была только демонстрация.)',
  rejected: 'Оставил как есть.',
  cannotAsk: 'Сначала я должен спросить вас, а отсюда это невозможно.',
  history: (count) => `Сообщений в этом контексте: ${count}.`,
  failure: 'Вы попросили ошибку, вот она.',
  files: filesRu,
};

const ko: Phrases = {
  help: `저는 데모 에이전트입니다. 키가 필요 없고 언제나 같은 방식으로 답합니다.

| 이렇게 말하면 | 저는 |
|---|---|
| \`표\`, \`코드\` | Markdown으로 답합니다 |
| \`도구\` 또는 \`검색\` | 도구를 쓰며 무엇을 하는지 알려 줍니다 |
| \`천천히 20\` | 20초 동안 한 단어씩 답합니다 |
| \`길게 500\` | 500줄을 씁니다 |
| \`확인\` 또는 \`삭제\` | 먼저 여쭤봅니다 |
| \`기록\` | 이 대화의 메시지 수를 셉니다 |
| \`오류\` | 오류를 냅니다 |

**파일**을 보내면 무엇이 들어 있는지 알려 드립니다. 크기와 상관없이 텍스트, Markdown, CSV, JSON을 읽습니다. 그다음:

| 이렇게 말하면 | 저는 |
|---|---|
| \`몇 줄\`, \`단어 수\`, \`첫 5줄\` | 마지막 파일을 들여다봅니다 |
| \`열\`, \`price 평균\`, \`city 값\` | 마지막 표를 들여다봅니다 |
| \`보고서\` | 이 대화의 파일에 관한 \`report.md\`를 써서 보냅니다 |
| \`파일\`, 또는 이름과 \`읽어 줘\`, \`보내 줘\`, \`삭제\` | 파일을 다룹니다 |

그 밖의 말은 **그대로** 되풀이합니다.`,
  table: `행성 세 개:

| 행성 | 위성 | 하루 |
|---|---:|---|
| 지구 | 1 | 24시간 |
| 화성 | 2 | 24시간 37분 |
| 금성 | 0 | 2,802시간 |`,
  code: en.code
    .replace('A greeting in TypeScript:', 'TypeScript로 쓴 인사:')
    .replace('Call it with', '호출:'),
  searching: '책장을 살펴보는 중',
  found: '책 3권을 찾음',
  searched: '살펴보고 **책 세 권**을 찾았습니다. 강, 빵, 별에 관한 책입니다.',
  slow: '강은 서두르지 않지만 그래도 바다에 닿는다'.split(' '),
  line: '줄',
  confirm: (what) => `이것을 실행할까요: **${what}**?`,
  once: '네, 이번만',
  always: '네, 항상',
  reject: '아니요',
  confirmed: '말씀하신 대로 했습니다. (시연일 뿐입니다.)',
  rejected: '그대로 두었습니다.',
  cannotAsk: '먼저 여쭤봐야 하는데 여기서는 그럴 수 없습니다.',
  history: (count) => `이 대화의 메시지: ${count}개.`,
  failure: '요청하신 대로 오류를 냈습니다.',
  files: filesKo,
};

/** By the person's BCP 47 tag; English for any other. */
export function phrasesFor(locale: string | undefined): Phrases {
  const language = locale?.toLowerCase().split(/[-_]/)[0];
  return language === 'ru' ? ru : language === 'ko' ? ko : en;
}
