import type { Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

const options = { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] };

/** The one Markdown dialect of the system: CommonMark with GitHub's tables, task lists, strikethrough and autolinks. */
export function parseMarkdown(text: string): Root {
  return fromMarkdown(text, options);
}
