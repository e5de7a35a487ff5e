//! Every operation of the contract, once: its name, its parameters, its result, its handler. Each is offered as the
//! request `atomizer/<name>` and as the command `atomizer.<name>`.

mod canvas;
mod chat;
mod conflicts;
mod proposals;
mod sessions;
mod studies;
mod turns;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::BoxFuture;
use lsp_types::Url;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower_lsp::jsonrpc::{Error, ErrorCode};

use super::{
    client::Client, document::path_of, ext, main_loop::Events, main_loop::Reply, outbox::Outbox,
    roots::Managers, settings::Settings, state::State,
};
use crate::{
    session::SessionError,
    study::{Inspector, StudyError},
    text::Text,
};

/// A row of the table.
pub struct Operation {
    /// `session/create`
    pub name: &'static str,
    run: fn(Context, Value) -> BoxFuture<'static, Result<Value, OperationError>>,
    /// JSON Schema of the parameters.
    pub params: fn() -> schemars::Schema,
}

impl Operation {
    /// As a request.
    pub fn method(&self) -> String {
        format!("atomizer/{}", self.name)
    }

    /// As a command.
    pub fn command(&self) -> String {
        format!("atomizer.{}", self.name.replace('/', "."))
    }
}

macro_rules! operation {
    ($name:literal, $params:ty, $handler:path) => {
        Operation {
            name: $name,
            run: |context, params| Box::pin(typed::<$params, _, _>(context, params, $handler)),
            params: || schemars::schema_for!($params),
        }
    };
}

/// The table.
pub const ALL: &[Operation] = &[
    operation!("chat", ext::ChatParams, chat::chat),
    operation!("cancel", ext::SessionParams, sessions::cancel),
    operation!("session/create", ext::CreateParams, sessions::create),
    operation!("session/list", ext::ListParams, sessions::list),
    operation!("session/info", ext::SessionParams, sessions::info),
    operation!("session/history", ext::HistoryParams, sessions::history),
    operation!("session/setMode", ext::SetModeParams, sessions::set_mode),
    operation!("session/setStudy", ext::SetStudyParams, sessions::set_study),
    operation!("session/close", ext::SessionParams, sessions::close),
    operation!("session/delete", ext::SessionParams, sessions::delete),
    operation!("study/list", ext::NoParams, studies::list),
    operation!("study/validate", ext::SpecParams, studies::validate),
    operation!("canvas/get", ext::SpecParams, canvas::get),
    operation!("canvas/apply", ext::CanvasApplyParams, canvas::apply),
    operation!("turn/diff", ext::TurnParams, turns::diff),
    operation!("turn/revert", ext::TurnParams, turns::revert),
    operation!("conflict/list", ext::ConflictListParams, conflicts::list),
    operation!(
        "conflict/resolve",
        ext::ConflictResolveParams,
        conflicts::resolve
    ),
];

/// The operation behind a command of `workspace/executeCommand`.
pub fn by_command(command: &str) -> Option<&'static Operation> {
    ALL.iter().find(|operation| operation.command() == command)
}

/// What an operation may use.
#[derive(Clone)]
pub struct Context {
    /// To ask the main loop.
    pub events: Events,
    /// To tell the client.
    pub outbox: Outbox,
    /// What the client can do.
    pub client: Arc<Client>,
    /// As the user set them.
    pub settings: Arc<Settings>,
    /// The conversations.
    pub managers: Managers,
    /// Looks at the files that specs name.
    pub inspector: Arc<Inspector>,
    /// Cancelled by `$/cancelRequest`.
    pub cancelled: CancellationToken,
    /// The open specs as they were when the request arrived, or when this was [renewed](Self::renewed).
    pub open: Vec<OpenDocument>,
}

/// An open spec.
#[derive(Clone)]
pub struct OpenDocument {
    /// As the client spells it.
    pub uri: Url,
    /// Its file, as the client spells it.
    pub path: Option<PathBuf>,
    /// Its file without symbolic links, where that is known.
    pub canonical: Option<PathBuf>,
    /// Its text.
    pub text: Text,
}

impl OpenDocument {
    /// Its file is `path`.
    pub fn is_file(&self, path: &Path) -> bool {
        self.canonical.as_deref() == Some(path) || self.path.as_deref() == Some(path)
    }
}

impl Context {
    /// The open document `uri`, also where the client spells it otherwise.
    pub fn document(&self, uri: &Url) -> Option<&OpenDocument> {
        let path = path_of(uri);
        self.open.iter().find(|open| open.uri == *uri).or_else(|| {
            self.open
                .iter()
                .find(|open| path.is_some() && open.path == path)
        })
    }

    /// With the open specs and the settings as they are now: for what goes on after a turn, or after the user's answer.
    pub async fn renewed(&self) -> Context {
        let read = |state: &mut State| (open_specs(state), state.settings.clone());
        match self.events.read(read).await {
            Some((open, settings)) => Context {
                open,
                settings,
                ..self.clone()
            },
            // The server ends.
            None => self.clone(),
        }
    }
}

/// Why an operation gave no result.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// As the session room says.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// As the study room says.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// A parameter is of the wrong form; names it.
    #[error("{0}")]
    InvalidParams(String),
    /// There is no `studies/` folder; says where one was looked for.
    #[error("no Atomizer root: {0}; open a folder that holds `studies/`, or set atomizer.root")]
    NoRoot(String),
}

impl From<OperationError> for Error {
    fn from(error: OperationError) -> Error {
        let message = error.to_string();
        let (code, kind) = match error {
            OperationError::Session(error) => (error.code(), error.kind()),
            OperationError::Study(error) if error.is_missing() => (-32005, "studyNotFound"),
            OperationError::Study(StudyError::InvalidId { .. } | StudyError::Leaves { .. }) => {
                (-32007, "invalidStudyId")
            }
            OperationError::Study(StudyError::NoRoot(_) | StudyError::NotARoot(_)) => {
                (-32008, "noRoot")
            }
            OperationError::Study(_) => (-32006, "storeFailed"),
            OperationError::InvalidParams(_) => (-32602, "invalidParams"),
            OperationError::NoRoot(_) => (-32008, "noRoot"),
        };
        Error {
            code: ErrorCode::from(code),
            message: message.into(),
            data: Some(json!({ "kind": kind })),
        }
    }
}

/// Begins an operation in the main loop, so that it sees the documents and the settings as they were when it was asked
/// for; the rest runs in a task of its own.
pub fn begin(
    state: &mut State,
    operation: &'static Operation,
    params: Value,
    cancelled: CancellationToken,
    reply: Reply<Value>,
) {
    let open = open_specs(state);
    state.when_configured(move |state| {
        let context = Context {
            events: state.events.clone(),
            outbox: state.outbox.clone(),
            client: state.client.clone(),
            settings: state.settings.clone(),
            managers: state.managers.clone(),
            inspector: state.inspector.clone(),
            cancelled,
            open,
        };
        tokio::spawn(async move {
            let result = (operation.run)(context, params).await;
            reply.send(result.map_err(Error::from));
        });
    });
}

fn open_specs(state: &State) -> Vec<OpenDocument> {
    let specs = state.documents.values().filter(|document| document.is_spec);
    let open = specs.map(|document| OpenDocument {
        uri: document.uri.clone(),
        path: document.path(),
        canonical: document.canonical.clone(),
        text: document.text(),
    });
    open.collect()
}

async fn typed<P, R, F>(
    context: Context,
    params: Value,
    handler: fn(Context, P) -> F,
) -> Result<Value, OperationError>
where
    P: DeserializeOwned,
    R: Serialize,
    F: Future<Output = Result<R, OperationError>> + Send,
{
    let params = serde_path_to_error::deserialize(params).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." {
            String::new()
        } else {
            format!("{path}: ")
        };
        OperationError::InvalidParams(format!("{place}{}", error.into_inner()))
    })?;
    let result = handler(context, params).await?;
    serde_json::to_value(result).map_err(|error| OperationError::InvalidParams(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_reached_by_its_command() {
        for operation in ALL {
            let found = by_command(&operation.command()).map(|found| found.name);
            assert_eq!(found, Some(operation.name));
        }
        assert!(by_command("atomizer.nothing").is_none());
    }

    /// The part of `docs/protocol.md` that lists an operation's parameters: its row, or the table of `chat`.
    fn documented(operation: &Operation) -> Option<&'static str> {
        const PROTOCOL: &str = include_str!("../../../docs/protocol.md");
        if operation.name == "chat" {
            let from = PROTOCOL.find("\n## A turn\n")?;
            return PROTOCOL[from..].split("\n### Events\n").next();
        }
        let row = format!("| `{}` |", operation.name);
        PROTOCOL.lines().find(|line| line.starts_with(&row))
    }

    #[test]
    fn the_protocol_documents_every_parameter_of_every_operation() {
        let mut compared = 0;
        for operation in ALL {
            let text = documented(operation)
                .unwrap_or_else(|| panic!("{} is not in docs/protocol.md", operation.name));
            let schema = (operation.params)();
            let properties = schema.get("properties").and_then(Value::as_object);
            for name in properties.into_iter().flat_map(|all| all.keys()) {
                let named = [format!("`{name}`"), format!("`{name}?`")];
                let found = named.iter().any(|name| text.contains(name));
                compared += 1;
                assert!(
                    found,
                    "{}: {name} is not in docs/protocol.md",
                    operation.name
                );
            }
        }
        assert!(compared > ALL.len(), "most operations have parameters");
    }
}
