export { parseMarkdown } from './parse.ts';
export { type SplitOptions, splitMarkdown, utf8Length } from './split.ts';
