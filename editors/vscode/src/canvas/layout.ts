/**
 * Where nodes without a place of their own are drawn: dagre lays them out from variables to optimisation. Not ELK: a
 * study has tens of nodes, and ELK alone is larger than the whole bundle may be.
 */
import { Graph, layout } from '@dagrejs/dagre';
import type { CanvasEdge, CanvasNode } from '../shared/protocol';

export const NODE_WIDTH = 190;
export const NODE_HEIGHT = 64;

export interface Place {
  x: number;
  y: number;
}

/** Places as they are in the spec; the others come from the layout of the whole graph, moved clear of those. */
export function placesOf(nodes: CanvasNode[], edges: CanvasEdge[]): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { id, position } of nodes) if (position !== null) places.set(id, position);
  if (places.size === nodes.length) return places;
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 30, ranksep: 90 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id } of nodes) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { source, target } of edges) {
    if (known.has(source) && known.has(target)) graph.setEdge(source, target);
  }
  layout(graph);
  const taken = [...places.values()];
  for (const { id } of nodes) {
    if (places.has(id)) continue;
    const { x = 0, y = 0 } = graph.node(id) as Partial<Place>;
    const place = free({ x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }, taken);
    places.set(id, place);
    taken.push(place);
  }
  return places;
}

/** The first place straight below that covers no other node. */
function free(wanted: Place, taken: Place[]): Place {
  let { y } = wanted;
  const covers = (other: Place): boolean => Math.abs(other.x - wanted.x) < NODE_WIDTH && Math.abs(other.y - y) < NODE_HEIGHT;
  for (let tries = 0; tries <= taken.length && taken.some(covers); tries += 1) y += NODE_HEIGHT + 16;
  return { x: wanted.x, y };
}
