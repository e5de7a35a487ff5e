/** Lets the user choose one of a folder's studies. */
import * as vscode from 'vscode';
import type { Study } from '../shared/protocol';
import type { Folder } from './folder';

/** Undefined when nothing was chosen. */
export async function pickStudy(folder: Folder, placeHolder: string): Promise<Study | undefined> {
  const studies = await folder.request('atomizer/study/list', {});
  const items = studies.map((study) => ({
    label: study.studyId,
    description: study.draft ? 'draft' : (study.status ?? ''),
    detail: `${study.errors} errors, ${study.warnings} warnings`,
    study,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.study;
}
