import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api, cleanUp, disk, open, replaceInEditor, specUri, until } from './support';

const problems = (uri: vscode.Uri): vscode.Diagnostic[] => vscode.languages.getDiagnostics(uri);
const codeOf = ({ code }: vscode.Diagnostic): unknown => (typeof code === 'object' ? code.value : code);
const seen = vscode.languages.onDidChangeDiagnostics;

describe('a spec in the editor', () => {
  const texts = new Map<vscode.Uri, string>();

  before(async () => {
    await api();
    texts.set(specUri(), await disk());
  });
  afterEach(async () => await cleanUp(texts));

  it('is a language of its own, so that nothing is reported twice', async () => {
    const { document } = await open();
    assert.equal(document.languageId, 'atomizer-spec');
  });

  it('shows its problems once, by their code', async () => {
    const editor = await open();
    const { uri } = editor.document;
    await replaceInEditor(editor, '"max": 12.0', '"max": 1.0');
    await until('the inverted bounds are reported', () => problems(uri).some((it) => codeOf(it) === 'bounds-inverted'), seen);
    const inverted = problems(uri).filter((it) => codeOf(it) === 'bounds-inverted');
    assert.equal(inverted.length, 1);
  });

  it('takes a problem back when it is gone', async () => {
    const editor = await open();
    const { uri } = editor.document;
    await replaceInEditor(editor, '"max": 12.0', '"max": 1.0');
    await until('it is reported', () => problems(uri).some((it) => codeOf(it) === 'bounds-inverted'), seen);
    await vscode.commands.executeCommand('undo');
    await until('it is gone', () => !problems(uri).some((it) => codeOf(it) === 'bounds-inverted'), seen);
  });

  it('offers the fix of a problem', async () => {
    const editor = await open();
    const { uri } = editor.document;
    await replaceInEditor(editor, '"max": 12.0', '"max": 1.0');
    await until('it is reported', () => problems(uri).some((it) => codeOf(it) === 'bounds-inverted'), seen);
    const range = problems(uri).find((it) => codeOf(it) === 'bounds-inverted')?.range;
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, range);
    const fix = actions.find((action) => action.edit !== undefined && action.kind?.value.startsWith('quickfix') === true);
    assert.ok(fix?.edit !== undefined, actions.map(({ title }) => title).join());
    await vscode.workspace.applyEdit(fix.edit);
    await until('the problem is gone', () => !problems(uri).some((it) => codeOf(it) === 'bounds-inverted'), seen);
  });

  it('completes the ids of extractors', async () => {
    const { document } = await open();
    const at = document.getText().indexOf('"extractor_id": "') + '"extractor_id": "'.length;
    const list = await vscode.commands.executeCommand<vscode.CompletionList>('vscode.executeCompletionItemProvider', document.uri, document.positionAt(at));
    const labels = list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    assert.ok(labels.some((label) => label.includes('ext_001')), labels.join());
  });

  it('renames an id with everything that refers to it', async () => {
    const { document } = await open();
    const at = document.getText().indexOf('"id": "ext_001"') + '"id": "e'.length;
    const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit>('vscode.executeDocumentRenameProvider', document.uri, document.positionAt(at), 'ext_077');
    const count = document.getText().split('"ext_001"').length - 1;
    assert.equal(edit.get(document.uri).length, count);
  });
});
