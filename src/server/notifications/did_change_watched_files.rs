//! `workspace/didChangeWatchedFiles`

use lsp_types::DidChangeWatchedFilesParams;

use crate::server::state::State;

/// Model files came or went, or a spec did on disk: what depends on files is looked at anew.
pub fn did_change_watched_files(state: &mut State, params: DidChangeWatchedFilesParams) {
    if !params.changes.is_empty() {
        state.files_moved(None);
    }
}
