/** One node: what it is, its name, its problems. */
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import type { JSX } from 'preact';
import type { ShownNode } from '../shared/messages';

export type SpecNodeType = Node<{ shown: ShownNode }, 'spec'>;

const KINDS: Record<string, { word: string; icon: string }> = {
  designVar: { word: 'Variable', icon: 'symbol-variable' },
  extractor: { word: 'Extractor', icon: 'beaker' },
  objective: { word: 'Objective', icon: 'target' },
  constraint: { word: 'Constraint', icon: 'lock' },
  model: { word: 'Model', icon: 'package' },
  solver: { word: 'Solver', icon: 'server-process' },
  optimization: { word: 'Optimisation', icon: 'graph-line' },
  algorithm: { word: 'Optimisation', icon: 'graph-line' },
  surrogate: { word: 'Surrogate', icon: 'hubot' },
};

export function wordOf(kind: string): string {
  return KINDS[kind]?.word ?? kind;
}

export function SpecNode({ data, selected }: NodeProps<SpecNodeType>): JSX.Element {
  const { kind, label, id, problem, messages } = data.shown;
  return (
    <div class={`node ${problem} ${selected ? 'selected' : ''}`} title={messages.join('\n')}>
      <Handle type="target" position={Position.Left} />
      <span class="kind">
        <i class={`codicon codicon-${KINDS[kind]?.icon ?? 'circle-outline'}`} aria-hidden="true" /> {wordOf(kind)}
        {problem === 'none' ? null : <i class={`codicon codicon-${problem} problem`} aria-label={messages.join('. ')} role="img" />}
      </span>
      <span class="label">{label}</span>
      <span class="id">{id}</span>
      <Handle type="source" position={Position.Right} />
    </div>
  );
}
