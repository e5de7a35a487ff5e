#!/usr/bin/env bash
# Helix in a terminal, driven by keys and read as text. Run by tests/steps/40-editors.sh: PROGRAM FOLDER SPEC; the
# configuration is there already. Ends with: N passed, N failed.
set -uo pipefail
readonly program=$1 folder=$2 spec=$3
passed=0 failed=0

terminal() { tmux -S "$folder/tmux" -f /dev/null "$@"; }
# An own server, ended with this script; it takes the environment of this script along.
trap 'terminal kill-server 2>/dev/null' EXIT
terminal new-session -d -s helix -x 150 -y 50 -c "$folder" "$program" "$spec"

screen() { terminal capture-pane -p -t helix; }
in_file() { cat "$spec"; }
keys() { terminal send-keys -t helix "$@"; }
type_text() { terminal send-keys -t helix -l "$1"; }

# until_holds WHAT WHERE PATTERN: waits until the output of WHERE holds it; counts WHAT
until_holds() {
    local deadline=$((SECONDS + 20))
    while ! "$2" | grep -qE -- "$3"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            failed=$((failed + 1)); printf 'FAIL helix: %s\n' "$1"; screen
            return
        fi
        sleep 0.05
    done
    passed=$((passed + 1)); printf 'ok   helix: %s\n' "$1"
}

# search TEXT: goes to the first line that holds TEXT, at the top of the screen
search() {
    keys g g
    keys /
    type_text "$1"
    keys Enter
    keys z t
}

until_holds 'it shows the spec' screen '"study_name": "bracket_mass"'
search '12\.0'
keys c
type_text '1.0'
keys Escape
until_holds 'diagnostics arrive' screen '3\.0 is greater than .max. 1\.0'
keys u
search 'dv_001'
keys Space r
until_holds 'it asks for the new name' screen 'rename-to:'
keys C-u
type_text 'dv_042'
keys Enter
until_holds 'rename changes the place' screen '"id": "dv_042"'
type_text ':w'
keys Enter
until_holds 'and the file' in_file '"id": "dv_042"'
search 'dv_042'
type_text ":lsp-workspace-command atomizer.chat {\"message\":\"a thicker web\",\"textDocument\":{\"uri\":\"file://$spec\"}}"
keys Enter
until_holds "Claude's edit arrives" screen '"max": 14\.0'
keys u
until_holds 'undo takes it back' screen '"max": 12\.0'
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
