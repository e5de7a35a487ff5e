//! A real LSP client: speaks to the real binary over its stdin and stdout, and behaves as an editor does.
//!
//! Waiting is always for a message, under [`DEADLINE`]; when it does not come, the test fails with the transcript.
//! Dropping the client shuts the server down and fails the test when something was left: a process, an answer nobody
//! read, an error shown to the user that no test expected.

use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, mpsc},
    thread,
    time::Instant,
};

use lsp_types::{Range, Url};
use serde_json::{Value, json};

use super::{
    DEADLINE, Workspace, deep_merge,
    editor::{Document, Editor, Encoding},
    process::{Mark, VARIABLE},
    workspace::uri,
};

/// What a client says to a request of the server.
pub enum Answer {
    /// A result.
    Result(Value),
    /// A JSON-RPC error.
    Error(i64, String),
    /// Nothing, ever.
    Never,
    /// What the test sends, which takes the request out of the unread messages.
    ByTest,
    /// What a plain client would answer.
    Default,
}

type Handler = Box<dyn FnMut(&mut Editor, &Value) -> Answer + Send>;

#[derive(Default)]
struct State {
    editor: Editor,
    settings: Value,
    handlers: HashMap<String, Handler>,
    unread: VecDeque<Value>,
    transcript: Vec<String>,
    registrations: Vec<Value>,
    methods: HashMap<i64, String>,
    reading_paused: bool,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that failed elsewhere may have poisoned it; its message is the one that counts.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// How to start a server; see [`Client::builder`].
pub struct Builder {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    params: Value,
    settings: Value,
    handlers: HashMap<String, Handler>,
}

/// The name and message of a JSON-RPC error.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseError {
    /// JSON-RPC's, LSP's or the contract's number.
    pub code: i64,
    /// For a person.
    pub message: String,
    /// `error.data`, null when absent.
    pub data: Value,
}

/// A connected client and its server.
pub struct Client {
    child: Child,
    outbox: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
    mark: Mark,
    next_id: Cell<i64>,
    server: Value,
    initialized: bool,
    ended: bool,
    tolerant: Cell<bool>,
}

impl Builder {
    /// Adds to what the client can do.
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        deep_merge(&mut self.params["capabilities"], capabilities);
        self
    }

    /// Changes anything in the params of `initialize`.
    pub fn params(mut self, params: Value) -> Self {
        deep_merge(&mut self.params, params);
        self
    }

    /// Settings, given as `initializationOptions` and as the section `atomizer` of `workspace/configuration`.
    pub fn settings(mut self, settings: Value) -> Self {
        deep_merge(&mut self.settings, settings);
        self
    }

    /// The program that is `claude`: path and arguments.
    pub fn claude(self, command: &[String]) -> Self {
        self.settings(json!({"claude": {"command": command}}))
    }

    /// Offers these position encodings, in this order.
    pub fn encodings(self, names: &[&str]) -> Self {
        self.capabilities(json!({"general": {"positionEncodings": names}}))
    }

    /// Asks for diagnostics instead of having them pushed.
    pub fn pull_diagnostics(self) -> Self {
        self.capabilities(json!({
            "textDocument": {"diagnostic": {"dynamicRegistration": false, "relatedDocumentSupport": false}},
            "workspace": {"diagnostics": {"refreshSupport": true}},
        }))
    }

    /// Answers a request of the server; runs on the reading thread, so it must not wait for the server.
    pub fn on(
        mut self,
        method: &str,
        handler: impl FnMut(&mut Editor, &Value) -> Answer + Send + 'static,
    ) -> Self {
        self.handlers.insert(method.to_owned(), Box::new(handler));
        self
    }

    /// Announces `experimental.atomizer.permission` and answers its questions.
    pub fn permission(self, mut answer: impl FnMut(&Value) -> Value + Send + 'static) -> Self {
        self.capabilities(json!({"experimental": {"atomizer": {"permission": true}}}))
            .on("atomizer/permission", move |_, params| {
                Answer::Result(answer(params))
            })
    }

    /// An environment variable of the server. It has no other but `PATH`, `HOME` (a folder that is not there) and the mark.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Arguments of the binary.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect();
        self
    }

    /// Starts the server and goes through the handshake.
    pub fn start(self) -> Client {
        let params = self.params.clone();
        let mut client = self.spawn();
        client.initialize(params);
        client
    }

    /// Starts the server and says nothing yet.
    pub fn spawn(self) -> Client {
        let mark = Mark::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_atomizer-lsp"));
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent")
            .env(VARIABLE, mark.value())
            .envs(std::env::var_os("ATOMIZER_TEST_RUN").map(|run| ("ATOMIZER_TEST_RUN", run)))
            .envs(self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let shared = Arc::new(Shared::default());
        {
            let mut state = shared.lock();
            state.handlers = self.handlers;
            state.settings = self.settings;
        }
        let outbox = start_writing(child.stdin.take().expect("stdin"));
        start_reading(
            BufReader::new(child.stdout.take().expect("stdout")),
            Arc::clone(&shared),
            outbox.clone(),
        );
        start_logging(child.stderr.take().expect("stderr"), Arc::clone(&shared));
        Client {
            child,
            outbox,
            shared,
            mark,
            next_id: Cell::new(1),
            server: Value::Null,
            initialized: false,
            ended: false,
            tolerant: Cell::new(false),
        }
    }
}

impl Client {
    /// A client that can do what VS Code can, but has diagnostics pushed to it.
    pub fn builder(workspace: &Workspace) -> Builder {
        let folder = workspace.uri();
        Builder {
            arguments: Vec::new(),
            environment: Vec::new(),
            settings: json!({}),
            handlers: HashMap::new(),
            params: json!({
                "processId": std::process::id(),
                "clientInfo": {"name": "atomizer-test"},
                "rootUri": folder,
                "workspaceFolders": [{"uri": folder, "name": "workspace"}],
                "capabilities": {
                    "general": {"positionEncodings": ["utf-16"]},
                    "workspace": {
                        "applyEdit": true,
                        "configuration": true,
                        "workspaceFolders": true,
                        "didChangeConfiguration": {"dynamicRegistration": true},
                        "didChangeWatchedFiles": {"dynamicRegistration": true},
                        "workspaceEdit": {
                            "documentChanges": true,
                            "changeAnnotationSupport": {"groupsOnLabel": true},
                        },
                    },
                    "textDocument": {
                        "synchronization": {"didSave": true},
                        "publishDiagnostics": {"relatedInformation": true, "versionSupport": true, "codeDescriptionSupport": true, "dataSupport": true, "tagSupport": {"valueSet": [1, 2]}},
                        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor", "source", "source.fixAll"]}}, "dataSupport": true, "resolveSupport": {"properties": ["edit"]}},
                        "completion": {"completionItem": {"snippetSupport": true, "documentationFormat": ["markdown", "plaintext"], "resolveSupport": {"properties": ["documentation"]}}},
                        "hover": {"contentFormat": ["markdown", "plaintext"]},
                        "documentSymbol": {"hierarchicalDocumentSymbolSupport": true},
                        "rename": {"prepareSupport": true},
                        "foldingRange": {"lineFoldingOnly": true},
                    },
                    "window": {"workDoneProgress": false, "showMessage": {"messageActionItem": {}}},
                },
            }),
        }
    }

    /// A client with every default, in this workspace.
    pub fn start(workspace: &Workspace) -> Self {
        Self::builder(workspace).start()
    }

    /// `initialize` and `initialized`.
    pub fn initialize(&mut self, mut params: Value) {
        let settings = self.shared.lock().settings.clone();
        deep_merge(&mut params["initializationOptions"], settings);
        self.server = self.request("initialize", params);
        let encoding = self.server["capabilities"]["positionEncoding"]
            .as_str()
            .unwrap_or("utf-16");
        self.shared.lock().editor.encoding = Encoding::named(encoding);
        self.notify("initialized", json!({}));
        self.initialized = true;
    }

    /// The result of `initialize`.
    pub fn server(&self) -> &Value {
        &self.server
    }

    /// The mark that every process of this test carries.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Process id of the server.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    // ---- messages

    /// Sends any message.
    pub fn send(&self, message: &Value) {
        self.shared
            .lock()
            .transcript
            .push(format!("--> {}", short(message)));
        self.send_bytes(frame(message));
    }

    /// Sends bytes as they are, header and all.
    pub fn send_bytes(&self, bytes: Vec<u8>) {
        let _ = self.outbox.send(bytes);
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request; its answer is for [`Client::response`].
    pub fn send_request(&self, method: &str, params: Value) -> i64 {
        let id = self.next_id.replace(self.next_id.get() + 1);
        self.shared.lock().methods.insert(id, method.to_owned());
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(&message);
        id
    }

    /// Waits for the answer to a request.
    pub fn response(&self, id: i64) -> Result<Value, ResponseError> {
        let method = self
            .shared
            .lock()
            .methods
            .get(&id)
            .cloned()
            .unwrap_or_default();
        let mut message = self.take(&format!("the answer to {method} ({id})"), |message| {
            message["id"] == id && message.get("method").is_none()
        });
        match message.get_mut("error") {
            None => Ok(message["result"].take()),
            Some(error) => Err(ResponseError {
                code: error["code"].as_i64().expect("a code"),
                message: error["message"].as_str().expect("a message").to_owned(),
                data: error["data"].take(),
            }),
        }
    }

    /// Asks and waits; an error fails the test.
    pub fn request(&self, method: &str, params: Value) -> Value {
        self.try_request(method, params)
            .unwrap_or_else(|error| self.fail(&format!("{method} was answered with {error:?}")))
    }

    /// Asks and waits.
    pub fn try_request(&self, method: &str, params: Value) -> Result<Value, ResponseError> {
        let id = self.send_request(method, params);
        self.response(id)
    }

    /// Withdraws a request.
    pub fn cancel_request(&self, id: i64) {
        self.notify("$/cancelRequest", json!({"id": id}));
    }

    /// Waits for a notification, or a request nobody handles by default, and gives its params.
    pub fn notification(&self, method: &str, accept: impl Fn(&Value) -> bool) -> Value {
        self.take(&format!("a {method}"), |message| {
            message["method"] == method && accept(&message["params"])
        })["params"]
            .take()
    }

    /// Waits for a message, takes it out of the unread ones and gives it.
    pub fn take(&self, what: &str, accept: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self.shared.lock();
        loop {
            if let Some(at) = state.unread.iter().position(&accept) {
                return state.unread.remove(at).expect("it was found there");
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            if state.ended || rest.is_zero() {
                let why = if state.ended {
                    "the server ended its output"
                } else {
                    "time is up"
                };
                drop(state);
                self.fail(&format!("waited for {what}, but {why}"));
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, rest)
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .0;
        }
    }

    /// Takes every unread message that fits; does not wait.
    pub fn take_all(&self, accept: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut state = self.shared.lock();
        let (taken, rest) = state.unread.drain(..).partition(accept);
        state.unread = rest;
        Vec::from(taken)
    }

    /// Waits until the server has worked through all that was sent before: it answers a request that it has to refuse.
    pub fn settle(&self) {
        let _ = self.try_request("atomizer/test/noSuchMethod", json!({}));
    }

    /// Waits until `holds` is true of the editor's state.
    pub fn wait_for_editor(&self, what: &str, holds: impl Fn(&Editor) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self.shared.lock();
        while !holds(&state.editor) {
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() || state.ended {
                drop(state);
                self.fail(&format!("waited until {what}"));
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, rest)
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .0;
        }
    }

    /// Ends the test with the transcript.
    pub fn fail(&self, why: &str) -> ! {
        let state = self.shared.lock();
        let from = state.transcript.len().saturating_sub(80);
        panic!(
            "{why}\n\ntranscript:\n{}",
            state.transcript[from..].join("\n")
        );
    }

    /// Anything may be left unread at the end; for tests of broken conversations.
    pub fn tolerate_leftovers(&self) {
        self.tolerant.set(true);
    }

    /// Stops taking what the server writes, as a hung editor would, or goes on.
    pub fn pause_reading(&self, paused: bool) {
        self.shared.lock().reading_paused = paused;
        self.shared.changed.notify_all();
    }

    /// Answers a request of the server from now on; see [`Builder::on`].
    pub fn on(
        &self,
        method: &str,
        handler: impl FnMut(&mut Editor, &Value) -> Answer + Send + 'static,
    ) {
        self.shared
            .lock()
            .handlers
            .insert(method.to_owned(), Box::new(handler));
    }

    /// What the server has registered dynamically.
    pub fn registrations(&self) -> Vec<Value> {
        self.shared.lock().registrations.clone()
    }

    // ---- settings

    /// Replaces the settings and tells the server so.
    pub fn configure(&self, settings: Value) {
        self.shared.lock().settings = settings.clone();
        self.notify(
            "workspace/didChangeConfiguration",
            json!({"settings": {"atomizer": settings}}),
        );
    }

    // ---- documents

    /// Opens a file with the text it has.
    pub fn open(&self, path: impl AsRef<Path>) -> Url {
        let text = fs::read_to_string(&path).expect("a readable file");
        self.open_text(&uri(path), &text)
    }

    /// Opens a document with a text.
    pub fn open_text(&self, uri: &Url, text: &str) -> Url {
        let document = Document {
            version: 1,
            text: text.to_owned(),
        };
        self.shared
            .lock()
            .editor
            .documents
            .insert(uri.clone(), document);
        let item = json!({"uri": uri, "languageId": "json", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": item}));
        uri.clone()
    }

    /// Edits against the text as it is now, sent as one `didChange`.
    pub fn edit(&self, uri: &Url, edits: Vec<(Range, String)>) {
        let params = self.shared.lock().editor.change(uri, edits);
        self.notify("textDocument/didChange", params);
    }

    /// Replaces the first occurrence of `from`.
    pub fn replace(&self, uri: &Url, from: &str, to: &str) {
        let range = self.range_of(uri, from);
        self.edit(uri, vec![(range, to.to_owned())]);
    }

    /// Replaces the whole text.
    pub fn set_text(&self, uri: &Url, text: &str) {
        let version = {
            let mut state = self.shared.lock();
            let document = state
                .editor
                .documents
                .get_mut(uri)
                .expect("an open document");
            text.clone_into(&mut document.text);
            document.version += 1;
            document.version
        };
        self.notify(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}),
        );
    }

    /// Writes the buffer to its file and tells the server.
    pub fn save(&self, uri: &Url) {
        fs::write(uri.to_file_path().expect("a file"), self.text(uri)).expect("a writable file");
        self.notify(
            "textDocument/didSave",
            json!({"textDocument": {"uri": uri}}),
        );
    }

    /// Closes a document.
    pub fn close(&self, uri: &Url) {
        self.shared.lock().editor.documents.remove(uri);
        self.notify(
            "textDocument/didClose",
            json!({"textDocument": {"uri": uri}}),
        );
    }

    /// The buffer's text.
    pub fn text(&self, uri: &Url) -> String {
        self.document(uri).text
    }

    /// The buffer.
    pub fn document(&self, uri: &Url) -> Document {
        self.shared
            .lock()
            .editor
            .documents
            .get(uri)
            .expect("an open document")
            .clone()
    }

    /// Range of the first occurrence of `text` in the buffer.
    pub fn range_of(&self, uri: &Url, text: &str) -> Range {
        let buffer = self.text(uri);
        let start = buffer
            .find(text)
            .unwrap_or_else(|| panic!("{text:?} is not in {uri}"));
        let encoding = self.shared.lock().editor.encoding;
        Range::new(
            encoding.position(&buffer, start),
            encoding.position(&buffer, start + text.len()),
        )
    }

    /// Waits for the pushed diagnostics of the version that is in the buffer now.
    pub fn diagnostics(&self, uri: &Url) -> Vec<Value> {
        let version = self.document(uri).version;
        let params = self.notification("textDocument/publishDiagnostics", |params| {
            params["uri"] == uri.as_str() && params["version"] == version
        });
        params["diagnostics"].as_array().expect("a list").clone()
    }

    /// The codes of [`Client::diagnostics`], in order.
    pub fn codes(&self, uri: &Url) -> Vec<String> {
        let code = |diagnostic: &Value| diagnostic["code"].as_str().expect("a code").to_owned();
        self.diagnostics(uri).iter().map(code).collect()
    }

    // ---- conversations

    /// Begins a turn; `params` as in the contract, with a `partialResultToken` added.
    pub fn chat(&self, mut params: Value) -> Turn<'_> {
        let token = format!("chat-{}", self.next_id.get());
        params["partialResultToken"] = json!(token);
        let request = self.send_request("atomizer/chat", params);
        Turn {
            client: self,
            request,
            token,
        }
    }

    // ---- the end

    /// Closes the server's stdin.
    pub fn close_stdin(&self) {
        self.send_bytes(Vec::new());
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.wait();
    }

    /// Waits for the end of the server.
    pub fn wait(&mut self) -> ExitStatus {
        self.ended = true;
        let deadline = Instant::now() + DEADLINE;
        let server = self.child.id();
        // The end of its output comes with its own end, unless a child holds the pipe: that would be a fault too.
        let mut state = self.shared.lock();
        while !state.ended {
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                drop(state);
                self.mark.kill();
                self.fail(&format!("the server (process {server}) does not end"));
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, rest)
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .0;
        }
        drop(state);
        self.child.wait().expect("an exit status")
    }

    /// `shutdown` and `exit`; gives how the server ended.
    pub fn shut_down(&mut self) -> ExitStatus {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.wait()
    }

    fn leftovers(&self) -> Vec<String> {
        let unexpected = |message: &&Value| match message["method"].as_str() {
            None => true,
            Some("window/showMessage" | "window/showMessageRequest") => message["params"]["type"]
                .as_i64()
                .is_some_and(|kind| kind <= 2),
            Some(_) => message.get("id").is_some(),
        };
        self.shared
            .lock()
            .unread
            .iter()
            .filter(unexpected)
            .map(short)
            .collect()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if thread::panicking() {
            self.mark.kill();
            let _ = self.child.wait();
            return;
        }
        if !self.ended && self.initialized {
            let status = self.shut_down();
            assert_eq!(status.code(), Some(0), "exit code after shutdown and exit");
        } else if !self.ended {
            self.close_stdin();
            self.wait();
        }
        if let Err(left) = self.mark.wait_until_gone(|_| false) {
            self.mark.kill();
            panic!("processes are left: {left:#?}");
        }
        let leftovers = self.leftovers();
        if !self.tolerant.get() && !leftovers.is_empty() {
            self.fail(&format!("nobody expected:\n{}", leftovers.join("\n")));
        }
    }
}

/// A running turn of a conversation.
pub struct Turn<'a> {
    client: &'a Client,
    /// Id of the `atomizer/chat` request.
    pub request: i64,
    token: String,
}

impl Turn<'_> {
    /// Waits for the next event.
    pub fn event(&self) -> Value {
        self.client.notification("$/progress", |params| {
            params["token"] == self.token.as_str()
        })["value"]
            .take()
    }

    /// Reads events until one has this `type`; gives it, drops those before it.
    pub fn until(&self, kind: &str) -> Value {
        loop {
            let event = self.event();
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// Waits for the end: all further events and the result.
    pub fn finish(self) -> (Vec<Value>, Value) {
        let result = self
            .client
            .response(self.request)
            .unwrap_or_else(|error| self.client.fail(&format!("{error:?}")));
        (self.rest(), result)
    }

    /// Waits for the error that the turn is answered with.
    pub fn error(self) -> ResponseError {
        match self.client.response(self.request) {
            Err(error) => error,
            Ok(result) => self
                .client
                .fail(&format!("expected an error, got {result}")),
        }
    }

    /// Events that have come and nobody has read.
    pub fn rest(&self) -> Vec<Value> {
        let mine = |message: &Value| {
            message["method"] == "$/progress" && message["params"]["token"] == self.token.as_str()
        };
        self.client
            .take_all(mine)
            .into_iter()
            .map(|mut message| message["params"]["value"].take())
            .collect()
    }
}

/// The `type` of each event.
pub fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().expect("a type"))
        .collect()
}

// ---- threads

fn start_writing(mut stdin: ChildStdin) -> mpsc::Sender<Vec<u8>> {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    // The reading thread holds a sender too, so an empty message is the word to close.
    thread::spawn(move || {
        for bytes in receiver {
            if bytes.is_empty() {
                break;
            }
            if stdin
                .write_all(&bytes)
                .and_then(|()| stdin.flush())
                .is_err()
            {
                break;
            }
        }
    });
    sender
}

fn start_logging(stderr: impl Read + Send + 'static, shared: Arc<Shared>) {
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            shared.lock().transcript.push(format!("log {line}"));
        }
    });
}

fn start_reading(
    mut stdout: impl BufRead + Send + 'static,
    shared: Arc<Shared>,
    outbox: mpsc::Sender<Vec<u8>>,
) {
    thread::spawn(move || {
        loop {
            let mut state = shared.lock();
            while state.reading_paused {
                state = shared
                    .changed
                    .wait(state)
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            drop(state);
            let Some(message) = read_message(&mut stdout) else {
                break;
            };
            receive(&shared, &outbox, message);
            shared.changed.notify_all();
        }
        shared.lock().ended = true;
        shared.changed.notify_all();
    });
}

/// Files one message of the server, and answers it when it is a request.
fn receive(shared: &Shared, outbox: &mpsc::Sender<Vec<u8>>, message: Value) {
    let mut state = shared.lock();
    state.transcript.push(format!("<-- {}", short(&message)));
    let (Some(id), Some(method)) = (message.get("id").cloned(), message["method"].as_str()) else {
        state.unread.push_back(message);
        return;
    };
    let mut answer = Answer::Default;
    if let Some(mut handler) = state.handlers.remove(method) {
        answer = handler(&mut state.editor, &message["params"]);
        state.handlers.entry(method.to_owned()).or_insert(handler);
    }
    let mut replies = Vec::new();
    if matches!(answer, Answer::Default) {
        answer = answer_by_default(&mut state, method, &message["params"], &mut replies);
    }
    if matches!(answer, Answer::ByTest | Answer::Error(METHOD_NOT_FOUND, _)) {
        state.unread.push_back(message.clone());
    }
    match answer {
        Answer::Result(result) => {
            replies.push(json!({"jsonrpc": "2.0", "id": id, "result": result}))
        }
        Answer::Error(code, message) => {
            replies.push(
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}),
            );
        }
        Answer::Never | Answer::ByTest | Answer::Default => {}
    }
    for reply in replies {
        state.transcript.push(format!("--> {}", short(&reply)));
        let _ = outbox.send(frame(&reply));
    }
}

const METHOD_NOT_FOUND: i64 = -32601;

fn answer_by_default(
    state: &mut State,
    method: &str,
    params: &Value,
    replies: &mut Vec<Value>,
) -> Answer {
    match method {
        "workspace/configuration" => {
            let items = params["items"].as_array().expect("items");
            let section = |item: &Value| match item["section"].as_str() {
                Some("atomizer") => state.settings.clone(),
                _ => Value::Null,
            };
            Answer::Result(items.iter().map(section).collect())
        }
        "client/registerCapability" => {
            state.registrations.extend(
                params["registrations"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default(),
            );
            Answer::Result(Value::Null)
        }
        "workspace/applyEdit" => match state.editor.apply(&params["edit"]) {
            Ok(changes) => {
                let change = |params| json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params});
                replies.extend(changes.into_iter().map(change));
                Answer::Result(json!({"applied": true}))
            }
            Err(reason) => Answer::Result(json!({"applied": false, "failureReason": reason})),
        },
        "window/showMessageRequest"
        | "window/workDoneProgress/create"
        | "client/unregisterCapability"
        | "workspace/codeLens/refresh"
        | "workspace/inlayHint/refresh"
        | "workspace/diagnostic/refresh" => Answer::Result(Value::Null),
        other => Answer::Error(
            METHOD_NOT_FOUND,
            format!("this client does not know {other}"),
        ),
    }
}

// ---- the wire

fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn read_message(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line
            .split_once(": ")
            .unwrap_or_else(|| panic!("not a header on stdout: {line:?}"));
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.parse().expect("a length"));
        }
    }
    let mut body = vec![0; length.expect("Content-Length")];
    stdout.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("JSON on stdout"))
}

fn short(message: &Value) -> String {
    const LIMIT: usize = 800;
    let text = message.to_string();
    match text.char_indices().nth(LIMIT) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text,
    }
}
