// Packages the extension as a VSIX. With --server PROGRAM it is one for a platform and holds that program:
//   npm run package -- --target linux-x64 --server ../../target/release/atomizer-lsp
// With --test it holds no server and goes to dist-tests/.
import { createVSIX } from '@vscode/vsce';
import { chmod, cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Of the bundle without the server: 1 MB. */
const MOST_BYTES = 1024 * 1024;
const here = fileURLToPath(new URL('..', import.meta.url));
const repository = path.resolve(here, '../..');
const { values } = parseArgs({
  options: { target: { type: 'string' }, server: { type: 'string' }, out: { type: 'string' }, test: { type: 'boolean' } },
});
if (values.server !== undefined && values.target === undefined) {
  console.error('--server needs --target too: a VSIX that holds a program is for one platform, such as linux-x64.');
  process.exit(2);
}

// What is not the extension's own is copied in for packaging; git ignores the copies.
await rm(path.join(here, 'server'), { recursive: true, force: true });
if (values.server !== undefined) {
  const program = path.join(here, 'server', values.target.startsWith('win32') ? 'atomizer-lsp.exe' : 'atomizer-lsp');
  await mkdir(path.dirname(program), { recursive: true });
  await cp(path.resolve(values.server), program);
  await chmod(program, 0o755);
}
await rm(path.join(here, 'examples'), { recursive: true, force: true });
await cp(path.join(repository, 'examples'), path.join(here, 'examples'), { recursive: true });
for (const name of await readdir(repository)) {
  if (name.startsWith('LICENSE')) await cp(path.join(repository, name), path.join(here, name));
}

const folder = values.test ? path.join(here, 'dist-tests') : here;
await mkdir(folder, { recursive: true });
const suffix = values.target === undefined ? '' : `-${values.target}`;
const packagePath = values.out ?? path.join(folder, `atomizer-lsp${suffix}.vsix`);
await createVSIX({ cwd: here, packagePath, dependencies: false, allowMissingRepository: true, rewriteRelativeLinks: false, ...(values.target === undefined ? {} : { target: values.target }) });
await checkSize(path.join(here, 'dist'));
console.log(packagePath);

/** The bundle is what every window loads; the server and the examples are not part of it. */
async function checkSize(dist) {
  let bytes = 0;
  for (const name of await readdir(dist)) if (!name.endsWith('.map')) bytes += (await stat(path.join(dist, name))).size;
  if (bytes > MOST_BYTES) throw new Error(`The bundle has ${bytes} bytes; ${MOST_BYTES} is the most.`);
}
