/** UTF-16 units. */
const LONG = 32_000;
const LINES = 1500;
/** Marks of quotes and list items at the beginnings of lines, all together. */
const CONTAINERS = 1500;
/** Quotes and list items that begin on one line. */
const NESTED = 8;
/** White space before the first character of a line: what begins there may be many lists deep. */
const INDENT = 32;
const COLUMNS = 100;
/** Inline delimiters of one paragraph; an ordinary one has a few, a long table some hundreds. */
const DELIMITERS = 1000;

/**
 * Whether parsing could take time or stack out of all proportion: the parser is quadratic in lines,
 * in nested containers and in brackets that do not match, so a few kilobytes of them would hold up
 * every chat for seconds, or overflow the stack. Linear in the text.
 */
export function isCostly(text: string): boolean {
  if (text.length > LONG) return true;
  let containers = 0;
  let delimiters = 0;
  const lines = text.split('\n');
  if (lines.length > LINES) return true;
  for (const line of lines) {
    const start = /^[ \t>*+\-\d.)]*/.exec(line)?.[0] ?? '';
    const marks = start.match(/[>*+\-.)]/g)?.length ?? 0;
    // A rule (`----------`) is made of marks too, but they touch; `>` nests even so.
    if (marks >= NESTED && !/^\s*([-*])\1*\s*$/.test(line)) return true;
    if (marks > 0 && line.length - line.trimStart().length >= INDENT) return true;
    if (line.split('|').length > COLUMNS) return true;
    containers += marks;
    if (containers > CONTAINERS) return true;
    if (line.trim() === '') delimiters = 0;
    else delimiters += line.match(/[[\]<*_~&]/g)?.length ?? 0;
    if (delimiters > DELIMITERS) return true;
  }
  return false;
}
