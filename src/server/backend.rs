//! The LSP methods that are answered, each by one file of `requests/` or `notifications/`.

use futures::future::BoxFuture;
use lsp_types::{
    DocumentDiagnosticReportResult as Report, WorkspaceDiagnosticReportResult as WorkspaceReport, *,
};
use serde::Serialize;
use serde_json::Value;
use tower_lsp::{
    LanguageServer,
    jsonrpc::{Error, Result as RpcResult},
};

use super::{
    lifecycle::Lifecycle,
    main_loop::{Events, Reply},
    notifications,
    operations::{self, Operation},
    relay, requests,
    state::State,
};

/// tower-lsp's idea of a language server: a handle on the main loop.
pub struct Backend {
    /// The way into the main loop.
    pub events: Events,
    /// To watch the parent from `initialize` on.
    pub lifecycle: Lifecycle,
}

impl Backend {
    /// Runs an operation of the contract for the request being handled. To be called before any `.await`.
    pub fn operation(
        &self,
        operation: &'static Operation,
        params: Value,
    ) -> BoxFuture<'static, RpcResult<Value>> {
        let cancelled = relay::cancellation();
        let answer = self
            .events
            .ask(move |state, reply| operations::begin(state, operation, params, cancelled, reply));
        Box::pin(answer)
    }
}

impl Backend {
    /// The result of a request, written as JSON on the way.
    async fn answer<T: Serialize + Send + 'static>(
        &self,
        event: impl FnOnce(&mut State, Reply<Option<T>>) + Send + 'static,
    ) -> RpcResult<Option<T>> {
        let result = self.events.ask(event).await?;
        Ok(relay::write(result, || None))
    }

    /// `window/workDoneProgress/cancel`, which tower-lsp does not know.
    pub async fn work_done_progress_cancel(&self, params: Value) {
        self.events.send(move |state| {
            let token = params
                .get("token")
                .map(Value::to_string)
                .unwrap_or_default();
            if let Some(turn) = state.shown_turns.get(&token) {
                turn.cancel();
            }
        });
    }
}

#[tower_lsp::async_trait]
impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> RpcResult<InitializeResult> {
        if let Some(parent) = params.process_id {
            self.lifecycle.watch_parent(parent);
        }
        self.events
            .ask(move |state, reply| requests::initialize::initialize(state, params, reply))
            .await
    }

    async fn initialized(&self, _: InitializedParams) {
        self.events.send(notifications::initialized::initialized);
    }

    async fn shutdown(&self) -> RpcResult<()> {
        self.events.ask(requests::shutdown::shutdown).await
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        self.events
            .send(move |state| notifications::did_open::did_open(state, params));
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.events
            .send(move |state| notifications::did_change::did_change(state, params));
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        self.events
            .send(move |state| notifications::did_save::did_save(state, params));
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.events
            .send(move |state| notifications::did_close::did_close(state, params));
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        self.events.send(move |state| {
            notifications::did_change_configuration::did_change_configuration(state, params)
        });
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.events.send(move |state| {
            notifications::did_change_workspace_folders::did_change_workspace_folders(state, params)
        });
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.events.send(move |state| {
            notifications::did_change_watched_files::did_change_watched_files(state, params)
        });
    }

    async fn goto_definition(
        &self,
        params: GotoDefinitionParams,
    ) -> RpcResult<Option<GotoDefinitionResponse>> {
        self.answer(move |state, reply| requests::definition::definition(state, params, reply))
            .await
    }

    async fn references(&self, params: ReferenceParams) -> RpcResult<Option<Vec<Location>>> {
        self.answer(move |state, reply| requests::references::references(state, params, reply))
            .await
    }

    async fn document_highlight(
        &self,
        params: DocumentHighlightParams,
    ) -> RpcResult<Option<Vec<DocumentHighlight>>> {
        self.answer(move |state, reply| {
            requests::document_highlight::document_highlight(state, params, reply)
        })
        .await
    }

    async fn linked_editing_range(
        &self,
        params: LinkedEditingRangeParams,
    ) -> RpcResult<Option<LinkedEditingRanges>> {
        self.answer(move |state, reply| {
            requests::linked_editing_range::linked_editing_range(state, params, reply)
        })
        .await
    }

    async fn prepare_rename(
        &self,
        params: TextDocumentPositionParams,
    ) -> RpcResult<Option<PrepareRenameResponse>> {
        self.answer(move |state, reply| requests::rename::prepare_rename(state, params, reply))
            .await
    }

    async fn rename(&self, params: RenameParams) -> RpcResult<Option<WorkspaceEdit>> {
        self.answer(move |state, reply| requests::rename::rename(state, params, reply))
            .await
    }

    async fn document_symbol(
        &self,
        params: DocumentSymbolParams,
    ) -> RpcResult<Option<DocumentSymbolResponse>> {
        self.answer(move |state, reply| {
            requests::document_symbol::document_symbol(state, params, reply)
        })
        .await
    }

    async fn symbol(
        &self,
        params: WorkspaceSymbolParams,
    ) -> RpcResult<Option<Vec<SymbolInformation>>> {
        self.answer(move |state, reply| requests::symbol::symbol(state, params, reply))
            .await
    }

    async fn folding_range(
        &self,
        params: FoldingRangeParams,
    ) -> RpcResult<Option<Vec<FoldingRange>>> {
        self.answer(move |state, reply| {
            requests::folding_range::folding_range(state, params, reply)
        })
        .await
    }

    async fn selection_range(
        &self,
        params: SelectionRangeParams,
    ) -> RpcResult<Option<Vec<SelectionRange>>> {
        self.answer(move |state, reply| {
            requests::selection_range::selection_range(state, params, reply)
        })
        .await
    }

    async fn document_link(
        &self,
        params: DocumentLinkParams,
    ) -> RpcResult<Option<Vec<DocumentLink>>> {
        self.answer(move |state, reply| {
            requests::document_link::document_link(state, params, reply)
        })
        .await
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> RpcResult<Option<Vec<InlayHint>>> {
        self.answer(move |state, reply| requests::inlay_hint::inlay_hint(state, params, reply))
            .await
    }

    async fn code_lens(&self, params: CodeLensParams) -> RpcResult<Option<Vec<CodeLens>>> {
        self.answer(move |state, reply| requests::code_lens::code_lens(state, params, reply))
            .await
    }

    async fn formatting(
        &self,
        params: DocumentFormattingParams,
    ) -> RpcResult<Option<Vec<TextEdit>>> {
        self.answer(move |state, reply| requests::formatting::formatting(state, params, reply))
            .await
    }

    async fn range_formatting(
        &self,
        params: DocumentRangeFormattingParams,
    ) -> RpcResult<Option<Vec<TextEdit>>> {
        self.answer(move |state, reply| {
            requests::range_formatting::range_formatting(state, params, reply)
        })
        .await
    }

    async fn hover(&self, params: HoverParams) -> RpcResult<Option<Hover>> {
        self.answer(move |state, reply| requests::hover::hover(state, params, reply))
            .await
    }

    async fn completion(&self, params: CompletionParams) -> RpcResult<Option<CompletionResponse>> {
        self.answer(move |state, reply| requests::completion::completion(state, params, reply))
            .await
    }

    async fn code_action(&self, params: CodeActionParams) -> RpcResult<Option<CodeActionResponse>> {
        self.answer(move |state, reply| requests::code_action::code_action(state, params, reply))
            .await
    }

    async fn code_action_resolve(&self, action: CodeAction) -> RpcResult<CodeAction> {
        let asked = action.clone();
        let resolved = self
            .events
            .ask(move |state, reply| requests::code_action::resolve(state, asked, reply))
            .await?;
        Ok(resolved.unwrap_or(action))
    }

    async fn completion_resolve(&self, item: CompletionItem) -> RpcResult<CompletionItem> {
        let asked = item.clone();
        let resolved = self
            .events
            .ask(move |state, reply| requests::completion::resolve(state, asked, reply))
            .await?;
        Ok(resolved.unwrap_or(item))
    }

    async fn diagnostic(
        &self,
        params: DocumentDiagnosticParams,
    ) -> RpcResult<DocumentDiagnosticReportResult> {
        self.events
            .ask(move |state, reply| requests::diagnostic::diagnostic(state, params, reply))
            .await
            .map(|report| relay::write(report, || Report::Partial(Default::default())))
    }

    async fn workspace_diagnostic(
        &self,
        params: WorkspaceDiagnosticParams,
    ) -> RpcResult<WorkspaceDiagnosticReportResult> {
        self.events
            .ask(move |state, reply| {
                requests::workspace_diagnostic::workspace_diagnostic(state, params, reply)
            })
            .await
            .map(|report| relay::write(report, || WorkspaceReport::Report(Default::default())))
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> RpcResult<Option<Value>> {
        let cancelled = relay::cancellation();
        let Some(operation) = operations::by_command(&params.command) else {
            let message = format!("unknown command `{}`", params.command);
            return Err(Error::invalid_params(message));
        };
        let given = params
            .arguments
            .into_iter()
            .next()
            .filter(|params| !params.is_null());
        let given = given.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let answer = self
            .events
            .ask(move |state, reply| operations::begin(state, operation, given, cancelled, reply));
        answer.await.map(Some)
    }
}
