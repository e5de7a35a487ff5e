#!/usr/bin/env bash
# Makes the release archive of the plugin: one folder `atomizer`, to be unpacked into pack/*/start, with the help's tags
# and the server in it.
#
#   editors/nvim/package.sh SERVER ARCHIVE     for example target/release/atomizer-lsp out/atomizer-nvim.tar.gz
#
# The name of ARCHIVE says how it is compressed. NVIM_PROGRAM names the Neovim that writes the tags.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
plugin=$(cd "$(dirname "$0")" && pwd)
server=$1 archive=$2
[ -x "$server" ] || { printf '%s is no program: build it by cargo build --release\n' "$server" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/atomizer/bin" "$(dirname "$archive")"
cp -r "$plugin"/{README.md,doc,lsp,lua,plugin} "$plugin"/../../LICENSE-{APACHE,MIT} "$work/atomizer/"
rm -f "$work/atomizer/doc/.gitignore"
install -m 755 "$server" "$work/atomizer/bin/atomizer-lsp"
"${NVIM_PROGRAM:-nvim}" --clean --headless -n -c "helptags $work/atomizer/doc" -c quit
tar --sort=name --owner=0 --group=0 --numeric-owner -C "$work" -caf "$archive" atomizer
