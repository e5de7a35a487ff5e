//! `workspace/didChangeConfiguration`

use lsp_types::DidChangeConfigurationParams;
use serde_json::Value;

use crate::server::state::State;

/// Clients of the pull model send nothing useful along and are asked; others send the settings, with or without the
/// section's name around them.
pub fn did_change_configuration(state: &mut State, params: DidChangeConfigurationParams) {
    if state.client.configuration {
        return state.ask_configuration();
    }
    let section = params.settings.get("atomizer").cloned();
    let sent = section.unwrap_or(if params.settings.is_object() {
        params.settings
    } else {
        Value::Null
    });
    state.configure(&sent);
}
