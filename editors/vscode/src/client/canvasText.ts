/** Where the canvas and the text of a spec meet: nodes by id, their places, their problems. Knows no VS Code. */
import { findNodeAtLocation, getLocation, modify, parseTree, type Edit, type Node } from 'jsonc-parser';
import type { ShownNode } from '../shared/messages';
import type { CanvasNode } from '../shared/protocol';

const LISTS = ['design_variables', 'extractors', 'objectives', 'constraints'];
/** The fixed nodes and where the text speaks of them. */
const FIXED: Record<string, string[]> = {
  model: ['model'],
  solver: ['model', 'sim'],
  optimization: ['optimization'],
  surrogate: ['optimization', 'surrogate'],
};

export interface Problem {
  offset: number;
  error: boolean;
  warning: boolean;
  message: string;
}

/** Where an entry or a fixed node begins in the text; null when it is not there. */
export function offsetOf(text: string, id: string): number | null {
  const root = parseTree(text);
  if (root === undefined) return null;
  return placeOf(root, id)?.node.offset ?? null;
}

/** Each node with its worst problem. */
export function colourNodes(text: string, nodes: CanvasNode[], problems: Problem[]): ShownNode[] {
  const root = parseTree(text);
  const byId = new Map<string, Problem[]>();
  for (const problem of problems) {
    const id = root === undefined ? null : idAt(text, root, problem.offset);
    if (id !== null) byId.set(id, [...(byId.get(id) ?? []), problem]);
  }
  return nodes.map((node) => {
    const found = byId.get(node.id) ?? [];
    const problem = found.some(({ error }) => error) ? 'error' : found.some(({ warning }) => warning) ? 'warning' : 'none';
    return { ...node, problem, messages: found.map(({ message }) => message) };
  });
}

/** The edits that write new places into `canvas_position`. Nodes that the format gives no place are left out. */
export function moveEdits(text: string, moves: { id: string; x: number; y: number }[]): Edit[] {
  const root = parseTree(text);
  if (root === undefined) return [];
  const formattingOptions = indentation(text);
  return moves.flatMap(({ id, x, y }) => {
    const place = placeOf(root, id);
    if (place === null || (id in FIXED && id !== 'optimization')) return [];
    const path = [...place.path, 'canvas_position'];
    const numbers = ['x', 'y'].map((axis) => findNodeAtLocation(root, [...path, axis]));
    // Edits of one object must not overlap, as two added keys would.
    if (numbers.includes(undefined)) return modify(text, path, { x: Math.round(x), y: Math.round(y) }, { formattingOptions });
    return [
      ...modify(text, [...path, 'x'], Math.round(x), { formattingOptions }),
      ...modify(text, [...path, 'y'], Math.round(y), { formattingOptions }),
    ];
  });
}

function placeOf(root: Node, id: string): { node: Node; path: (string | number)[] } | null {
  const fixed = FIXED[id];
  if (fixed !== undefined) {
    const node = findNodeAtLocation(root, fixed);
    return node === undefined ? null : { node, path: fixed };
  }
  for (const list of LISTS) {
    for (const [index, entry] of (findNodeAtLocation(root, [list])?.children ?? []).entries()) {
      const found: unknown = findNodeAtLocation(entry, ['id'])?.value;
      if (found === id) return { node: entry, path: [list, index] };
    }
  }
  return null;
}

function idAt(text: string, root: Node, offset: number): string | null {
  const [first, second] = getLocation(text, offset).path;
  if (typeof first === 'string' && LISTS.includes(first) && typeof second === 'number') {
    const id: unknown = findNodeAtLocation(root, [first, second, 'id'])?.value;
    return typeof id === 'string' ? id : null;
  }
  if (first === 'model') return second === 'sim' ? 'solver' : 'model';
  if (first === 'optimization') return second === 'surrogate' ? 'surrogate' : 'optimization';
  return null;
}

function indentation(text: string): { insertSpaces: boolean; tabSize: number; eol: string } {
  const found = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  return { insertSpaces: !found.startsWith('\t'), tabSize: found.startsWith('\t') ? 4 : found.length, eol: text.includes('\r\n') ? '\r\n' : '\n' };
}
