// The icons of @vscode/codicons that the extension uses, as a font and style sheet of a tenth of the size.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import subsetFont from 'subset-font';

const from = 'node_modules/@vscode/codicons/dist';
const ICON = /^\.codicon-([a-z0-9-]+):before \{ content: "\\([0-9a-f]+)" \}$/gm;
const NAME = /(?:['"`]|codicon-)([a-z][a-z0-9-]*)/g;

export async function writeIcons(sources, to) {
  const style = await readFile(path.join(from, 'codicon.css'), 'utf8');
  const used = await namesIn(sources);
  let characters = '';
  const kept = style.replace(ICON, (rule, name, code) => {
    if (!used.has(name)) return '';
    characters += String.fromCodePoint(Number.parseInt(code, 16));
    return rule;
  });
  if (characters === '') throw new Error('@vscode/codicons has a style sheet of another form: no icon was found in it.');
  const font = await subsetFont(await readFile(path.join(from, 'codicon.ttf')), characters, { targetFormat: 'truetype' });
  await writeFile(path.join(to, 'codicon.css'), kept.replace(/\n{2,}/g, '\n'));
  await writeFile(path.join(to, 'codicon.ttf'), font);
}

/** Words in the sources that may be names of icons; a few more than are do no harm. */
async function namesIn(folder) {
  const names = new Set();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(path.join(entry.parentPath, entry.name), 'utf8');
    for (const [, name] of text.matchAll(NAME)) names.add(name);
  }
  return names;
}
