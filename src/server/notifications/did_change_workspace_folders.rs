//! `workspace/didChangeWorkspaceFolders`

use lsp_types::DidChangeWorkspaceFoldersParams;

use crate::server::{document::path_of, state::State};

/// Each folder has its own Atomizer root.
pub fn did_change_workspace_folders(state: &mut State, params: DidChangeWorkspaceFoldersParams) {
    let removed: Vec<_> = params
        .event
        .removed
        .iter()
        .filter_map(|folder| path_of(&folder.uri))
        .collect();
    state.folders.retain(|folder| !removed.contains(folder));
    for folder in params
        .event
        .added
        .iter()
        .filter_map(|folder| path_of(&folder.uri))
    {
        if !state.folders.contains(&folder) {
            state.folders.push(folder);
        }
    }
    state
        .managers
        .configure(state.settings.clone(), state.folders.clone());
}
