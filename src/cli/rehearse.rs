//! `rehearse SCRIPT …`: not for people. Plays the part of `claude` in the demo where that is not installed: speaks the
//! same stream of JSON lines, from a script instead of a model. Edits are asked for and done as Claude does them.

use std::{
    error::Error,
    fs,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::complain;
use crate::study::write_atomic;

/// A script, and what else `claude` would be told, which is passed over.
#[derive(Debug, Args)]
pub struct RehearseArguments {
    script: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _rest: Vec<String>,
}

/// One step of the script.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Step {
    /// Says this, word by word.
    Text(String),
    /// Reads a file.
    Read(PathBuf),
    /// Replaces text in a file.
    Edit {
        path: PathBuf,
        old: String,
        new: String,
    },
}

/// Words come about as fast as Claude says them.
const PACE: Duration = Duration::from_millis(25);
const SESSION: &str = "00000000-0000-4000-8000-000000000000";

/// Plays until the input ends.
pub fn run(arguments: &RehearseArguments) -> ExitCode {
    match play(&arguments.script) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn play(script: &Path) -> Result<(), Box<dyn Error>> {
    let script: Vec<Step> = serde_json::from_slice(&fs::read(script)?)?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut actor = Actor {
        lines,
        said: String::new(),
        tools: 0,
    };
    while let Ok(line) = actor.lines.recv() {
        match serde_json::from_str::<Value>(&line) {
            Ok(message) if message["type"] == "user" => actor.turn(&script)?,
            Ok(message) if message["type"] == "control_request" => actor.control(&message)?,
            Ok(_) => {}
            // The one-shot form: the prompt is plain text up to the end of the input.
            Err(_) => {
                while actor.lines.recv().is_ok() {}
                return actor.turn(&script);
            }
        }
    }
    Ok(())
}

struct Actor {
    lines: Receiver<String>,
    said: String,
    tools: usize,
}

impl Actor {
    fn turn(&mut self, script: &[Step]) -> Result<(), Box<dyn Error>> {
        self.said.clear();
        emit(&json!({
            "type": "system", "subtype": "init", "session_id": SESSION, "model": "rehearsal",
            "permissionMode": "default", "tools": ["Read", "Edit"], "mcp_servers": [],
        }))?;
        for step in script {
            let goes_on = match step {
                Step::Text(text) => self.say(text)?,
                Step::Read(path) => self.read(path)?,
                Step::Edit { path, old, new } => self.edit(path, old, new)?,
            };
            if !goes_on {
                return emit(&json!({
                    "type": "result", "subtype": "error_during_execution", "is_error": true,
                    "errors": ["interrupted"], "terminal_reason": "aborted_streaming",
                    "session_id": SESSION, "num_turns": 1, "permission_denials": [],
                }));
            }
        }
        emit(&json!({
            "type": "result", "subtype": "success", "is_error": false, "result": self.said,
            "session_id": SESSION, "num_turns": 1, "permission_denials": [], "terminal_reason": "completed",
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }))
    }

    /// Streams a block of text; false when interrupted.
    fn say(&mut self, text: &str) -> Result<bool, Box<dyn Error>> {
        let event = |event: Value| {
            emit(&json!({"type": "stream_event", "event": event, "session_id": SESSION}))
        };
        event(
            json!({"type": "message_start", "message": {"id": format!("msg_{}", self.said.len())}}),
        )?;
        event(
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        )?;
        for word in text.split_inclusive(' ') {
            if !self.pause()? {
                return Ok(false);
            }
            event(
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}),
            )?;
        }
        emit(&json!({
            "type": "assistant", "session_id": SESSION,
            "message": {"id": format!("msg_{}", self.said.len()), "role": "assistant", "content": [{"type": "text", "text": text}]},
        }))?;
        event(json!({"type": "content_block_stop", "index": 0}))?;
        event(json!({"type": "message_stop"}))?;
        self.said.push_str(text);
        Ok(true)
    }

    fn read(&mut self, path: &Path) -> Result<bool, Box<dyn Error>> {
        let id = self.tool("Read", &json!({"file_path": path}))?;
        let text = fs::read_to_string(path)?;
        tool_result(&id, &text, false, &json!({"type": "text"}))?;
        Ok(true)
    }

    /// Asks, waits for the answer, and edits when it is yes.
    fn edit(&mut self, path: &Path, old: &str, new: &str) -> Result<bool, Box<dyn Error>> {
        let input =
            json!({"file_path": path, "old_string": old, "new_string": new, "replace_all": false});
        let id = self.tool("Edit", &input)?;
        let request = format!("question-{id}");
        emit(&json!({
            "type": "control_request", "request_id": request,
            "request": {"subtype": "can_use_tool", "tool_name": "Edit", "input": input, "tool_use_id": id},
        }))?;
        let answer = loop {
            let message: Value = serde_json::from_str(&self.lines.recv()?)?;
            match message["type"].as_str() {
                Some("control_response")
                    if message["response"]["request_id"] == request.as_str() =>
                {
                    break message["response"]["response"].clone();
                }
                Some("control_request") => {
                    self.control(&message)?;
                    if message["request"]["subtype"] == "interrupt" {
                        return Ok(false);
                    }
                }
                _ => {}
            }
        };
        if answer["behavior"] != "allow" {
            let why = answer["message"].as_str().unwrap_or("denied");
            tool_result(&id, why, true, &Value::Null)?;
            return Ok(true);
        }
        let text = fs::read_to_string(path)?;
        if !text.contains(old) {
            tool_result(
                &id,
                "String to replace not found in file.",
                true,
                &Value::Null,
            )?;
            return Ok(true);
        }
        write_atomic(path, text.replacen(old, new, 1).as_bytes())?;
        let done =
            json!({"filePath": path, "oldString": old, "newString": new, "originalFile": text});
        tool_result(&id, "The file has been updated.", false, &done)?;
        Ok(true)
    }

    /// Announces the use of a tool; gives its id.
    fn tool(&mut self, name: &str, input: &Value) -> Result<String, Box<dyn Error>> {
        self.tools += 1;
        let id = format!("toolu_{}", self.tools);
        emit(&json!({
            "type": "assistant", "session_id": SESSION,
            "message": {"id": format!("msg_tool_{}", self.tools), "role": "assistant", "content": [
                {"type": "tool_use", "id": id, "name": name, "input": input},
            ]},
        }))?;
        Ok(id)
    }

    /// Waits for a word's time; false when interrupted.
    fn pause(&mut self) -> Result<bool, Box<dyn Error>> {
        match self.lines.recv_timeout(PACE) {
            Ok(line) => {
                let message: Value = serde_json::from_str(&line)?;
                self.control(&message)?;
                Ok(message["request"]["subtype"] != "interrupt")
            }
            Err(RecvTimeoutError::Timeout) => Ok(true),
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(PACE);
                Ok(true)
            }
        }
    }

    /// Acknowledges a request of the host.
    fn control(&mut self, message: &Value) -> Result<(), Box<dyn Error>> {
        if message["type"] != "control_request" {
            return Ok(());
        }
        emit(&json!({
            "type": "control_response",
            "response": {"subtype": "success", "request_id": message["request_id"], "response": {}},
        }))
    }
}

fn tool_result(
    id: &str,
    content: &str,
    is_error: bool,
    details: &Value,
) -> Result<(), Box<dyn Error>> {
    emit(&json!({
        "type": "user", "session_id": SESSION, "tool_use_result": details,
        "message": {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": content, "is_error": is_error},
        ]},
    }))
}

fn emit(event: &Value) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    writeln!(out, "{event}")?;
    Ok(out.flush()?)
}
