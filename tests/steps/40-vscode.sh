#!/usr/bin/env bash
# The VS Code extension: types, lint, units, and the real VS Code inside and out. Ends with: N passed, N failed.
set -uo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
readonly repo
passed=0 failed=0
finish() { printf '%d passed, %d failed\n' "$passed" "$failed"; [ "$failed" -eq 0 ]; exit; }
check() { # check NAME COMMAND…
    local name=$1; shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAILED: %s\n' "$name"; fi
}

parts=$("$repo/tests/setup/vscode/fetch") || { failed=1; finish; }
# vitest, vsce and VS Code need a newer Node than the rest of the repository.
export PATH="$parts/node_modules/.bin:$PATH"
cd "$repo/editors/vscode" || exit 1
if ! cmp -s package-lock.json node_modules/.fetched.json; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.fetched.json ||
        { failed=1; finish; }
fi
(cd "$repo" && cargo build --quiet --bin atomizer-lsp --example claude-standin) || { failed=1; finish; }

check typecheck npm run --silent typecheck
check lint npm run --silent lint
check package npm run --silent package:test
count() { # count RESULTS.json: adds what a runner counted
    local ok bad
    read -r ok bad < <(node scripts/count.mjs "$1")
    passed=$((passed + ok)) failed=$((failed + bad))
}
# What browsers and editors leave behind goes with the results.
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export TMPDIR=$results
npx vitest run --reporter=default --reporter=json --outputFile.json="$results/unit.json"
count "$results/unit.json"
PLAYWRIGHT_JSON_OUTPUT_NAME="$results/ui.json" timeout 1500 npx playwright test --reporter=list,json
count "$results/ui.json"
finish
