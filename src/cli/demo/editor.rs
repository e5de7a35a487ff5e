//! As little of an editor as the demo needs: one open document, its diagnostics, a chat.

use std::{
    error::Error,
    fs,
    io::{self, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
};

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{ApplyWorkspaceEditParams, Diagnostic, PublishDiagnosticsParams, TextEdit, Url};
use serde_json::{Value, json};

use crate::{
    cli::{
        plain::plain,
        question::{permission_answer, permission_question},
        terminal::Transcript,
    },
    session::{
        host::PermissionAnswer,
        types::{Status, TurnEvent, TurnResult},
    },
    text::{Edit, Encoding, Text},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// An editor with its server.
pub struct Editor {
    server: Child,
    /// `None` once it is closed.
    input: Option<ChildStdin>,
    output: mpsc::Receiver<Message>,
    next_id: i32,
    document: Option<Document>,
    transcript: Transcript,
}

struct Document {
    uri: Url,
    version: i32,
    text: Text,
    /// Those of the present version; `None` until they are there.
    diagnostics: Option<Vec<Diagnostic>>,
}

impl Editor {
    /// Starts the server on `root` with this `claude`, and shakes hands.
    pub fn start(root: &Path, claude: &[String]) -> Result<Self> {
        let mut server = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (sender, output) = mpsc::channel();
        let input = server.stdin.take();
        if let Some(stdout) = server.stdout.take() {
            std::thread::spawn(move || {
                let mut stdout = BufReader::new(stdout);
                while let Ok(Some(message)) = Message::read(&mut stdout) {
                    if sender.send(message).is_err() {
                        break;
                    }
                }
            });
        }
        let mut editor = Self {
            server,
            input,
            output,
            next_id: 0,
            document: None,
            transcript: Transcript::new(root),
        };
        let folder = Url::from_directory_path(root).map_err(|()| "the root is no absolute path")?;
        editor.request(
            "initialize",
            json!({
                "processId": std::process::id(),
                "clientInfo": {"name": "atomizer-lsp demo"},
                "workspaceFolders": [{"uri": folder, "name": "demo"}],
                "initializationOptions": {"claude": {"command": claude}},
                "capabilities": {
                    "general": {"positionEncodings": ["utf-8"]},
                    "workspace": {"applyEdit": true, "workspaceEdit": {"documentChanges": true}},
                    "textDocument": {"publishDiagnostics": {"relatedInformation": true, "versionSupport": true}},
                    "experimental": {"atomizer": {"permission": true}},
                },
            }),
        )?;
        editor.notify("initialized", json!({}))?;
        Ok(editor)
    }

    /// Opens a spec, and waits for its diagnostics.
    pub fn open(&mut self, path: &Path) -> Result<()> {
        let uri = Url::from_file_path(path).map_err(|()| "the spec is no absolute path")?;
        let text = fs::read_to_string(path)?;
        let item = json!({"uri": uri, "languageId": "json", "version": 1, "text": text});
        self.document = Some(Document {
            uri,
            version: 1,
            text: Text::from(text.as_str()),
            diagnostics: None,
        });
        self.notify("textDocument/didOpen", json!({"textDocument": item}))?;
        self.wait_for_diagnostics()
    }

    /// Waits until the diagnostics of the present text are there.
    pub fn wait_for_diagnostics(&mut self) -> Result<()> {
        while self
            .document
            .as_ref()
            .is_some_and(|document| document.diagnostics.is_none())
        {
            let message = self.receive()?;
            self.handle(message)?;
        }
        Ok(())
    }

    /// The buffer's text.
    pub fn text(&self) -> &Text {
        static EMPTY: std::sync::LazyLock<Text> = std::sync::LazyLock::new(Text::default);
        self.document
            .as_ref()
            .map_or(&EMPTY, |document| &document.text)
    }

    /// The last diagnostics.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        self.document
            .as_ref()
            .and_then(|document| document.diagnostics.as_deref())
            .unwrap_or_default()
    }

    /// Asks Claude in power mode, prints what comes; did it finish?
    pub fn chat(&mut self, message: &str) -> Result<bool> {
        let uri = self.document.as_ref().map(|document| &document.uri);
        let params = json!({
            "message": message,
            "mode": "power",
            "textDocument": {"uri": uri},
            "partialResultToken": "demo",
        });
        let result: TurnResult = serde_json::from_value(self.request("atomizer/chat", params)?)?;
        Ok(result.status == Status::Completed)
    }

    /// `shutdown` and `exit`.
    pub fn quit(&mut self) -> Result<()> {
        self.request("shutdown", Value::Null)?;
        self.notify("exit", Value::Null)?;
        self.input = None;
        let status = self.server.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the server ended with {status}").into())
        }
    }

    fn send(&mut self, message: Message) -> Result<()> {
        let input = self.input.as_mut().ok_or("the server's input is closed")?;
        Ok(message.write(input)?)
    }

    fn notify(&mut self, method: &str, params: Value) -> Result<()> {
        self.send(Notification::new(method.to_owned(), params).into())
    }

    /// Asks the server and does what it wants meanwhile.
    fn request(&mut self, method: &str, params: Value) -> Result<Value> {
        self.next_id += 1;
        let id = RequestId::from(self.next_id);
        self.send(Request::new(id.clone(), method.to_owned(), params).into())?;
        loop {
            match self.receive()? {
                Message::Response(answer) if answer.id == id => {
                    return match answer.error {
                        None => Ok(answer.result.unwrap_or_default()),
                        Some(error) => Err(error.message.into()),
                    };
                }
                message => self.handle(message)?,
            }
        }
    }

    fn receive(&mut self) -> Result<Message> {
        self.output
            .recv()
            .map_err(|_| "the server has ended".into())
    }

    fn handle(&mut self, message: Message) -> Result<()> {
        match message {
            Message::Notification(notification) => self.hear(notification),
            Message::Request(request) => {
                let answer = self.answer(request)?;
                self.send(answer.into())
            }
            Message::Response(_) => Ok(()),
        }
    }

    fn hear(&mut self, notification: Notification) -> Result<()> {
        match notification.method.as_str() {
            "textDocument/publishDiagnostics" => {
                let params: PublishDiagnosticsParams = serde_json::from_value(notification.params)?;
                if let Some(document) = &mut self.document
                    && document.uri == params.uri
                    && params.version == Some(document.version)
                {
                    document.diagnostics = Some(params.diagnostics);
                }
            }
            "$/progress" => {
                let event: TurnEvent =
                    serde_json::from_value(notification.params["value"].clone())?;
                let shown = self.transcript.event(&event);
                print(&shown)?;
            }
            "window/showMessage" => {
                let shown = notification.params["message"].as_str().unwrap_or_default();
                let line = self.transcript.new_line();
                print(&format!("{line}{}\n", plain(shown)))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn answer(&mut self, request: Request) -> Result<Response> {
        Ok(match request.method.as_str() {
            "workspace/applyEdit" => {
                let params: ApplyWorkspaceEditParams = serde_json::from_value(request.params)?;
                let applied = self.apply(&serde_json::to_value(params.edit)?)?;
                Response::new_ok(request.id, json!({"applied": applied}))
            }
            "atomizer/permission" => {
                let answer = self.permission(&request.params)?;
                Response::new_ok(request.id, answer)
            }
            _ => {
                let code = ErrorCode::MethodNotFound as i32;
                Response::new_err(request.id, code, "the demo does not know this".into())
            }
        })
    }

    /// Applies the edits of one version to the buffer and tells the server; an edit for another version is refused.
    fn apply(&mut self, edit: &Value) -> Result<bool> {
        let Some(document) = &mut self.document else {
            return Ok(false);
        };
        let change = &edit["documentChanges"][0];
        if change["textDocument"]["uri"] != document.uri.as_str()
            || change["textDocument"]["version"] != document.version
        {
            return Ok(false);
        }
        let edits: Vec<TextEdit> = serde_json::from_value(change["edits"].clone())?;
        let mut edits: Vec<Edit> = edits
            .into_iter()
            .map(|edit| Edit {
                range: document.text.offsets(edit.range, Encoding::Utf8),
                insert: edit.new_text,
            })
            .collect();
        edits.sort_by_key(|edit| edit.range.start);
        document.text = document.text.with_edits(&edits);
        document.version += 1;
        document.diagnostics = None;
        let params = json!({
            "textDocument": {"uri": document.uri, "version": document.version},
            "contentChanges": [{"text": document.text.to_string()}],
        });
        self.notify("textDocument/didChange", params)?;
        Ok(true)
    }

    /// Asks the user; where nobody is there, the answer is no.
    fn permission(&mut self, params: &Value) -> Result<Value> {
        use std::io::IsTerminal;
        let text = |key: &str| params[key].as_str().unwrap_or_default();
        let line = self.transcript.new_line();
        let question = permission_question(text("toolName"), text("description"), &params["input"]);
        print(&format!("{line}{question}"))?;
        let typed = if io::stdin().is_terminal() {
            let mut line = String::new();
            io::stdin().read_line(&mut line)?;
            Some(line)
        } else {
            print("\n")?;
            None
        };
        Ok(match permission_answer(typed.as_deref()) {
            PermissionAnswer::AllowOnce => json!({"behavior": "allow", "scope": "once"}),
            PermissionAnswer::AllowForSession => json!({"behavior": "allow", "scope": "session"}),
            PermissionAnswer::Deny(message) => json!({"behavior": "deny", "message": message}),
        })
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // Without its input the server ends by itself, and takes its children along.
        self.input = None;
        let _ = self.server.wait();
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    write!(out, "{text}")?;
    out.flush()
}
