/** Which words ask for something about files. What is none of these was not meant for them. */

export type Counted = 'lines' | 'rows' | 'words' | 'characters' | 'columns';
export type Statistic = 'mean' | 'median' | 'min' | 'max' | 'sum' | 'distinct' | 'all';

export type Errand =
  | { readonly kind: 'report' }
  | { readonly kind: 'files' }
  | { readonly kind: 'delete' | 'send' | 'read'; readonly name: string };

export type Question =
  | { readonly kind: 'count'; readonly of: Counted }
  | { readonly kind: 'columns' }
  | { readonly kind: 'first'; readonly lines: number }
  /** `sure`: it was asked for in so many words; otherwise it counts only if there is such a column. */
  | {
      readonly kind: 'statistic';
      readonly what: Statistic;
      readonly column: string;
      readonly sure: boolean;
    };

const LONGEST = 300;
const MOST_LINES = 50;

/** The one line that is asked, without the words of courtesy around it. */
function plain(text: string): string | undefined {
  const line = text.trim();
  if (line.length > LONGEST || /[\r\n]/.test(line)) return undefined;
  return line
    .replace(/[.!?。？！]+$/u, '')
    .replace(/^(?:please|пожалуйста),? /i, '')
    .replace(/,? (?:please|пожалуйста)$/i, '')
    .trim();
}

const REPORTS = [
  /^(?:(?:write|make|create|prepare|give)(?: me)? )?(?:an? |the )?report$/i,
  /^(?:(?:напиши|сделай|составь|создай|подготовь)(?: мне)? )?отч[её]т$/i,
  /^보고서(?:[를을])?(?: ?(?:써|작성해|만들어))?(?: ?(?:줘|주세요))?$/,
];
const LISTS = [
  /^(?:(?:show|list)(?: me)? )?(?:my |the |all )?files$/i,
  /^(?:покажи )?(?:мои )?файлы$/i,
  /^(?:내 )?파일(?: 목록)?(?: ?보여 ?(?:줘|주세요))?$/,
];
const ON_FILES: readonly (readonly ['delete' | 'send' | 'read', readonly RegExp[]])[] = [
  [
    'delete',
    [
      /^(?:delete|remove|erase) (?:the )?(?:file )?(.+)$/i,
      /^(?:удали|удалить) (?:файл )?(.+)$/i,
      /^(.+?)(?: 파일)?(?:[을를])? ?삭제(?: ?해 ?(?:줘|주세요))?$/,
      /^삭제 (.+)$/,
    ],
  ],
  [
    'send',
    [
      /^send (?:me )?(?:the )?(?:file )?(.+?)(?: back)?$/i,
      /^(?:пришли|отправь)(?: мне)? (?:файл )?(.+)$/i,
      /^(.+?)(?: 파일)?(?:[을를])? ?보내 ?(?:줘|주세요)$/,
      /^보내 ?줘 (.+)$/,
    ],
  ],
  [
    'read',
    [
      /^(?:read|describe|examine) (?:the )?(?:file )?(.+)$/i,
      /^(?:прочитай|прочти|опиши) (?:файл )?(.+)$/i,
      /^(.+?)(?: 파일)?(?:[을를])? ?(?:읽어|설명해) ?(?:줘|주세요)$/,
      /^읽어 ?줘 (.+)$/,
    ],
  ],
];

/** A name said instead of the last file. */
const LAST =
  /^(?:it|this|that|this file|the last file|его|её|ее|этот файл|последний файл|이 파일|그 파일|마지막 파일)$/i;

export function isLastFile(name: string): boolean {
  return LAST.test(name);
}

/** Cannot be anything but the name of a file, so that it is worth to say that there is none. */
export function looksLikeFile(name: string): boolean {
  if (name.includes('://')) return false;
  return /^\S+\.[\p{L}\d]{1,8}$/u.test(name) || /^\.{0,2}\/\S+$/.test(name);
}

export function readErrand(text: string): Errand | undefined {
  const line = plain(text);
  if (line === undefined) return undefined;
  if (REPORTS.some((form) => form.test(line))) return { kind: 'report' };
  if (LISTS.some((form) => form.test(line))) return { kind: 'files' };
  for (const [kind, forms] of ON_FILES) {
    for (const form of forms) {
      const name = form.exec(line)?.[1];
      if (name !== undefined) return { kind, name: unquoted(name) };
    }
  }
  return undefined;
}

const COUNTED: readonly (readonly [Counted, RegExp])[] = [
  ['lines', /^(?:lines?|строки|строк|줄)$/i],
  ['rows', /^(?:rows?|records?|записи|записей|рядов|행)$/i],
  ['words', /^(?:words?|слова|слов|단어)$/i],
  ['characters', /^(?:characters|chars|letters|символы|символов|знаков|букв|글자|문자)$/i],
  ['columns', /^(?:columns?|fields?|столбцов|колонок|열|컬럼)$/i],
];
const COUNT_FORMS = [
  /^how many (\S+)(?: (?:are there|are in (?:it|there)|does it have|has it|in it|there are))?$/i,
  /^(?:the )?(?:number|count) of (?:the )?(\S+)$/i,
  /^count (?:the )?(\S+)$/i,
  /^(\S+) count$/i,
  /^(?:сколько(?: там| в н[её]м)?|число|количество|посчитай) (\S+?)(?: там| в н[её]м)?$/i,
  /^(\S+?) ?(?:수|개수)(?:는|가)?$/,
  /^몇 ?(\S+?)(?:이야|인가요|이에요|입니까|야|이니)?$/,
  /^(lines|rows|words|characters|строки|слова|символы|записи|줄|단어|글자|행)$/i,
];
const COLUMNS = [
  /^(?:what |which |list |show(?: me)? )?(?:the |are the )?(?:columns|fields)(?: are there| does it have| has it)?$/i,
  /^(?:какие (?:там )?|покажи )?(?:столбцы|колонки)$/i,
  /^(?:열|컬럼)(?: 목록)?(?: ?보여 ?(?:줘|주세요))?$/,
];
const FIRST = [
  /^(?:show(?: me)? |give me )?(?:the )?first (?:(\d{1,4}) )?(?:lines?|rows?)$/i,
  /^(?:покажи )?перв(?:ые|ая|ую|ых) (?:(\d{1,4}) )?(?:строк[аиу]?|записей|записи)$/i,
  /^(?:첫|처음) ?(?:(\d{1,4}) ?)?줄(?: ?보여 ?(?:줘|주세요))?$/,
];
const STATISTICS: readonly (readonly [Statistic, string])[] = [
  ['mean', 'mean|average|avg|среднее|средняя|средний|평균'],
  ['median', 'median|медиана|медиану|중앙값'],
  ['min', 'min|minimum|smallest|lowest|минимум|минимальное|наименьшее|최솟값|최소값|최소'],
  ['max', 'max|maximum|largest|highest|максимум|максимальное|наибольшее|최댓값|최대값|최대'],
  ['sum', 'sum|total|сумма|сумму|итого|합계|합'],
  [
    'distinct',
    'distinct(?: values)?|unique(?: values)?|values|different values|значения|разные значения|уникальные значения|값|고유값',
  ],
  ['all', 'statistics|stats|статистика|статистику|통계'],
];
const ANY = STATISTICS.map(([, words]) => words).join('|');
const WORDS_FIRST = new RegExp(
  `^(?:what(?:'s| is| are) )?(?:the )?(${ANY})(?: value)?( (?:of|for|in|по|для|в|столбца|колонки))?(?: the)?(?: (?:column|столбцу|столбца|колонке|колонки))? (.+)$`,
  'i',
);
const COLUMN_FIRST = new RegExp(`^(.+?)(의)? ?(${ANY})(?:은|는|을|를|이|가)?$`, 'i');

export function readQuestion(text: string): Question | undefined {
  const line = plain(text);
  if (line === undefined || line === '') return undefined;
  if (COLUMNS.some((form) => form.test(line))) return { kind: 'columns' };
  for (const form of FIRST) {
    const match = form.exec(line);
    if (match !== null)
      return { kind: 'first', lines: Math.min(Math.max(Number(match[1] ?? 1), 1), MOST_LINES) };
  }
  for (const form of COUNT_FORMS) {
    const thing = form.exec(line)?.[1];
    const of = thing === undefined ? undefined : COUNTED.find(([, words]) => words.test(thing))?.[0];
    if (of !== undefined) return { kind: 'count', of };
  }
  const [, words, link, column] = WORDS_FIRST.exec(line) ?? [];
  if (words !== undefined && column !== undefined) return statistic(words, column, link !== undefined);
  const [, before, of, after] = COLUMN_FIRST.exec(line) ?? [];
  if (before !== undefined && after !== undefined) return statistic(after, before, of !== undefined);
  return undefined;
}

/** The file that a question names at its end, and the question without it. */
export function splitFile(text: string): { readonly question: string; readonly file: string } | undefined {
  const line = plain(text);
  const english =
    /^(.+) (?:of|in|from|for|в|из|для|по) (?:the )?(?:file )?([`"'«]?[^\s`"'«»]+\.[\p{L}\d]{1,8}[`"'»]?)$/iu.exec(
      line ?? '',
    );
  if (english?.[1] !== undefined && english[2] !== undefined) {
    return { question: english[1], file: unquoted(english[2]) };
  }
  const korean = /^([^\s]+\.[\p{L}\d]{1,8})의 (.+)$/u.exec(line ?? '');
  if (korean?.[1] !== undefined && korean[2] !== undefined) return { question: korean[2], file: korean[1] };
  return undefined;
}

function statistic(words: string, column: string, sure: boolean): Question | undefined {
  const what = STATISTICS.find(([, known]) => new RegExp(`^(?:${known})$`, 'i').test(words))?.[0];
  return what === undefined ? undefined : { kind: 'statistic', what, column: unquoted(column), sure };
}

function unquoted(text: string): string {
  return text.trim().replace(/^([`"'«“])(.+)[`"'»”]$/u, '$2');
}
