/** Where the server program is: the setting, the environment, this extension, the PATH; in that order. */
import * as path from 'node:path';

export interface Places {
  /** Setting `atomizer.server.path`; empty when not set. */
  setting: string;
  extensionFolder: string;
  environment: Record<string, string | undefined>;
  platform: NodeJS.Platform;
  /** Tells whether this is a file that can be run. */
  isProgram: (file: string) => boolean;
}

export type Found =
  | { program: string; from: 'setting' | 'environment' | 'bundled' | 'PATH' }
  | { program: null; message: string };

export function findServer(places: Places): Found {
  const { setting, environment, platform, isProgram } = places;
  const name = platform === 'win32' ? 'atomizer-lsp.exe' : 'atomizer-lsp';
  if (setting !== '') {
    const program = expandHome(setting, environment);
    if (isProgram(program)) return { program, from: 'setting' };
    return {
      program: null,
      message: `The setting atomizer.server.path names ${setting}, which is no program that can be run.`,
    };
  }
  const named = environment['ATOMIZER_LSP'];
  if (named !== undefined && named !== '') {
    if (isProgram(named)) return { program: named, from: 'environment' };
    return { program: null, message: `The environment variable ATOMIZER_LSP names ${named}, which is no program that can be run.` };
  }
  const bundled = path.join(places.extensionFolder, 'server', name);
  if (isProgram(bundled)) return { program: bundled, from: 'bundled' };
  const separator = platform === 'win32' ? ';' : ':';
  for (const folder of (environment['PATH'] ?? '').split(separator)) {
    const program = path.join(folder, name);
    if (path.isAbsolute(folder) && isProgram(program)) return { program, from: 'PATH' };
  }
  return {
    program: null,
    message: `${name} was not found: it is neither in this extension nor on PATH. Install it or name it in the setting atomizer.server.path.`,
  };
}

function expandHome(file: string, environment: Record<string, string | undefined>): string {
  const home = environment['HOME'] ?? environment['USERPROFILE'];
  return file.startsWith('~/') && home !== undefined ? path.join(home, file.slice(2)) : file;
}
