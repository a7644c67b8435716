/** A text that shows as it is, whatever characters it has, in one line. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_[\]#|<>~&]/g, '\\$&')
    .replace(/^(\d*)([-+.)])/, '$1\\$2');
}

/** What may stand between two backticks: one line that cannot end them. */
export function insideCode(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('`', "'");
}

/** At most `limit` UTF-16 units, the last of them an ellipsis where something was cut; no character is halved. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text.toWellFormed();
  const end = /[\ud800-\udbff]$/.test(text.slice(0, limit - 1)) ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…`.toWellFormed();
}
