//! What this room adds to the announcement of `initialize`.

use lsp_types::*;

use super::{Traits, code_actions};

/// Adds what this room answers to what the server announces.
pub fn announce(capabilities: &mut ServerCapabilities, traits: Traits) {
    capabilities.completion_provider = Some(CompletionOptions {
        resolve_provider: Some(true),
        trigger_characters: Some(["\"", ":"].map(String::from).to_vec()),
        ..CompletionOptions::default()
    });
    capabilities.hover_provider = Some(HoverProviderCapability::Simple(true));
    capabilities.definition_provider = Some(OneOf::Left(true));
    capabilities.references_provider = Some(OneOf::Left(true));
    capabilities.document_highlight_provider = Some(OneOf::Left(true));
    capabilities.rename_provider = Some(if traits.prepares_rename {
        OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })
    } else {
        OneOf::Left(true)
    });
    capabilities.document_symbol_provider = Some(OneOf::Left(true));
    capabilities.workspace_symbol_provider = Some(OneOf::Left(true));
    capabilities.folding_range_provider = Some(FoldingRangeProviderCapability::Simple(true));
    capabilities.selection_range_provider = Some(SelectionRangeProviderCapability::Simple(true));
    capabilities.document_link_provider = Some(DocumentLinkOptions {
        resolve_provider: Some(false),
        work_done_progress_options: WorkDoneProgressOptions::default(),
    });
    capabilities.inlay_hint_provider = Some(OneOf::Left(true));
    capabilities.code_lens_provider = Some(CodeLensOptions {
        resolve_provider: Some(false),
    });
    capabilities.code_action_provider = Some(if traits.action_literals {
        CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(code_actions::kinds()),
            resolve_provider: Some(traits.resolves_edits),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })
    } else {
        CodeActionProviderCapability::Simple(true)
    });
    capabilities.document_formatting_provider = Some(OneOf::Left(true));
    capabilities.document_range_formatting_provider = Some(OneOf::Left(true));
    capabilities.linked_editing_range_provider =
        Some(LinkedEditingRangeServerCapabilities::Simple(true));
}
