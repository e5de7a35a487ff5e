/** Markdown that may still be growing: pieces that stand are parsed once. */
import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useMemo } from 'preact/hooks';
import { post } from './host';
import { renderMarkdown, splitBlocks } from './renderMarkdown';
import { Virtual } from './Virtual';

/** Blocks drawn or left out together. */
const CHUNK = 25;

const Block = memo(function Block({ text }: { text: string }): JSX.Element {
  const html = useMemo(() => renderMarkdown(text), [text]);
  // The HTML is sanitised in renderMarkdown.
  return <div class="block" dangerouslySetInnerHTML={{ __html: html }} />;
});

export function Markdown({ text, growing }: { text: string; growing: boolean }): JSX.Element {
  const blocks = useMemo(() => splitBlocks(text), [text]);
  if (blocks.length <= CHUNK) return <div class="markdown" onClick={followLink}>{drawn(blocks, 0)}</div>;
  const chunks = [];
  for (let from = 0; from < blocks.length; from += CHUNK) {
    const last = from + CHUNK >= blocks.length;
    chunks.push(
      <Virtual key={from} keep={growing && last} initially={last}>
        {drawn(blocks.slice(from, from + CHUNK), from)}
      </Virtual>,
    );
  }
  return <div class="markdown" onClick={followLink}>{chunks}</div>;
}

function drawn(blocks: string[], from: number): JSX.Element[] {
  return blocks.map((block, index) => <Block key={from + index} text={block} />);
}

/** Links leave the panel through the extension, which looks at them. */
function followLink(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null) return;
  event.preventDefault();
  post({ type: 'openLink', href: link.href });
}
