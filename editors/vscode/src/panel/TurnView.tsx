/** One turn: what the user said and all that came of it. */
import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import type { Offer } from '../shared/messages';
import type { Conflict, Usage } from '../shared/protocol';
import { CanvasCard, ChangeCards, ConflictCard, ErrorCard, PermissionCard, ToolCard } from './cards';
import { Button, Icon } from './elements';
import { post } from './host';
import { Markdown } from './Markdown';
import { isRunning, type Decision, type Part, type Turn, type TurnStatus } from './turn';

const ENDINGS: Partial<Record<TurnStatus, string>> = {
  cancelled: 'Stopped',
  timedOut: 'Ran out of time',
  interrupted: 'Interrupted',
};

interface Properties {
  turn: Turn;
  conflicts: Conflict[];
  onAnswer: (requestId: string, decision: Decision) => void;
  fixIntroduced: Offer;
  applyCanvas: Offer;
}

export const TurnView = memo(function TurnView({ turn, conflicts, onAnswer, fixIntroduced, applyCanvas }: Properties): JSX.Element {
  const running = isRunning(turn);
  const ending = ENDINGS[turn.status];
  // What is to be applied without asking, and was not when the turn was over, is left to the user.
  const offer = applyCanvas === 'auto' && !running ? 'ask' : applyCanvas;
  const resumable = turn.status === 'interrupted' || turn.status === 'timedOut';
  return (
    <article class="turn" aria-busy={running}>
      {turn.message === '' ? null : (
        <div class="said">
          <h2 class="hidden">You said</h2>
          <p>{turn.message}</p>
        </div>
      )}
      <div class="answer">
        <h2 class="hidden">Claude said</h2>
        {turn.parts.map((part, index) => (
          <PartView key={index} part={part} last={running && index === turn.parts.length - 1} turnId={turn.turnId ?? ''} onAnswer={onAnswer} applyCanvas={offer} />
        ))}
        <ChangeCards turn={turn} running={running} fixIntroduced={fixIntroduced} />
        {conflicts.map((conflict) => <ConflictCard key={conflict.conflictId} conflict={conflict} />)}
        {running ? <Progress turn={turn} /> : null}
        {turn.error === null || running ? null : <ErrorCard error={turn.error} onRetry={() => post({ type: 'send', text: turn.message })} />}
        {ending === undefined ? null : (
          <div class="ending">
            <span><Icon name="debug-pause" /> {ending}</span>
            {resumable ? <Button secondary onClick={() => post({ type: 'send', text: 'Please go on where you were interrupted.' })}>Continue</Button> : null}
          </div>
        )}
        {turn.usage === null ? null : <p class="usage">{usageInWords(turn.usage)}</p>}
      </div>
    </article>
  );
});

interface PartProperties {
  part: Part;
  last: boolean;
  turnId: string;
  onAnswer: Properties['onAnswer'];
  applyCanvas: Offer;
}

const PartView = memo(function PartView({ part, last, turnId, onAnswer, applyCanvas }: PartProperties): JSX.Element {
  switch (part.kind) {
    case 'text':
      return <Markdown text={part.text} growing={last} />;
    case 'thinking':
      return (
        <details class="card thinking">
          <summary><Icon name="lightbulb" /> <span class="name">{last ? 'Thinking…' : 'Thought'}</span></summary>
          <Markdown text={part.text} growing={last} />
        </details>
      );
    case 'tool':
      return <ToolCard part={part} />;
    case 'permission':
      return <PermissionCard part={part} onAnswer={onAnswer} />;
    case 'canvas':
      return <CanvasCard part={part} turnId={turnId} offer={applyCanvas} />;
  }
});

function Progress({ turn }: { turn: Turn }): JSX.Element | null {
  const asks = turn.parts.some((part) => part.kind === 'permission' && part.decision === 'asked');
  if (asks) return null;
  return <p class="progress"><Icon name="loading" spin /> {progressInWords(turn)}</p>;
}

export function progressInWords(turn: Turn): string {
  if (turn.retrying !== null) {
    const { attempt, maxAttempts, message } = turn.retrying;
    return `The API is in trouble (${message}); asking again, ${attempt} of ${maxAttempts}`;
  }
  if (turn.queuePosition !== null) return `Waiting for other turns to end, ${turn.queuePosition} in line`;
  const tool = turn.parts.findLast((part) => part.kind === 'tool' && part.state === 'running');
  return tool?.kind === 'tool' ? `Claude uses ${tool.name}` : 'Claude is working';
}

export function usageInWords({ inputTokens, outputTokens, costUsd, durationMs }: Usage): string {
  const seconds = durationMs / 1000;
  const time = seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  const tokens = `${inputTokens.toLocaleString('en')} tokens in, ${outputTokens.toLocaleString('en')} out`;
  return [time, tokens, ...(costUsd === undefined ? [] : [`$${costUsd.toFixed(costUsd < 0.1 ? 4 : 2)}`])].join(' · ');
}
