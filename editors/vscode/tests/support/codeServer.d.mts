export interface CodeServer {
  url: string;
  port: number;
  home: string;
  data: string;
  window(folder: string): string;
  log(): string;
  stop(): Promise<void>;
}
export interface Options {
  vsix?: string;
  settings?: object;
  env?: Record<string, string>;
  port?: number;
  args?: string[];
  trust?: boolean;
}
export const extensionFolder: string;
export const repository: string;
export function builtPrograms(): { server: string; claude: string };
export function makeWorkspace(name?: string): Promise<string>;
export function freePort(): Promise<number>;
export function startCodeServer(options?: Options): Promise<CodeServer>;
export function testVsix(): Promise<string>;
export function languageServers(home: string): Promise<number[]>;
