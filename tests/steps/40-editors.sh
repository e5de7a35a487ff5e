#!/usr/bin/env bash
# Editors without a plugin, with the configuration of docs/editors.md: GNU Emacs 30 (eglot) and Helix. Both are unpacked
# into tests/parts where they are not installed. Arguments: only these (emacs, helix).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
readonly here="$PWD"
passed=0 failed=0

# absent WHAT: what cannot be had here is a failure where it could be (CI, as root), else told
absent() {
    if [ -n "${CI:-}" ] && [ "$(id -u)" -eq 0 ]; then
        echo "FAIL $1"; echo '0 passed, 1 failed'
    else
        echo "$1: not checked"; echo '0 passed, 0 failed'
    fi
}

# run COMMAND…: something that ends with its own line "N passed, N failed"
run() {
    local log ok bad
    log=$(mktemp)
    "$@" 2>&1 | tee "$log" | grep -v ' passed, '
    read -r ok bad < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log" | tail -n 1)
    rm -f "$log"
    if [ -n "${ok:-}" ]; then passed=$((passed + ok)) failed=$((failed + bad)); else failed=$((failed + 1)); fi
}

# study: a folder with the example studies, the server and Claude's stand-in, which makes the web up to 14 mm thick
study() {
    work=$(mktemp -d)
    mkdir "$work/bin" "$work/home"
    cp -r examples/studies "$work/"
    ln -s "$here/target/debug/atomizer-lsp" "$here/target/debug/examples/claude-standin" "$work/bin/"
    spec="$work/studies/bracket_mass/1_setup/atomizer_spec.json"
    printf '{"turns": [[{"edit": {"path": "%s", "old": "\\"max\\": 12.0", "new": "\\"max\\": 14.0"}}, {"text": "Done."}]]}' \
        "$spec" >"$work/scenario.json"
}

# page LANGUAGE: the code of that language in docs/editors.md, to the letter
page() { awk -v start="\`\`\`$1" '$0 == start { on = 1; next } /^```$/ { on = 0 } on' docs/editors.md; }

emacs_with_eglot() {
    local program=emacs options=() tree
    if ! emacs -Q --batch --eval '(kill-emacs (if (>= emacs-major-version 30) 0 1))' >/dev/null 2>&1; then
        tree=$(tests/setup/debian shared emacs emacs-nox) || { absent 'GNU Emacs 30 cannot be had'; return; }
        tree=$tree/usr
        # An Emacs that is not where it was built for has to be told where its parts are.
        local version=("$tree"/share/emacs/[0-9]*)
        export EMACSDATA="${version[0]}/etc" EMACSDOC="${version[0]}/etc"
        EMACSPATH=$(echo "$tree"/libexec/emacs/*/*)
        EMACSLOADPATH=$(find "${version[0]}/lisp" -type d | paste -sd :)
        LD_LIBRARY_PATH=$(echo "$tree"/lib/*-linux-gnu)
        export EMACSPATH EMACSLOADPATH LD_LIBRARY_PATH
        program=$tree/bin/emacs-nox
        options=(--dump-file="$(find "$tree/libexec" -name '*.pdmp' | head -n 1)")
    fi
    "$program" "${options[@]}" --version | head -n 1
    study
    page elisp >"$work/config.el"
    (
        cd "$work" || exit 1
        PATH="$work/bin:$PATH" HOME="$work/home" SPEC="$spec" CLAUDE_STANDIN="$work/scenario.json" \
            STANDIN="$work/bin/claude-standin" \
            timeout 120 "$program" "${options[@]}" -Q --batch -l "$work/config.el" -l "$here/tests/editors/eglot.el" \
            2>"$work/log" || tail -n 20 "$work/log"
    )
    rm -rf "$work"
}

helix() {
    local program=hx tree
    if ! hx --version >/dev/null 2>&1; then
        tree=$(tests/setup/debian own next sid neovim hx) || { absent 'Helix cannot be had'; return; }
        program=$tree/usr/bin/hx
    fi
    if ! command -v tmux >/dev/null && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -qq -y tmux >/dev/null
    fi
    command -v tmux >/dev/null || { absent 'Helix needs a terminal: tmux is not installed'; return; }
    "$program" --version
    study
    mkdir -p "$work/home/.config/helix"
    page toml >"$work/home/.config/helix/languages.toml"
    printf '[language-server.atomizer-lsp.config.claude]\ncommand = "%s"\nuserTools = ["Read", "Edit"]\n' \
        "$work/bin/claude-standin" >>"$work/home/.config/helix/languages.toml"
    PATH="$work/bin:$PATH" HOME="$work/home" CLAUDE_STANDIN="$work/scenario.json" \
        timeout 120 tests/editors/helix.sh "$program" "$work" "$spec"
    rm -rf "$work"
}

cargo build --quiet --bin atomizer-lsp --example claude-standin || { echo '0 passed, 1 failed'; exit 1; }
[ $# -gt 0 ] || set -- emacs helix
for editor in "$@"; do
    case $editor in
        emacs) run emacs_with_eglot ;;
        helix) run helix ;;
        *) echo "no editor named $editor"; failed=$((failed + 1)) ;;
    esac
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
