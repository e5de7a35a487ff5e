/**
 * Cuts markdown into pieces that are rendered one by one, so that an answer that grows is parsed again only at its end
 * and a long one is drawn only where it is in sight. Cuts lie between blocks; a block of very many lines is cut within,
 * where each part renders as it did in the whole: code between lines, lists between their items, tables between rows.
 */

/** A block is cut within after this many lines. */
const MOST_LINES = 150;
/** Pieces of about so many lines are drawn or left out together. */
const GROUP_LINES = 150;

export interface Piece {
  /** Markdown that stands for itself. */
  text: string;
  /** What was cut out; joined, these are the whole. */
  source: string;
  lines: number;
  /** Goes on with the block of the piece before. */
  continues: boolean;
  /** Its block goes on in the next piece. */
  isCut: boolean;
}

/** The piece that lines are added to. */
interface Open {
  kind: 'plain' | 'list' | 'table' | 'fence';
  source: string;
  /** Put before the source: what opens the block, in a piece that begins within one. */
  opening: string;
  /** In the place of the source's first number, in a piece that begins within an ordered list. */
  number: number | null;
  lines: number;
  continues: boolean;
  /** The fence that is open, also one within a list, which is never cut. */
  fence: string;
  fenceOpening: string;
  tableHead: string;
  listStart: number;
  listItems: number;
  previous: string;
}

const NEW: Open = {
  ...{ kind: 'plain', source: '', opening: '', number: null, lines: 0, continues: false, fence: '', fenceOpening: '' },
  ...{ tableHead: '', listStart: 1, listItems: 0, previous: '' },
};

const FENCE = /^( {0,3})(`{3,}|~{3,})(.*)$/;
const ITEM = /^(?:[-*+]|(\d{1,9})[.)])\s/;
const TABLE_RULE = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** Remembers where it was, for a text that grows. */
export class Splitter {
  private finished: Piece[][] = [];
  private group: Piece[] = [];
  private groupLines = 0;
  private open = { ...NEW };
  private taken = '';

  /** The pieces in groups. Groups that cannot change any more stay the same object. */
  groups(text: string): Piece[][] {
    if (!text.startsWith(this.taken)) this.reset();
    let from = this.taken.length;
    for (let end = text.indexOf('\n', from); end >= 0; end = text.indexOf('\n', from)) {
      addLine(this.open, text.slice(from, end + 1), (piece) => this.add(piece));
      from = end + 1;
    }
    if (from > this.taken.length) this.taken = text.slice(0, from);
    // A line that is not complete may become anything: nothing of what it means is kept.
    const open = { ...this.open };
    const group = [...this.group];
    if (from < text.length) addLine(open, text.slice(from), (piece) => group.push(piece));
    if (open.source !== '') group.push(close(open, false));
    return group.length === 0 ? this.finished : [...this.finished, group];
  }

  private add(piece: Piece): void {
    this.group.push(piece);
    this.groupLines += piece.lines;
    if (this.groupLines < GROUP_LINES) return;
    this.finished = [...this.finished, this.group];
    this.group = [];
    this.groupLines = 0;
  }

  private reset(): void {
    Object.assign(this, { finished: [], group: [], groupLines: 0, open: { ...NEW }, taken: '' });
  }
}

/** Adds a line to the open piece, which is handed on first when the line begins another one. */
function addLine(open: Open, line: string, done: (piece: Piece) => void): void {
  const [, indent = '', marker, info = ''] = FENCE.exec(line.trimEnd()) ?? [];
  if (open.fence !== '') {
    const closes = marker?.startsWith(open.fence) === true && info.trim() === '';
    if (!closes && open.kind === 'fence' && open.lines >= MOST_LINES) goOn(open, done, { opening: open.fenceOpening });
    put(open, line);
    if (closes) Object.assign(open, { fence: '', kind: open.kind === 'fence' ? 'plain' : open.kind });
    return;
  }
  if (marker !== undefined) {
    const own = indent === '';
    if (own) begin(open, done);
    put(open, line);
    Object.assign(open, { fence: marker, fenceOpening: line, kind: own ? 'fence' : open.kind });
    return;
  }
  const item = ITEM.exec(line);
  const isBlank = line.trim() === '';
  const afterBlank = open.previous.trim() === '' && open.source !== '';
  if (afterBlank && /^\S/.test(line) && !(item !== null && open.kind === 'list')) begin(open, done);
  else if (open.lines >= MOST_LINES && !isBlank) cutWithin(open, item, afterBlank, done);
  if (item !== null && open.kind === 'plain') Object.assign(open, { kind: 'list', listStart: Number(item[1] ?? 1), listItems: 0 });
  if (item !== null) open.listItems += 1;
  if (open.kind === 'plain' && open.previous.includes('|') && TABLE_RULE.test(line)) {
    Object.assign(open, { kind: 'table', tableHead: open.previous + line });
  }
  put(open, line);
}

function cutWithin(open: Open, item: RegExpExecArray | null, afterBlank: boolean, done: (piece: Piece) => void): void {
  if (open.kind === 'table') goOn(open, done, { opening: open.tableHead });
  else if (open.kind === 'plain' && !afterBlank) goOn(open, done, {});
  else if (open.kind === 'list' && item !== null) {
    goOn(open, done, { number: item[1] === undefined ? null : open.listStart + open.listItems });
  }
}

function put(open: Open, line: string): void {
  open.source += line;
  open.lines += 1;
  open.previous = line;
}

/** The next piece is a block of its own. */
function begin(open: Open, done: (piece: Piece) => void): void {
  if (open.source !== '') done(close(open, false));
  Object.assign(open, NEW);
}

/** The next piece goes on with the same block. */
function goOn(open: Open, done: (piece: Piece) => void, change: Partial<Open>): void {
  done(close(open, true));
  Object.assign(open, { source: '', opening: '', number: null, lines: 0, continues: true, ...change });
}

function close({ source, opening, number, lines, continues, fence, kind }: Open, isCut: boolean): Piece {
  const numbered = number === null ? source : source.replace(/^\d+/, String(number));
  const closing = isCut && kind === 'fence' ? fence : '';
  return { text: opening + numbered + closing, source, lines, continues, isCut };
}
