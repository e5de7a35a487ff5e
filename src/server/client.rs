//! What the client at the other end can do (LSP `initialize`, "Client Capabilities").

use lsp_types::{
    ClientCapabilities, InitializeParams, MarkupKind, PositionEncodingKind,
    TextDocumentClientCapabilities,
};
use serde_json::Value;

use crate::{ide::Traits, text::Encoding};

/// Read once at `initialize`.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The encoding of positions, as negotiated.
    pub encoding: Encoding,
    /// `workspace/applyEdit` is answered.
    pub apply_edit: bool,
    /// Edits may carry the version of their document.
    pub versioned_edits: bool,
    /// Edits may carry a change annotation.
    pub change_annotations: bool,
    /// `textDocument/diagnostic` is used, so that nothing is pushed.
    pub pull_diagnostics: bool,
    /// `workspace/diagnostic/refresh` is answered.
    pub diagnostic_refresh: bool,
    /// `workspace/configuration` is answered.
    pub configuration: bool,
    /// `workspace/didChangeConfiguration` can be registered.
    pub register_configuration: bool,
    /// `workspace/didChangeWatchedFiles` can be registered.
    pub register_watched_files: bool,
    /// `window/workDoneProgress/create` is answered.
    pub work_done_progress: bool,
    /// What it can show of an answer about one document.
    pub shows: Traits,
    /// `experimental.atomizer.permission`: `atomizer/permission` is answered.
    pub asks_permission: bool,
    /// `experimental.atomizer.introduced`: it offers to mend introduced errors itself.
    pub offers_fixes: bool,
    /// `experimental.atomizer.canvas`: it offers canvas modifications itself.
    pub offers_canvas: bool,
    /// `experimental.atomizer.conflict`: `atomizer/conflict` is answered.
    pub asks_conflict: bool,
}

impl Client {
    /// Reads the client's own words.
    pub fn new(params: &InitializeParams) -> Client {
        let capabilities = &params.capabilities;
        let experimental = |name: &str| {
            let value = capabilities
                .experimental
                .as_ref()
                .and_then(|value| value.get("atomizer")?.get(name));
            value.and_then(Value::as_bool).unwrap_or(false)
        };
        let mut client = Client {
            encoding: encoding(capabilities),
            asks_permission: experimental("permission"),
            offers_fixes: experimental("introduced"),
            offers_canvas: experimental("canvas"),
            asks_conflict: experimental("conflict"),
            ..Client::default()
        };
        client.read_workspace(capabilities);
        client.read_text_document(capabilities);
        // Neovim announces no `documentChanges` though it takes them; unversioned edits would damage a text that has
        // moved on. Neovim 0.12 shows a change annotation as a message that has to be answered with Enter.
        if params
            .client_info
            .as_ref()
            .is_some_and(|info| info.name == "Neovim")
        {
            client.versioned_edits = true;
            client.change_annotations = false;
        }
        client.work_done_progress = capabilities
            .window
            .as_ref()
            .and_then(|window| window.work_done_progress)
            .unwrap_or(false);
        client
    }

    fn read_workspace(&mut self, capabilities: &ClientCapabilities) {
        let Some(workspace) = &capabilities.workspace else {
            return;
        };
        self.apply_edit = workspace.apply_edit.unwrap_or(false);
        if let Some(edit) = &workspace.workspace_edit {
            self.versioned_edits = edit.document_changes.unwrap_or(false);
            self.change_annotations = edit.change_annotation_support.is_some();
        }
        self.configuration = workspace.configuration.unwrap_or(false);
        let dynamic = |registration: Option<bool>| registration.unwrap_or(false);
        self.register_configuration = workspace
            .did_change_configuration
            .as_ref()
            .is_some_and(|it| dynamic(it.dynamic_registration));
        self.register_watched_files = workspace
            .did_change_watched_files
            .as_ref()
            .is_some_and(|it| dynamic(it.dynamic_registration));
        self.diagnostic_refresh = workspace
            .diagnostic
            .as_ref()
            .is_some_and(|it| it.refresh_support.unwrap_or(false));
    }

    fn read_text_document(&mut self, capabilities: &ClientCapabilities) {
        let Some(document) = &capabilities.text_document else {
            return;
        };
        self.pull_diagnostics = document.diagnostic.is_some();
        self.shows = shows(document);
    }

    /// What matters for answers about one document.
    pub fn traits(&self) -> Traits {
        Traits {
            encoding: self.encoding,
            versioned_edits: self.versioned_edits,
            ..self.shows
        }
    }

    /// The negotiated encoding's name on the wire.
    pub fn encoding_kind(&self) -> PositionEncodingKind {
        match self.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }
    }
}

/// What the client says of its text documents.
fn shows(document: &TextDocumentClientCapabilities) -> Traits {
    let item = document
        .completion
        .as_ref()
        .and_then(|completion| completion.completion_item.as_ref());
    let markdown = |formats: Option<&Vec<MarkupKind>>| {
        formats.is_some_and(|formats| formats.contains(&MarkupKind::Markdown))
    };
    let hover = document.hover.as_ref();
    let symbols = document.document_symbol.as_ref();
    let folding = document.folding_range.as_ref();
    let action = document.code_action.as_ref();
    let resolves = |property: &str| {
        action.is_some_and(|it| {
            let properties = it.resolve_support.as_ref().map(|it| &it.properties);
            it.data_support == Some(true)
                && properties.is_some_and(|all| all.iter().any(|it| it == property))
        })
    };
    Traits {
        snippets: item.and_then(|item| item.snippet_support) == Some(true),
        replaces: item.and_then(|item| item.insert_replace_support) == Some(true),
        markdown: markdown(hover.and_then(|hover| hover.content_format.as_ref())),
        markdown_docs: markdown(item.and_then(|item| item.documentation_format.as_ref())),
        nested_symbols: symbols.and_then(|it| it.hierarchical_document_symbol_support)
            == Some(true),
        definition_links: document.definition.and_then(|it| it.link_support) == Some(true),
        action_literals: action.is_some_and(|it| it.code_action_literal_support.is_some()),
        resolves_edits: resolves("edit"),
        prepares_rename: document.rename.as_ref().and_then(|it| it.prepare_support) == Some(true),
        folds_lines: folding.and_then(|it| it.line_folding_only) == Some(true),
        ..Traits::default()
    }
}

/// utf-8 where the client can, as our text is; else utf-16, which every client can; utf-32 for one that can only that.
fn encoding(capabilities: &ClientCapabilities) -> Encoding {
    let offered = capabilities
        .general
        .as_ref()
        .and_then(|general| general.position_encodings.as_deref());
    let offered = offered.unwrap_or_default();
    let can = |kind: PositionEncodingKind| offered.contains(&kind);
    if can(PositionEncodingKind::UTF8) {
        Encoding::Utf8
    } else if can(PositionEncodingKind::UTF32) && !can(PositionEncodingKind::UTF16) {
        Encoding::Utf32
    } else {
        Encoding::Utf16
    }
}
