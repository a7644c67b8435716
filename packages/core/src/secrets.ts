/** Takes secrets out of text before it reaches a log, an error or a chat. */

export const HIDDEN = '[hidden]';

/** Shorter known values are left alone: hiding every `abc` would spoil the text and protect nothing. */
export const MIN_SECRET_LENGTH = 6;

/**
 * Forms of keys. Every pattern takes time linear in the text: each either matches a whole run of
 * characters, so that the search goes on behind it, or gives up after a bounded number of them.
 */
const PATTERNS: readonly (readonly [RegExp, string | ((match: string) => string)])[] = [
  // OpenRouter sk-or-, Anthropic sk-ant-, OpenAI sk-proj-, sk-svcacct- and the old sk-….
  [/(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{8,}/g, (key) => (isProviderKey(key) ? HIDDEN : key)],
  // LangSmith; ls__ is its older form.
  [/(?<![A-Za-z0-9])(?:lsv2_|ls__)[A-Za-z0-9_]{16,}/g, HIDDEN],
  // GitHub: personal, OAuth, user, server and refresh tokens.
  [/(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{16,}/g, HIDDEN],
  [/(?<![A-Za-z0-9])glpat-[A-Za-z0-9_.-]{16,}/g, HIDDEN],
  // Telegram bot tokens; also behind the `bot` of an API URL.
  [/(?<!\d)\d{6,12}:(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{30,}/g, HIDDEN],
  // Discord: the bot's id in base64 (a digit becomes M, N or O), a time, a signature.
  [/(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{25,}/g, HIDDEN],
  [
    /\b(authorization["']?\s{0,8}[:=]\s{0,8}["']?)(?:(basic|bearer|token)\s{1,8})?[A-Za-z0-9._~+/=-]{4,}/gi,
    `$1${HIDDEN}`,
  ],
  [/\bbearer\s{1,8}[A-Za-z0-9._~+/=-]{8,}/gi, (match) => (isBearer(match) ? `Bearer ${HIDDEN}` : match)],
  // user:password@ of any URL; whatever stands before the @ of a web address, because it may be a token.
  [/:\/\/[^\s/?#"'<>\\]+@/g, (userinfo) => (userinfo.indexOf(':', 1) < 0 ? userinfo : `://${HIDDEN}@`)],
  [/\b((?:https?|wss?):\/\/)[^\s/?#"'<>\\]+@/gi, `$1${HIDDEN}@`],
];

export interface Scrubber {
  (text: string): string;
  /** From now on these are hidden too. What was hidden before stays hidden. */
  learn(known: readonly string[]): void;
}

/**
 * Returns a function that replaces the known values (the longest first, also in their URL, JSON and
 * Base64 forms) and everything that looks like a key by `[hidden]`. Known values shorter than
 * `MIN_SECRET_LENGTH` are ignored. Scrubbing twice is the same as once.
 */
export function createScrubber(known: readonly string[]): Scrubber {
  const forms = new Set<string>();
  let knownValue: RegExp | undefined;
  const learn = (values: readonly string[]): void => {
    const before = forms.size;
    for (const form of values.flatMap((value) => formsOf(value.trim()))) forms.add(form);
    if (forms.size === before) return;
    const longestFirst = [...forms].sort((a, b) => b.length - a.length).map(literal);
    knownValue = new RegExp(longestFirst.join('|'), 'g');
  };
  learn(known);
  const scrub = (text: string): string => {
    let result = knownValue === undefined ? text : text.replace(knownValue, HIDDEN);
    for (const [pattern, replacement] of PATTERNS) {
      result =
        typeof replacement === 'string'
          ? result.replace(pattern, replacement)
          : result.replace(pattern, replacement);
    }
    return result;
  };
  return Object.assign(scrub, { learn });
}

function formsOf(value: string): string[] {
  if (value.length < MIN_SECRET_LENGTH) return [];
  const wellFormed = value.toWellFormed();
  const bytes = String.fromCharCode(...new TextEncoder().encode(wellFormed));
  return [
    value,
    encodeURIComponent(wellFormed),
    JSON.stringify(value).slice(1, -1),
    btoa(bytes).replace(/=+$/, ''),
  ];
}

function literal(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function isProviderKey(key: string): boolean {
  return /^sk-(?:or|ant|proj|svcacct|admin)-/.test(key) || (key.length >= 20 && /\d/.test(key));
}

/** `Bearer authentication` is prose; a token has a digit in it or is long. */
function isBearer(match: string): boolean {
  const token = match.replace(/^bearer\s+/i, '');
  return /\d/.test(token) || token.length >= 20;
}
