/** Markdown as words to be spoken, roughly: marks out, long code out. */
const SPOKEN = 1000;

export function plainWords(markdown: string): string {
  return markdown
    .slice(0, SPOKEN * 4)
    .replace(/^ {0,3}(`{3,}|~{3,})[\s\S]*?(^ {0,3}\1|$(?![\s\S]))/gm, ' ')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`#>|~]+|^\s*[-+]\s|-{3,}/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, SPOKEN);
}
