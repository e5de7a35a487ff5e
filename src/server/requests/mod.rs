//! One file for each LSP request.

pub mod code_action;
pub mod code_lens;
pub mod completion;
pub mod definition;
pub mod diagnostic;
pub mod document_highlight;
pub mod document_link;
pub mod document_symbol;
pub mod folding_range;
pub mod formatting;
pub mod hover;
pub mod initialize;
pub mod inlay_hint;
pub mod linked_editing_range;
pub mod range_formatting;
pub mod references;
pub mod rename;
pub mod selection_range;
pub mod shutdown;
pub mod symbol;
pub mod workspace_diagnostic;
