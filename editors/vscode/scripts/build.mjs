// Bundles the extension and its two webviews into dist/. --minify for a release, --watch while working.
import { context, build } from 'esbuild';
import { mkdir, rm } from 'node:fs/promises';
import { writeIcons } from './icons.mjs';

const minify = process.argv.includes('--minify');
const watch = process.argv.includes('--watch');
const shared = { bundle: true, minify, sourcemap: minify ? false : 'linked', logLevel: 'warning', legalComments: 'none', charset: 'utf8' };

const client = {
  ...shared,
  entryPoints: { extension: 'src/client/extension.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  // jsonc-parser's other form cannot be bundled.
  mainFields: ['module', 'main'],
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
};
const webviews = {
  ...shared,
  entryPoints: { panel: 'src/panel/main.tsx', canvas: 'src/canvas/main.tsx' },
  outdir: 'dist',
  platform: 'browser',
  format: 'esm',
  // What both need, such as Preact, is there once.
  splitting: true,
  target: 'chrome120',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // React Flow is written for React; preact/compat is the same interface at a tenth of the size.
  alias: { react: 'preact/compat', 'react-dom': 'preact/compat', 'react/jsx-runtime': 'preact/jsx-runtime' },
  define: { 'process.env.NODE_ENV': '"production"' },
};

if (!watch) await rm('dist', { recursive: true, force: true });
await mkdir('dist', { recursive: true });
await writeIcons('src', 'dist');
if (watch) {
  for (const options of [client, webviews]) await (await context(options)).watch();
} else {
  await Promise.all([build(client), build(webviews)]);
}
