// Opens the real VS Code in the browser with this extension and a copy of the example studies. Ctrl+C ends it.
// Claude is the program of the setting atomizer.claude.command; CLAUDE=standin takes the scripted stand-in.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { builtPrograms, makeWorkspace, startCodeServer, testVsix } from '../tests/support/codeServer.mjs';

let server = null;
let asked = false;
// Also while VS Code is still starting: it would go on running alone.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    asked = true;
    if (server !== null) void end();
  });
}
const workspace = await makeWorkspace();
const settings = process.env.CLAUDE === 'standin' ? { 'atomizer.claude.command': builtPrograms().claude } : {};
server = await startCodeServer({ vsix: await testVsix(), settings });
if (asked) await end();
console.log(`Open ${server.window(workspace)}\nCtrl+C ends it and removes the copy.`);

async function end() {
  await server.stop();
  await rm(path.dirname(workspace), { recursive: true, force: true });
  process.exit(0);
}
