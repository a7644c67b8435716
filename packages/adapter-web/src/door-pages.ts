/** The few pages that come before the chat: login, and what to set when nobody can log in. */
import { createHash } from 'node:crypto';
import type { Locale } from '@surfaces/protocol';

interface Words {
  readonly title: string;
  readonly lead: string;
  readonly label: string;
  readonly button: string;
  readonly wrong: string;
  readonly tooMany: string;
  readonly noKeysTitle: string;
  readonly noKeys: string;
  readonly noKeysHow: string;
}

export const DOOR_WORDS: Readonly<Record<Locale, Words>> = {
  en: {
    title: 'Sign in',
    lead: 'Enter the access key that you were given.',
    label: 'Access key',
    button: 'Continue',
    wrong: 'This key is not known here. Check it and try again.',
    tooMany: 'Too many wrong keys. Wait a minute, then try again.',
    noKeysTitle: 'No access keys yet',
    noKeys:
      'From another machine, or through a proxy, this page opens only with an access key, and none is set.',
    noKeysHow: 'Whoever runs this server: set this variable, then start again.',
  },
  ru: {
    title: 'Вход',
    lead: 'Введите ключ доступа, который вам дали.',
    label: 'Ключ доступа',
    button: 'Продолжить',
    wrong: 'Такого ключа здесь нет. Проверьте его и попробуйте ещё раз.',
    tooMany: 'Слишком много неверных ключей. Подождите минуту и попробуйте снова.',
    noKeysTitle: 'Ключей доступа ещё нет',
    noKeys: 'С другой машины или через прокси эта страница открывается только по ключу, а ключи не заданы.',
    noKeysHow: 'Тому, кто управляет сервером: задайте эту переменную и запустите снова.',
  },
  ko: {
    title: '로그인',
    lead: '받은 액세스 키를 입력하세요.',
    label: '액세스 키',
    button: '계속',
    wrong: '등록되지 않은 키입니다. 확인한 뒤 다시 시도하세요.',
    tooMany: '잘못된 키를 너무 많이 입력했습니다. 1분 뒤에 다시 시도하세요.',
    noKeysTitle: '액세스 키가 없습니다',
    noKeys:
      '다른 기기나 프록시를 통해서는 액세스 키가 있어야 이 페이지를 열 수 있는데, 설정된 키가 없습니다.',
    noKeysHow: '서버 운영자: 이 변수를 설정한 뒤 다시 시작하세요.',
  },
};

const STYLE = `
:root{color-scheme:light dark;--bg:#f7f7f5;--fg:#1b1c1e;--soft:#5d6066;--line:#d9d9d4;--accent:#2f6f5e;--bad:#a3342b;--field:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#17181a;--fg:#e9e9e6;--soft:#a2a5ab;--line:#3a3c40;--accent:#6fbfa8;--bad:#f09a90;--field:#1f2123}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:25rem}
h1{font-size:1.375rem;line-height:1.25;margin:0 0 .5rem}
p{margin:0 0 1.25rem;color:var(--soft);overflow-wrap:anywhere}
p.bad{color:var(--bad)}
label{display:block;font-weight:600;margin-bottom:.375rem}
input{width:100%;font:inherit;padding:.625rem .75rem;border:1px solid var(--line);border-radius:8px;background:var(--field);color:var(--fg)}
button{margin-top:1rem;width:100%;font:inherit;font-weight:600;padding:.625rem;border:0;border-radius:8px;background:var(--accent);color:var(--bg);cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code{display:block;padding:.75rem;border:1px solid var(--line);border-radius:8px;overflow-x:auto;color:var(--fg);font:.875rem/1.5 ui-monospace,monospace}
`;

/** For the page's Content-Security-Policy. */
export const DOOR_STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

export function loginPage(locale: Locale, problem?: 'wrong' | 'tooMany'): string {
  const words = DOOR_WORDS[locale];
  return page(
    locale,
    words.title,
    `<h1>${words.title}</h1><p>${words.lead}</p>${
      problem === undefined ? '' : `<p class="bad" role="alert">${words[problem]}</p>`
    }<form method="post" action="login"><label for="key">${words.label}</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>${words.button}</button></form>`,
  );
}

export function noKeysPage(locale: Locale): string {
  const words = DOOR_WORDS[locale];
  return page(
    locale,
    words.noKeysTitle,
    `<h1>${words.noKeysTitle}</h1><p>${words.noKeys}</p><p>${words.noKeysHow}</p>
<code>WEB_ACCESS_KEYS=alice:${'a-long-random-key'}</code>`,
  );
}

/** A short text for whoever meets an error; escaped. */
export function errorPage(title: string, text: string): string {
  return page('en', title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`);
}

function page(locale: Locale, title: string, body: string): string {
  return `<!doctype html><html lang="${locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title><link rel="icon" href="favicon.svg"><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
