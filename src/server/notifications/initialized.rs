//! `initialized`

use lsp_types::{
    DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher, GlobPattern, Registration,
    RegistrationParams, request::Request,
};
use serde_json::{Value, json};

use crate::server::state::State;

/// Asks for the settings, and registers what can only be registered now.
pub fn initialized(state: &mut State) {
    let mut registrations = Vec::new();
    let mut register = |method: &str, options: Value| {
        registrations.push(Registration {
            id: format!("atomizer:{method}"),
            method: method.into(),
            register_options: Some(options),
        });
    };
    if state.client.register_configuration {
        register(
            "workspace/didChangeConfiguration",
            json!({ "section": "atomizer" }),
        );
    }
    if state.client.register_watched_files {
        let watcher = |glob: &str| FileSystemWatcher {
            glob_pattern: GlobPattern::String(glob.into()),
            kind: None,
        };
        let options = DidChangeWatchedFilesRegistrationOptions {
            watchers: vec![
                watcher("**/atomizer_spec.json"),
                // As NX and others on Windows may write them, too: globs know capitals apart.
                watcher("**/*.{prt,fem,sim,csv,inp,PRT,FEM,SIM,CSV,INP}"),
            ],
        };
        register("workspace/didChangeWatchedFiles", json!(options));
    }
    if !registrations.is_empty() {
        // The answer says nothing that changes what we do.
        state.outbox.request(
            lsp_types::request::RegisterCapability::METHOD,
            RegistrationParams { registrations },
        );
    }
    if state.client.configuration {
        state.ask_configuration();
    }
}
