// Opens the real VS Code in the browser with this extension and a copy of the example studies. Ctrl+C ends it.
// Claude is the program of the setting atomizer.claude.command; CLAUDE=standin takes the scripted stand-in.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { builtPrograms, makeWorkspace, startCodeServer, testVsix } from '../tests/support/codeServer.mjs';

const workspace = await makeWorkspace();
const settings = process.env.CLAUDE === 'standin' ? { 'atomizer.claude.command': builtPrograms().claude } : {};
const server = await startCodeServer({ vsix: await testVsix(), settings });
console.log(`Open ${server.window(workspace)}\nCtrl+C ends it and removes the copy.`);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    void server.stop().then(() => rm(path.dirname(workspace), { recursive: true, force: true })).then(() => process.exit(0));
  });
}
