/** Claude's markdown as safe HTML. Raw HTML is shown as text; images are links; code is highlighted. */
import DOMPurify from 'dompurify';
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import diff from 'highlight.js/lib/languages/diff';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import yaml from 'highlight.js/lib/languages/yaml';
import MarkdownIt from 'markdown-it';

hljs.registerLanguage('bash', bash);
hljs.registerAliases(['sh', 'shell', 'zsh', 'console'], { languageName: 'bash' });
hljs.registerLanguage('diff', diff);
hljs.registerLanguage('json', json);
hljs.registerAliases(['jsonc', 'json5'], { languageName: 'json' });
hljs.registerLanguage('python', python);
hljs.registerLanguage('yaml', yaml);

/** Above this a block of code is shown plainly: highlighting must never hold up typing. */
const MOST_HIGHLIGHTED = 40_000;

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: false, highlight });
markdown.disable('image');

/** Made once, when first needed: the purifier wants a window. */
let purify: typeof DOMPurify | null = null;

export function renderMarkdown(text: string): string {
  purify ??= DOMPurify(window);
  return purify.sanitize(markdown.render(text), {
    ALLOWED_TAGS: [
      ...['a', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'li', 'ol', 'p', 'pre', 's'],
      ...['span', 'strong', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul'],
    ],
    ALLOWED_ATTR: ['href', 'title', 'class', 'start'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  });
}

/**
 * Cuts a text between top-level blocks, so that a long answer that grows is parsed again only at its end.
 * Joined, the pieces are the text.
 */
export function splitBlocks(text: string): string[] {
  const blocks: string[] = [];
  let start = 0;
  let fence: string | null = null;
  let blank = false;
  let offset = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const marker = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    // Indented lines go on with a list; a block begins only at the margin.
    if (fence === null && blank && offset > start && /^[^\s]/.test(line) && !/^(?:[-*+]|\d+[.)])\s/.test(line)) {
      blocks.push(text.slice(start, offset));
      start = offset;
    }
    if (marker !== undefined) {
      if (fence === null) fence = marker;
      else if (marker.startsWith(fence) && line.trim() === marker) fence = null;
    }
    blank = line.trim() === '';
    offset += line.length;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks;
}

function highlight(code: string, language: string): string {
  if (code.length > MOST_HIGHLIGHTED || hljs.getLanguage(language) === undefined) return '';
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}
