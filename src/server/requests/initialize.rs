//! `initialize`

use std::sync::Arc;

use lsp_types::*;
use serde_json::{Value, json};

use crate::server::{
    client::Client, document::path_of, main_loop::Reply, operations, state::State,
};

/// Learns what the client can do and tells what we can.
pub fn initialize(state: &mut State, params: InitializeParams, reply: Reply<InitializeResult>) {
    let client = Arc::new(Client::new(&params));
    let capabilities = capabilities(&client);
    state.folders = folders(&params);
    state.client = client;
    state.options = params.initialization_options.unwrap_or(Value::Null);
    state.configure(&Value::Null);
    let server_info = ServerInfo {
        name: "atomizer-lsp".into(),
        version: Some(env!("CARGO_PKG_VERSION").into()),
    };
    reply.send(Ok(InitializeResult {
        capabilities,
        server_info: Some(server_info),
    }));
}

fn folders(params: &InitializeParams) -> Vec<std::path::PathBuf> {
    let folders = params
        .workspace_folders
        .iter()
        .flatten()
        .map(|folder| &folder.uri);
    let folders: Vec<_> = folders.filter_map(path_of).collect();
    if !folders.is_empty() {
        return folders;
    }
    // Older clients send only this.
    #[allow(deprecated, reason = "what clients before LSP 3.6 send")]
    let root = params.root_uri.as_ref().and_then(path_of);
    root.into_iter().collect()
}

fn capabilities(client: &Client) -> ServerCapabilities {
    let mut capabilities = ServerCapabilities {
        position_encoding: Some(client.encoding_kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::INCREMENTAL),
                will_save: None,
                will_save_wait_until: None,
                save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions {
                    include_text: Some(false),
                })),
            },
        )),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: operations::ALL
                .iter()
                .map(|operation| operation.command())
                .collect(),
            work_done_progress_options: WorkDoneProgressOptions {
                work_done_progress: Some(true),
            },
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        experimental: Some(json!({
            "atomizer": {
                "protocolVersion": 1,
                "requests": operations::ALL.iter().map(|operation| operation.method()).collect::<Vec<_>>(),
            }
        })),
        ..ServerCapabilities::default()
    };
    if client.pull_diagnostics {
        capabilities.diagnostic_provider =
            Some(DiagnosticServerCapabilities::Options(DiagnosticOptions {
                identifier: Some("atomizer".into()),
                inter_file_dependencies: false,
                workspace_diagnostics: true,
                work_done_progress_options: WorkDoneProgressOptions::default(),
            }));
    }
    crate::ide::announce(&mut capabilities, client.traits());
    capabilities
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Which announcement answers to which method of `docs/features.md`.
    const ANNOUNCED: [(&str, &str); 38] = [
        ("textDocument/didOpen", "/textDocumentSync/openClose"),
        ("textDocument/didChange", "/textDocumentSync/change"),
        ("textDocument/didSave", "/textDocumentSync/save"),
        ("textDocument/willSave", "/textDocumentSync/willSave"),
        (
            "textDocument/willSaveWaitUntil",
            "/textDocumentSync/willSaveWaitUntil",
        ),
        ("workspace/executeCommand", "/executeCommandProvider"),
        (
            "workspace/didChangeWorkspaceFolders",
            "/workspace/workspaceFolders",
        ),
        ("workspace/willRenameFiles", "/workspace/fileOperations"),
        ("workspace/symbol", "/workspaceSymbolProvider"),
        (
            "workspace/diagnostic",
            "/diagnosticProvider/workspaceDiagnostics",
        ),
        ("textDocument/diagnostic", "/diagnosticProvider"),
        ("textDocument/completion", "/completionProvider"),
        (
            "completionItem/resolve",
            "/completionProvider/resolveProvider",
        ),
        ("textDocument/hover", "/hoverProvider"),
        ("textDocument/signatureHelp", "/signatureHelpProvider"),
        ("textDocument/declaration", "/declarationProvider"),
        ("textDocument/definition", "/definitionProvider"),
        ("textDocument/typeDefinition", "/typeDefinitionProvider"),
        ("textDocument/implementation", "/implementationProvider"),
        ("textDocument/references", "/referencesProvider"),
        (
            "textDocument/documentHighlight",
            "/documentHighlightProvider",
        ),
        (
            "textDocument/prepareRename",
            "/renameProvider/prepareProvider",
        ),
        ("textDocument/rename", "/renameProvider"),
        (
            "textDocument/linkedEditingRange",
            "/linkedEditingRangeProvider",
        ),
        ("textDocument/documentSymbol", "/documentSymbolProvider"),
        ("textDocument/foldingRange", "/foldingRangeProvider"),
        ("textDocument/selectionRange", "/selectionRangeProvider"),
        ("textDocument/documentLink", "/documentLinkProvider"),
        (
            "documentLink/resolve",
            "/documentLinkProvider/resolveProvider",
        ),
        ("textDocument/inlayHint", "/inlayHintProvider"),
        ("textDocument/codeLens", "/codeLensProvider"),
        ("codeLens/resolve", "/codeLensProvider/resolveProvider"),
        ("textDocument/codeAction", "/codeActionProvider"),
        ("codeAction/resolve", "/codeActionProvider/resolveProvider"),
        ("textDocument/formatting", "/documentFormattingProvider"),
        (
            "textDocument/rangeFormatting",
            "/documentRangeFormattingProvider",
        ),
        (
            "textDocument/onTypeFormatting",
            "/documentOnTypeFormattingProvider",
        ),
        (
            "textDocument/semanticTokens/full",
            "/semanticTokensProvider",
        ),
    ];

    fn announced() -> Value {
        let params = json!({"processId": null, "rootUri": null, "capabilities": {"textDocument": {
            "diagnostic": {},
            "rename": {"prepareSupport": true},
            "codeAction": {
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}},
                "dataSupport": true,
                "resolveSupport": {"properties": ["edit"]},
            },
        }}});
        let params: InitializeParams = serde_json::from_value(params).expect("params");
        json!(capabilities(&Client::new(&params)))
    }

    fn documented() -> BTreeMap<&'static str, bool> {
        let rows = include_str!("../../../docs/features.md").lines();
        rows.filter_map(|row| {
            let mut cells = row.strip_prefix("| `")?.split('|');
            let method = cells.next()?.trim().strip_suffix('`')?;
            let answered = match cells.next()?.trim() {
                "yes" => true,
                "no" => false,
                _ => return None,
            };
            Some((method, answered))
        })
        .collect()
    }

    #[test]
    fn the_documented_methods_are_the_announced_ones() {
        let (announced, documented) = (announced(), documented());
        for (method, pointer) in ANNOUNCED {
            let value = announced.pointer(pointer);
            let is = value.is_some_and(|value| *value != Value::Bool(false));
            assert_eq!(documented.get(method), Some(&is), "{method}");
        }
    }

    #[test]
    fn every_announcement_is_documented() {
        let announced = announced();
        let known = |key: &str| {
            ["positionEncoding", "experimental"].contains(&key)
                || ANNOUNCED
                    .iter()
                    .any(|(_, pointer)| pointer.split('/').nth(1) == Some(key))
        };
        for key in announced.as_object().expect("an object").keys() {
            assert!(known(key), "{key} has no row in the table");
        }
    }

    #[test]
    fn every_method_of_the_specification_is_documented() {
        // All of LSP 3.17's requests and notifications, both ways, as its meta model lists them.
        let methods = include_str!("../../../tests/fixtures/lsp-3.17-methods.txt");
        let (listed, documented) = (methods.lines().collect(), documented());
        let rows: BTreeSet<&str> = documented.into_keys().collect();
        assert_eq!(rows, listed);
    }
}
