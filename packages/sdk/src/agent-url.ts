/** Where an agent's contexts are: `{base_url}/v1/agent_ws/{platformChatId}/`. */

const CONTEXT_PATH = /\/v1\/agent_ws(\/[^/]*)?$/;
const SCHEMES: Record<string, string> = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' };

/**
 * The WebSocket URL of one context. `baseUrl` is http(s) or ws(s), with or without a trailing slash,
 * with a path prefix, or already ending in `/v1/agent_ws/<any id>/`. A user name and password in it
 * are left out here (`basicAuth` has them); a query is kept. Throws a `TypeError` that says what is
 * wrong and never repeats a secret.
 */
export function agentUrl(baseUrl: string, platformChatId: string): string {
  const url = parse(baseUrl);
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) throw nonsense(baseUrl, 'it must begin with http://, https://, ws:// or wss://');
  const prefix = trimSlashes(url.pathname).replace(CONTEXT_PATH, '');
  return `${scheme}//${url.host}${trimSlashes(prefix)}/v1/agent_ws/${platformChatId}/${url.search}`;
}

/** The `Authorization` header for a user name and password in the URL. */
export function basicAuth(baseUrl: string): string | undefined {
  const { username, password } = parse(baseUrl);
  if (username === '' && password === '') return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** An agent's URL as it may be logged: a query may carry a key, so only its presence is shown. */
export function publicUrl(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : `${url.slice(0, query)}?…`;
}

function parse(baseUrl: string): URL {
  const url = URL.parse(baseUrl.trim());
  if (url === null) throw nonsense(baseUrl, 'it is not a URL');
  if (url.host === '') throw nonsense(baseUrl, 'it names no host');
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw nonsense(baseUrl, 'its user name or password is not percent-encoded correctly');
  }
  return url;
}

function trimSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}

function nonsense(baseUrl: string, why: string): TypeError {
  const shown = baseUrl
    .replace(/[?#][\s\S]*$/, '')
    .replace(/^[\s\S]*@/, '***@')
    .slice(0, 200);
  return new TypeError(
    `The agent's address "${shown}" cannot be used: ${why}. Example: http://127.0.0.1:7000/`,
  );
}
