/** Says in words what differs between two texts of a spec: `web thickness: max 12 → 14 mm`. */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = Record<string, Json>;

const KINDS: Record<string, string> = {
  design_variables: 'variable',
  extractors: 'extractor',
  objectives: 'objective',
  constraints: 'constraint',
};

/** Keys whose number is in the entry's own units. */
const IN_UNITS = new Set(['bounds.min', 'bounds.max', 'baseline', 'step', 'threshold', 'target']);
const MOST_LINES = 12;
const MOST_CHARACTERS = 60;

export function describeChange(before: string | null, after: string | null): string[] {
  if (before === null) return ['new file'];
  if (after === null) return ['file removed'];
  const from = parse(before);
  const to = parse(after);
  if (!isObject(from) || !isObject(to)) return from === to ? [] : ['not valid JSON'];
  const lines: string[] = [];
  for (const key of keysOf(from, to)) {
    const kind = KINDS[key];
    const was = from[key];
    const is = to[key];
    if (kind !== undefined && Array.isArray(was ?? []) && Array.isArray(is ?? [])) {
      describeEntries(kind, (was ?? []) as Json[], (is ?? []) as Json[], lines);
    } else {
      describeValue(key, '', was, is, undefined, lines);
    }
  }
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES - 1), `and ${lines.length - MOST_LINES + 1} more changes`];
}

function describeEntries(kind: string, before: Json[], after: Json[], lines: string[]): void {
  const old = byId(before);
  const now = byId(after);
  for (const [id, entry] of old) {
    const other = now.get(id);
    if (other === undefined) lines.push(`${kind} removed: ${nameOf(entry, id)}`);
    else describeEntry(entry, other, id, lines);
  }
  for (const [id, entry] of now) {
    if (!old.has(id)) lines.push(`${kind} added: ${nameOf(entry, id)}`);
  }
}

function describeEntry(before: Json, after: Json, id: string, lines: string[]): void {
  if (same(before, after)) return;
  const name = nameOf(before, id);
  if (!isObject(before) || !isObject(after)) {
    lines.push(`${name}: ${show(before)} → ${show(after)}`);
    return;
  }
  if (!same(before['canvas_position'] ?? null, after['canvas_position'] ?? null)) lines.push(`${name}: moved on the canvas`);
  const units = typeof after['units'] === 'string' ? after['units'] : undefined;
  for (const key of keysOf(before, after)) {
    if (key !== 'canvas_position') describeValue(name, key, before[key], after[key], units, lines);
  }
}

function describeValue(
  name: string,
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  units: string | undefined,
  lines: string[],
): void {
  if (same(before ?? null, after ?? null) && (before === undefined) === (after === undefined)) return;
  if (isObject(before) && isObject(after)) {
    for (const key of keysOf(before, after)) {
      describeValue(name, path === '' ? key : `${path}.${key}`, before[key], after[key], units, lines);
    }
    return;
  }
  const what = path.replace(/^bounds\./, '').replaceAll('.', ' ').replaceAll('_', ' ');
  const unit = units !== undefined && IN_UNITS.has(path) ? ` ${units}` : '';
  const prefix = what === '' ? name : `${name}: ${what}`;
  if (before === undefined) lines.push(`${prefix} added: ${show(after)}${unit}`);
  else if (after === undefined) lines.push(`${prefix} removed (was ${show(before)}${unit})`);
  else lines.push(`${prefix} ${show(before)} → ${show(after)}${unit}`);
}

function byId(entries: Json[]): Map<string, Json> {
  const map = new Map<string, Json>();
  for (const [index, entry] of entries.entries()) {
    const id = isObject(entry) && typeof entry['id'] === 'string' ? entry['id'] : `entry ${index + 1}`;
    map.set(map.has(id) ? `${id} (${index + 1})` : id, entry);
  }
  return map;
}

function nameOf(entry: Json, id: string): string {
  return isObject(entry) && typeof entry['name'] === 'string' && entry['name'] !== '' ? entry['name'] : id;
}

function show(value: Json | undefined): string {
  const text = typeof value === 'string' ? value : value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
}

function same(a: Json, b: Json): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]): [string, Json] => [key, sorted(inner)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function keysOf(a: JsonObject, b: JsonObject): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as Json;
  } catch {
    return undefined;
  }
}
