/** The study as a graph. Places, joins and nodes are changed by asking the extension; the text is the truth. */
import {
  applyNodeChanges,
  Background,
  Controls,
  ReactFlow,
  type Connection,
  type Edge,
  type NodeChange,
  type OnSelectionChangeParams,
} from '@xyflow/react';
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { ToCanvas } from '../shared/messages';
import type { CanvasEdge, CanvasModification } from '../shared/protocol';
import { post } from './host';
import { NODE_HEIGHT, NODE_WIDTH, placesOf } from './layout';
import { SpecNode, wordOf, type SpecNodeType } from './SpecNode';

const NODE_TYPES = { spec: SpecNode };
const ADDABLE = ['designVar', 'extractor', 'objective', 'constraint'];
/** A drag by the keyboard ends when no key has moved the node for this long. */
const SETTLED_MS = 400;

export function Canvas(): JSX.Element {
  const [nodes, setNodes] = useState<SpecNodeType[]>([]);
  const [edges, setEdges] = useState<Edge[]>([]);
  const [message, setMessage] = useState('');
  const settling = useRef<ReturnType<typeof setTimeout> | null>(null);
  const moved = useRef(new Map<string, { x: number; y: number }>());

  useEffect(() => {
    const onMessage = (event: MessageEvent<ToCanvas>): void => {
      const told = event.data;
      if (told.type !== 'graph') return setMessage(told.message);
      setMessage('');
      const places = placesOf(told.nodes, told.edges);
      setNodes((former) => {
        const known = new Map(former.map((node) => [node.id, node]));
        return told.nodes.map((shown) => {
          const before = known.get(shown.id);
          const position = moved.current.get(shown.id) ?? places.get(shown.id) ?? { x: 0, y: 0 };
          const ariaLabel = [wordOf(shown.kind), shown.label, shown.id, ...shown.messages].join(', ');
          return { ...before, id: shown.id, type: 'spec' as const, position, data: { shown }, ariaLabel, width: NODE_WIDTH, height: NODE_HEIGHT };
        });
      });
      setEdges(told.edges.map(toEdge));
    };
    window.addEventListener('message', onMessage);
    post({ type: 'ready' });
    return () => window.removeEventListener('message', onMessage);
  }, []);

  const writeMoves = useCallback(() => {
    settling.current = null;
    const moves = [...moved.current].map(([id, { x, y }]) => ({ id, x, y }));
    moved.current.clear();
    if (moves.length > 0) post({ type: 'move', moves });
  }, []);

  const onNodesChange = useCallback((changes: NodeChange<SpecNodeType>[]) => {
    setNodes((current) => applyNodeChanges(changes, current));
    for (const change of changes) {
      if (change.type !== 'position' || change.position === undefined) continue;
      moved.current.set(change.id, change.position);
      if (settling.current !== null) clearTimeout(settling.current);
      // While the mouse drags nothing is written; the last change of a drag says so.
      settling.current = change.dragging === true ? null : setTimeout(writeMoves, SETTLED_MS);
    }
  }, [writeMoves]);

  const onSelectionChange = useCallback(({ nodes: selected }: OnSelectionChangeParams) => {
    post({ type: 'select', nodes: selected.map(({ id }) => id) });
  }, []);
  const onConnect = useCallback(({ source, target }: Connection) => apply({ action: 'add_edge', source, target }), []);

  return (
    <div class="canvas">
      <Toolbar />
      {message === '' ? null : <p class="message" role="alert">{message}</p>}
      <div class="flow">
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          onNodesChange={onNodesChange}
          onSelectionChange={onSelectionChange}
          onConnect={onConnect}
          onNodeClick={(_event, node) => post({ type: 'reveal', id: node.id })}
          onDelete={({ nodes: gone, edges: parted }) => remove(gone.map(({ id }) => id), parted)}
          deleteKeyCode={['Delete', 'Backspace']}
          proOptions={{ hideAttribution: true }}
          minZoom={0.1}
          fitView
          aria-label="Study as a graph"
        >
          <Background />
          <Controls showInteractive={false} />
        </ReactFlow>
      </div>
    </div>
  );
}

function Toolbar(): JSX.Element {
  return (
    <div class="toolbar" role="toolbar" aria-label="Add">
      {ADDABLE.map((kind) => (
        <button key={kind} type="button" onClick={() => apply({ action: 'add_node', nodeType: kind, data: {} })}>
          <i class="codicon codicon-add" aria-hidden="true" /> {wordOf(kind)}
        </button>
      ))}
    </div>
  );
}

function apply(...modifications: CanvasModification[]): void {
  post({ type: 'apply', modifications });
}

/** A node takes its edges with it; only edges between nodes that stay are removed on their own. */
function remove(ids: string[], edges: Edge[]): void {
  const gone = new Set(ids);
  const parted = edges.filter(({ source, target }) => !gone.has(source) && !gone.has(target));
  apply(
    ...ids.map((nodeId) => ({ action: 'remove_node', nodeId })),
    ...parted.map(({ source, target }) => ({ action: 'remove_edge', source, target })),
  );
}

function toEdge({ source, target }: CanvasEdge): Edge {
  return { id: `${source}→${target}`, source, target, ariaLabel: `${source} to ${target}` };
}
