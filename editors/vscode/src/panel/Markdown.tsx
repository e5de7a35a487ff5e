/** Markdown that may still be growing: pieces that stand are parsed once. */
import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useMemo, useRef } from 'preact/hooks';
import { post } from './host';
import { renderMarkdown } from './renderMarkdown';
import { Splitter, type Piece } from './splitMarkdown';
import { Virtual } from './Virtual';

/** Height of a line before it has been drawn, in pixels; about right is enough. */
const LINE_PX = 20;

const Block = memo(function Block({ text, continues, isCut }: { text: string; continues: boolean; isCut: boolean }): JSX.Element {
  const html = useMemo(() => renderMarkdown(text), [text]);
  const classes = `block${continues ? ' continues' : ''}${isCut ? ' cut' : ''}`;
  // The HTML is sanitised in renderMarkdown.
  return <div class={classes} dangerouslySetInnerHTML={{ __html: html }} />;
});

const Group = memo(function Group({ pieces }: { pieces: Piece[] }): JSX.Element {
  return <>{pieces.map(({ text, continues, isCut }, index) => <Block key={index} text={text} continues={continues} isCut={isCut} />)}</>;
});

export function Markdown({ text, growing }: { text: string; growing: boolean }): JSX.Element {
  const splitter = useRef<Splitter | null>(null);
  splitter.current ??= new Splitter();
  const groups = splitter.current.groups(text);
  const [only] = groups;
  if (groups.length <= 1) return <div class="markdown" onClick={followLink}>{only === undefined ? null : <Group pieces={only} />}</div>;
  return (
    <div class="markdown" onClick={followLink}>
      {groups.map((pieces, index) => {
        const last = index === groups.length - 1;
        return (
          <Virtual key={index} keep={growing && last} initially={last} guess={LINE_PX * pieces.reduce((sum, { lines }) => sum + lines, 0)}>
            <Group pieces={pieces} />
          </Virtual>
        );
      })}
    </div>
  );
}

/** Links leave the panel through the extension, which looks at them. */
function followLink(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null) return;
  event.preventDefault();
  post({ type: 'openLink', href: link.href });
}
