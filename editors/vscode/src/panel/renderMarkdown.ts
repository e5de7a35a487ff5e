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
    // Without this its value would have to be an address, too.
    ADD_URI_SAFE_ATTR: ['start'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  });
}

function highlight(code: string, language: string): string {
  if (code.length > MOST_HIGHLIGHTED || hljs.getLanguage(language) === undefined) return '';
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}
