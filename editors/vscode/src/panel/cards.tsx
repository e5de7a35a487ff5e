/** The cards of a turn: a tool, a question, a change of a spec, a conflict, a canvas modification, an error. */
import type { JSX } from 'preact';
import { toolSubject } from '../shared/conversationText';
import type { Change, Offer, PanelCommand } from '../shared/messages';
import type { CanvasModification, Conflict, Introduced, PermissionQuestion, SpecUpdate, TurnError } from '../shared/protocol';
import { Button, Icon } from './elements';
import { post } from './host';
import { AS_SET, type Decision, type Part, type Turn } from './turn';
import { ToolInput } from './ToolInput';

type ToolPart = Extract<Part, { kind: 'tool' }>;
type PermissionPart = Extract<Part, { kind: 'permission' }>;
type CanvasPart = Extract<Part, { kind: 'canvas' }>;

const TOOL_STATES: Record<ToolPart['state'], { icon: string; word: string }> = {
  running: { icon: 'loading', word: 'running' },
  done: { icon: 'check', word: 'done' },
  failed: { icon: 'error', word: 'failed' },
  cut: { icon: 'circle-slash', word: 'not finished' },
};

export function ToolCard({ part }: { part: ToolPart }): JSX.Element {
  const { icon, word } = TOOL_STATES[part.state];
  const subject = toolSubject(part.input);
  const file = fileOf(part.input);
  return (
    <details class={`card tool ${part.state}`}>
      <summary>
        <Icon name={icon} spin={part.state === 'running'} />
        <span class="name">{part.name}</span>
        <span class="subject">{subject}</span>
        <span class="state">{word}</span>
      </summary>
      {file === null ? null : <p><button type="button" class="link" onClick={() => post({ type: 'openFile', path: file })}>Open {file}</button></p>}
      <ToolInput name={part.name} input={part.input} />
      {part.summary === '' ? null : <pre class="code result" tabIndex={0} role="region" aria-label="Result">{part.summary}</pre>}
    </details>
  );
}

function fileOf(input: unknown): string | null {
  const path: unknown = typeof input === 'object' && input !== null && 'file_path' in input ? input.file_path : null;
  return typeof path === 'string' && path !== '' ? path : null;
}

const DECISIONS: Record<Exclude<Decision, 'asked'>, string> = {
  allowed: 'Allowed',
  denied: 'Denied',
  withdrawn: 'No longer asked',
};

interface PermissionProperties {
  part: PermissionPart;
  onAnswer: (requestId: string, decision: Decision) => void;
}

export function PermissionCard({ part, onAnswer }: PermissionProperties): JSX.Element {
  const answer = (behavior: 'allow' | 'deny', scope: 'once' | 'session'): void => {
    post({ type: 'permission', requestId: part.requestId, behavior, scope });
    onAnswer(part.requestId, behavior === 'allow' ? 'allowed' : 'denied');
  };
  const subject = toolSubject(part.input);
  if (part.decision !== 'asked') {
    return (
      <details class="card permission answered">
        <summary>
          <Icon name={part.decision === 'allowed' ? 'pass' : 'circle-slash'} />
          <span class="name">{DECISIONS[part.decision]}: {part.toolName}</span>
          <span class="subject">{part.reason === '' ? subject : part.reason}</span>
        </summary>
        <ToolInput name={part.toolName} input={part.input} />
      </details>
    );
  }
  return (
    <section class="card permission" aria-label={`Claude asks to use ${part.toolName}`}>
      <p class="head">
        <Icon name="question" /> Claude asks to use <strong>{part.toolName}</strong>
        {subject === '' || part.toolName === 'Bash' ? null : <> on <code>{subject}</code></>}
      </p>
      {part.description === '' || part.description === subject ? null : <p>{part.description}</p>}
      <ToolInput name={part.toolName} input={part.input} />
      <div class="actions">
        <Button onClick={() => answer('allow', 'once')}>Allow</Button>
        <Button secondary onClick={() => answer('allow', 'session')}>Allow for this session</Button>
        <Button secondary onClick={() => answer('deny', 'once')}>Deny</Button>
      </div>
    </section>
  );
}

/** A question that belongs to no turn in sight, as a part of its own. */
export function partOf({ requestId, toolName, input, description = '' }: PermissionQuestion): PermissionPart {
  return { kind: 'permission', requestId, toolName, input, description, decision: 'asked', reason: '' };
}

const APPLIED: Partial<Record<SpecUpdate['applied'], string>> = {
  conflict: 'Merged with your changes, but for the conflicts below.',
  rejected: 'The editor would not take the change; the file has it.',
  invalid: 'The file is not valid JSON; nothing was merged.',
};

interface ChangesProperties {
  turn: Turn;
  running: boolean;
  fixIntroduced: Offer;
}

export function ChangeCards({ turn, running, fixIntroduced }: ChangesProperties): JSX.Element {
  return (
    <>
      {turn.changes.map((change) => (
        <ChangeCard
          key={change.uri}
          turn={turn}
          change={change}
          update={turn.specUpdates.findLast(({ uri }) => uri === change.uri) ?? null}
          introduced={turn.introduced.filter(({ uri }) => uri === change.uri)}
          running={running}
          fixIntroduced={fixIntroduced}
        />
      ))}
      {turn.specUpdates
        .filter(({ applied, uri }) => applied === 'invalid' && !turn.changes.some((change) => change.uri === uri))
        .map(({ uri }) => (
          <section key={uri} class="card change" aria-label="Change of a spec">
            <p class="head"><Icon name="warning" /> {APPLIED.invalid}</p>
          </section>
        ))}
    </>
  );
}

interface ChangeProperties extends ChangesProperties {
  change: Change;
  update: SpecUpdate | null;
  introduced: Introduced[];
}

function ChangeCard({ turn, change, update, introduced, running, fixIntroduced }: ChangeProperties): JSX.Element {
  const turnId = turn.turnId ?? '';
  const note = update === null ? undefined : APPLIED[update.applied];
  const offered = introduced.length > 0 && fixIntroduced === 'ask' && turn.reverted === null;
  const fix = (): void => {
    const list = introduced.map(({ code, pointer, message }) => `- ${code} at ${pointer}: ${message}`);
    post({ type: 'send', text: `Your change brought errors into ${change.name}. Please fix them, and nothing else:\n${list.join('\n')}` });
  };
  return (
    <section class="card change" aria-label={`Claude changed ${change.name}`}>
      <p class="head"><Icon name="edit" /> Claude changed <strong>{change.name}</strong></p>
      <ul>{change.words.map((words) => <li key={words}>{words}</li>)}</ul>
      {note === undefined ? null : <p class="note"><Icon name="warning" /> {note}</p>}
      {introduced.length === 0 ? null : (
        <div class="problems">
          <p><Icon name="error" /> {fixIntroduced === 'auto' ? 'New problems, which Claude is asked to fix:' : 'New problems:'}</p>
          <ul>{introduced.map(({ code, pointer, message }) => <li key={`${code} ${pointer}`}>{message} ({code})</li>)}</ul>
        </div>
      )}
      <div class="actions">
        <Button secondary onClick={() => post({ type: 'showDiff', turnId, uri: change.uri })}>Show diff</Button>
        <Button secondary disabled={running} onClick={() => post({ type: 'revert', turnId })}>Revert</Button>
        {offered ? <Button disabled={running} onClick={fix}>Let Claude fix</Button> : null}
      </div>
      {turn.reverted === null ? null : <p class={turn.reverted.failed ? 'note failed' : 'note'} role="status">{turn.reverted.message}</p>}
    </section>
  );
}

export function ConflictCard({ conflict }: { conflict: Conflict }): JSX.Element {
  const { conflictId, pointer, base, mine, theirs } = conflict;
  const row = (who: string, value: unknown): JSX.Element => (
    <tr>
      <th scope="row">{who}</th>
      <td><code>{value === undefined || value === null ? 'nothing' : JSON.stringify(value)}</code></td>
    </tr>
  );
  return (
    <section class="card conflict" aria-label={`Conflict at ${pointer}`}>
      <p class="head"><Icon name="git-merge" /> You and Claude both changed <code>{pointer}</code></p>
      <table><tbody>{row('Before', base)}{row('Yours (kept)', mine)}{row("Claude's", theirs)}</tbody></table>
      <div class="actions">
        <Button onClick={() => post({ type: 'resolve', conflictId, take: 'mine' })}>Keep mine</Button>
        <Button secondary onClick={() => post({ type: 'resolve', conflictId, take: 'theirs' })}>Take Claude's</Button>
      </div>
    </section>
  );
}

const NOT_OFFERED: Record<Exclude<Offer, 'ask'>, string> = {
  auto: `Applied when the turn is over${AS_SET}`,
  off: `Left alone${AS_SET}`,
};

export function CanvasCard({ part, turnId, offer }: { part: CanvasPart; turnId: string; offer: Offer }): JSX.Element {
  const apply = (): void => post({ type: 'applyCanvas', turnId, index: part.index });
  return (
    <section class="card canvas" aria-label="Canvas modification">
      <p class="head"><Icon name="type-hierarchy" /> {modificationInWords(part.modification)}</p>
      <details>
        <summary>Details</summary>
        <pre class="code" tabIndex={0} role="region" aria-label="Modification">{JSON.stringify(part.modification, null, 2)}</pre>
      </details>
      {part.outcome === '' && offer === 'ask' ? (
        <div class="actions"><Button onClick={apply}>Apply</Button></div>
      ) : (
        <p class="note" role="status">{part.outcome === '' && offer !== 'ask' ? NOT_OFFERED[offer] : part.outcome}</p>
      )}
    </section>
  );
}

export function modificationInWords(given: CanvasModification): string {
  const modification = given as Record<string, unknown>;
  const word = (key: string): string => (typeof modification[key] === 'string' ? modification[key] : '?');
  const data = modification['data'];
  const named = typeof data === 'object' && data !== null && 'name' in data ? ` ${String(data.name)}` : '';
  switch (given.action) {
    case 'add_node':
      return `Claude offers to add the ${word('nodeType')}${named}`;
    case 'update_node':
      return `Claude offers to change ${word('nodeId')}`;
    case 'remove_node':
      return `Claude offers to remove ${word('nodeId')}`;
    case 'add_edge':
      return `Claude offers to join ${word('source')} to ${word('target')}`;
    case 'remove_edge':
      return `Claude offers to part ${word('source')} from ${word('target')}`;
    case undefined:
    default:
      return 'Claude offers a change of the canvas';
  }
}

const ADVICE: Record<string, { text: string; command: PanelCommand; label: string }> = {
  claudeNotFound: { text: '', command: 'workbench.action.openSettings', label: 'Open Settings' },
  noRoot: { text: 'Open a folder that holds studies/.', command: 'vscode.openFolder', label: 'Open Folder' },
};

export function ErrorCard({ error, onRetry }: { error: TurnError; onRetry: () => void }): JSX.Element {
  const advice = ADVICE[error.kind];
  return (
    <section class="card error" role="alert">
      <p class="head"><Icon name="error" /> {error.message}</p>
      {advice === undefined || advice.text === '' ? null : <p>{advice.text}</p>}
      <div class="actions">
        <Button onClick={onRetry}>Retry</Button>
        {advice === undefined ? null : <Button secondary onClick={() => post({ type: 'command', command: advice.command })}>{advice.label}</Button>}
        <Button secondary onClick={() => post({ type: 'command', command: 'atomizer.showOutput' })}>Show output</Button>
      </div>
    </section>
  );
}
