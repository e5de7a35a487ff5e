/** Which folders have a server, and which of them is meant. */
import * as vscode from 'vscode';
import { Folder, type Shared } from './folder';
import { fileInFront } from './specFocus';

export class Folders implements vscode.Disposable {
  private readonly folders = new Map<string, Folder>();
  private readonly subscriptions: vscode.Disposable[] = [];
  private readonly added = new vscode.EventEmitter<Folder>();
  private readonly changed = new vscode.EventEmitter<void>();
  /** Key of the folder that was last chosen, or had a file in front. */
  private last: string | null = null;
  readonly onDidAdd = this.added.event;
  /** A folder came, went or changed its state, or another one became active. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly shared: Shared) {}

  /** Starts servers for what is open now and for what will be opened. */
  start(): void {
    this.subscriptions.push(
      vscode.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const folder of removed) this.remove(folder);
        for (const folder of added) void this.startIfStudies(folder);
      }),
      vscode.workspace.onDidOpenTextDocument((document) => this.startFor(document)),
      vscode.workspace.onDidChangeConfiguration((event) => {
        for (const folder of this.folders.values()) {
          if (event.affectsConfiguration('atomizer.server.path', folder.folder.uri)) void folder.restart();
        }
      }),
      vscode.window.tabGroups.onDidChangeTabs(() => this.look()),
      vscode.window.tabGroups.onDidChangeTabGroups(() => this.look()),
    );
    for (const folder of vscode.workspace.workspaceFolders ?? []) void this.startIfStudies(folder);
    for (const document of vscode.workspace.textDocuments) this.startFor(document);
  }

  all(): Folder[] {
    return [...this.folders.values()];
  }

  /** The folder that was last chosen by hand or had a file in front, else the first. */
  active(): Folder | null {
    const last = this.last === null ? undefined : this.folders.get(this.last);
    return last ?? this.all()[0] ?? null;
  }

  choose(folder: Folder): void {
    this.last = folder.key;
    this.changed.fire();
  }

  ofUri(uri: vscode.Uri): Folder | null {
    const inside = this.all().filter(({ folder }) => contains(folder.uri, uri));
    // The innermost, where one folder lies in another.
    return inside.sort((a, b) => b.folder.uri.path.length - a.folder.uri.path.length)[0] ?? null;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    for (const folder of this.folders.values()) folder.dispose();
    this.folders.clear();
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map((folder) => folder.stop()));
  }

  private async startIfStudies(folder: vscode.WorkspaceFolder): Promise<void> {
    try {
      const stat = await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder.uri, 'studies'));
      if (stat.type & vscode.FileType.Directory) this.add(folder);
    } catch {
      const found = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, '**/atomizer_spec.json'), undefined, 1);
      if (found.length > 0) this.add(folder);
    }
  }

  private startFor(document: vscode.TextDocument): void {
    if (document.languageId !== 'atomizer-spec' || document.uri.scheme !== 'file') return;
    const folder = vscode.workspace.getWorkspaceFolder(document.uri);
    if (folder !== undefined) this.add(folder);
    else if (this.ofUri(document.uri) === null) this.add(folderOutside(document.uri));
  }

  private add(workspaceFolder: vscode.WorkspaceFolder): void {
    const key = workspaceFolder.uri.toString();
    if (this.folders.has(key)) return;
    const folder = new Folder(workspaceFolder, this.shared);
    this.folders.set(key, folder);
    folder.onDidChange(() => this.changed.fire());
    this.added.fire(folder);
    this.look();
    void folder.start();
  }

  private look(): void {
    const uri = fileInFront();
    const folder = uri === null ? null : this.ofUri(uri);
    if (folder !== null && folder.key !== this.last) this.choose(folder);
  }

  private remove(workspaceFolder: vscode.WorkspaceFolder): void {
    const key = workspaceFolder.uri.toString();
    this.folders.get(key)?.dispose();
    this.folders.delete(key);
    if (this.last === key) this.last = null;
    this.changed.fire();
  }
}

function contains(folder: vscode.Uri, uri: vscode.Uri): boolean {
  return uri.path === folder.path || uri.path.startsWith(`${folder.path}/`);
}

/** A spec from outside the workspace: what holds its `studies/` stands for a folder, else the spec's own folder. */
function folderOutside(spec: vscode.Uri): vscode.WorkspaceFolder {
  const studies = spec.path.lastIndexOf('/studies/');
  const uri = spec.with({ path: studies > 0 ? spec.path.slice(0, studies) : spec.path.slice(0, spec.path.lastIndexOf('/')) });
  return { uri, name: uri.path.split('/').at(-1) ?? uri.path, index: -1 };
}
