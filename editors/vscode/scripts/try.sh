#!/usr/bin/env bash
# Fetches VS Code (code-server), builds and packages, and opens it: see try.mjs.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$(../../tests/setup/vscode/fetch)/node_modules/.bin:$PATH"
(cd ../.. && cargo build --bin atomizer-lsp --example claude-standin)
node scripts/package.mjs --test >/dev/null
exec node scripts/try.mjs
