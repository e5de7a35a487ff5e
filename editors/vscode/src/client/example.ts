/** Copies the example studies that come with the extension to a folder of the user's choice and opens it. */
import * as vscode from 'vscode';

export async function openExample(extension: vscode.Uri): Promise<void> {
  const source = vscode.Uri.joinPath(extension, 'examples');
  const [parent] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: 'Put the Example Here',
      title: 'Where should the folder atomizer-example be made?',
    })) ?? [];
  if (parent === undefined) return;
  const target = vscode.Uri.joinPath(parent, 'atomizer-example');
  if (!(await exists(target))) await vscode.workspace.fs.copy(source, target);
  await vscode.commands.executeCommand('vscode.openFolder', target, { forceNewWindow: false });
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
