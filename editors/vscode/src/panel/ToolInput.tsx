/** What a tool is given, in full and readable: a command, a diff, a text, else the fields as they are. */
import type { JSX } from 'preact';
import { diffLines } from '../shared/lines';

export function ToolInput({ name, input }: { name: string; input: unknown }): JSX.Element {
  const fields = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const text = (key: string): string | null => (typeof fields[key] === 'string' ? fields[key] : null);
  const command = text('command');
  const [before, after, content] = [text('old_string'), text('new_string'), text('content')];
  if (name === 'Bash' && command !== null) return <Code label="Command" text={command} />;
  if (before !== null && after !== null) return <Diff before={before} after={after} />;
  if (content !== null) return <Diff before="" after={content} />;
  return <Code label="Input" text={JSON.stringify(input, null, 2)} />;
}

function Code({ label, text }: { label: string; text: string }): JSX.Element {
  return (
    <pre class="code" tabIndex={0} role="region" aria-label={label}>
      {text}
    </pre>
  );
}

function Diff({ before, after }: { before: string; after: string }): JSX.Element {
  return (
    <pre class="code diff" tabIndex={0} role="region" aria-label="Change">
      {diffLines(before, after).map(({ sign, text }, index) => (
        <div key={index} class={sign === '+' ? 'added' : sign === '-' ? 'removed' : ''}>
          {`${sign} ${text}`}
        </div>
      ))}
    </pre>
  );
}
