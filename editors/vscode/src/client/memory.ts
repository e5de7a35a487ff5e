/**
 * What the extension remembers for a workspace, in a file beside the files it is about. VS Code's own memory is written
 * late by a window in a browser, and a reload at the wrong moment would lose which conversation was shown.
 *
 * Several windows may share it: each reads it anew before it says or changes anything.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';

export class Memory {
  /** `folder` is null for a window without a folder: nothing outlives it then. */
  constructor(private readonly folder: string | null) {}

  private ofThisWindow: Record<string, unknown> = {};

  get(key: string): unknown {
    return this.read()[key];
  }

  /** Undefined forgets. */
  update(key: string, value: unknown): void {
    const values = { ...this.read(), [key]: value };
    if (this.folder === null) {
      this.ofThisWindow = values;
      return;
    }
    mkdirSync(this.folder, { recursive: true });
    const written = `${this.file(this.folder)}.${process.pid}`;
    writeFileSync(written, JSON.stringify(values));
    renameSync(written, this.file(this.folder));
  }

  private read(): Record<string, unknown> {
    if (this.folder === null) return this.ofThisWindow;
    try {
      return JSON.parse(readFileSync(this.file(this.folder), 'utf8')) as Record<string, unknown>;
    } catch {
      // The first time, or a damaged file: begin anew.
      return {};
    }
  }

  private file(folder: string): string {
    return path.join(folder, 'memory.json');
  }
}
