/** Splits Markdown for the fake messenger: at line ends, then between words, never inside a link. */

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/u;
const ATOM = /\[[^\]\n]*\]\([^)\s]*\)|https?:\/\/\S+|[^\s[]+|\[|\s+/gu;

export function splitLines(
  markdown: string,
  text: { readonly limit: number; readonly unit: 'utf16' | 'utf8' },
): readonly string[] {
  const size = (part: string) =>
    text.unit === 'utf16' ? part.length : new TextEncoder().encode(part).length;
  const parts: string[] = [];
  /** The opening line of the code block that is open, and what closes it. */
  let fence: { open: string; close: string } | undefined;
  let part = '';
  const room = (more: string) => size(part) + size(more) + (fence ? size(fence.close) + 1 : 0) <= text.limit;
  const flush = () => {
    const whole = fence ? `${part.replace(/\n$/u, '')}\n${fence.close}` : part;
    if (whole.trim() !== '' && part !== fence?.open) parts.push(whole.replace(/\s+$/u, ''));
    part = fence ? fence.open : '';
  };
  const add = (piece: string) => {
    if (!room(piece)) flush();
    if (room(piece)) part += piece;
    else
      for (const char of piece) {
        if (!room(char)) flush();
        part += char;
      }
  };
  for (const line of markdown.split(/(?<=\n)/u)) {
    const mark = FENCE.exec(line.replace(/\n$/u, ''));
    if (fence && mark?.[1]?.startsWith(fence.close) && mark[2]?.trim() === '') {
      if (part === fence.open) part = '';
      else part = `${part.replace(/\n?$/u, '\n')}${fence.close}\n`;
      fence = undefined;
    } else if (!fence && mark?.[1]) {
      const opening = { open: line.replace(/\n?$/u, '\n'), close: mark[1] };
      if (size(part) + size(opening.open) + size(opening.close) + 1 >= text.limit) flush();
      part += opening.open;
      fence = opening;
    } else if (room(line)) part += line;
    else {
      if (!fence || part !== fence.open) flush();
      if (room(line)) part += line;
      else for (const atom of line.match(ATOM) ?? []) add(atom);
    }
  }
  flush();
  return parts.length > 0 ? parts : ['\u2026'];
}
