/**
 * What the extension remembers for a workspace, in a file beside the files it is about. VS Code's own memory is written
 * late by a window in a browser, and a reload at the wrong moment would lose which conversation was shown.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';

export class Memory {
  private values: Record<string, unknown> = {};

  /** `folder` is null for a window without a folder: nothing is kept then. */
  constructor(private readonly folder: string | null) {
    if (folder === null) return;
    try {
      this.values = JSON.parse(readFileSync(this.file(folder), 'utf8')) as Record<string, unknown>;
    } catch {
      // The first time, or a damaged file: begin anew.
    }
  }

  get(key: string): unknown {
    return this.values[key];
  }

  /** Undefined forgets. */
  update(key: string, value: unknown): void {
    this.values = { ...this.values, [key]: value };
    if (this.folder === null) return;
    mkdirSync(this.folder, { recursive: true });
    const written = `${this.file(this.folder)}.${process.pid}`;
    writeFileSync(written, JSON.stringify(this.values));
    renameSync(written, this.file(this.folder));
  }

  private file(folder: string): string {
    return path.join(folder, 'memory.json');
  }
}
