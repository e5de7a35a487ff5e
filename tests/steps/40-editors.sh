#!/usr/bin/env bash
# Editors without a plugin, with the configuration of docs/editors.md: GNU Emacs (eglot), where it is new enough.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
readonly here="$PWD"

emacs_is_new() {
    command -v emacs >/dev/null &&
        emacs -Q --batch --eval '(kill-emacs (if (>= emacs-major-version 30) 0 1))' >/dev/null 2>&1
}

if ! emacs_is_new; then
    echo 'GNU Emacs 30 is not installed (Debian 12, as root: apt-get install -t bookworm-backports emacs-nox): not checked'
    echo '0 passed, 0 failed'
    exit 0
fi

cargo build --quiet --bin atomizer-lsp --example claude-standin || { echo '0 passed, 1 failed'; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/home"
cp -r examples/studies "$work/"
ln -s "$here/target/debug/atomizer-lsp" "$work/bin/"
spec="$work/studies/bracket_mass/1_setup/atomizer_spec.json"
printf '{"turns": [[{"edit": {"path": "%s", "old": "\\"max\\": 12.0", "new": "\\"max\\": 14.0"}}, {"text": "Done."}]]}' \
    "$spec" >"$work/scenario.json"
# The configuration is what the page shows, to the letter.
awk '/^```elisp$/ { on = 1; next } /^```$/ { on = 0 } on' docs/editors.md >"$work/config.el"
cd "$work" || exit 1
PATH="$work/bin:$PATH" HOME="$work/home" SPEC="$spec" CLAUDE_STANDIN="$work/scenario.json" \
    STANDIN="$here/target/debug/examples/claude-standin" \
    timeout 120 emacs -Q --batch -l "$work/config.el" -l "$here/tests/editors/eglot.el" 2>"$work/log"
status=$?
[ "$status" -eq 0 ] || tail -n 20 "$work/log"
exit "$status"
