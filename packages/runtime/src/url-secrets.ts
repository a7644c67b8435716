/** The password of a URL (a user name alone may be a token), and what in its query is a key or long enough to be one. */
export function urlSecrets(text: string | undefined): string[] {
  const url = text === undefined ? null : URL.parse(text);
  if (url === null) return [];
  const credential = url.password || url.username;
  const keys = [...url.searchParams].filter(([name, value]) => name === 'password' || value.length >= 16);
  return [credential, decoded(credential), ...keys.map(([, value]) => value)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
