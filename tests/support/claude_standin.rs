//! A stand-in for the `claude` program: the same stream shapes, a scenario instead of a model.
//!
//! ```text
//! CLAUDE_STANDIN=scenario.json claude-standin --print --input-format stream-json …
//! ```
//! `CLAUDE_STANDIN` is the path of a scenario, or the scenario itself when it begins with `{`; without it every
//! message is answered by `You said: <last line of it>`. Both input formats of the real program are understood; with
//! `--input-format stream-json` it lives until its input is closed. `--resume=<id>` keeps the id.
//!
//! # Scenario
//! ```json
//! {
//!   "start": [STEP, …],              before anything is read
//!   "turns": [TURN, …],              one for each message; when used up: `You said: …`
//!   "known": "/some/folder"          conversations kept as files there; `--resume` of another fails as the real one does
//!   "log": "/some/file"              every line of input is appended to it, after a line with the arguments
//! }
//! ```
//! A `TURN` is an array of steps, or `{"when": "text", "again": true, "steps": […]}`: taken only when the message
//! holds that text; used up after one use unless `again`. The first fitting one is taken.
//!
//! # Steps
//! | step | does |
//! |---|---|
//! | `{"text": "…"}` | streams a text block word by word, then the whole of it |
//! | `{"thinking": "…"}` | the same for thoughts |
//! | `{"write": {"path", "text"}}` `{"edit": {"path", "old", "new"}}` `{"read": {"path"}}` | the tools `Write`, `Edit`, `Read`: asked for, done, reported |
//! | `{"bash": {"command", "background"?: true}}` | the tool `Bash`: a shell in a session of its own |
//! | `{"tool": {"name", "input", "result"?, "suggest"?: ["Bash(ls:*)"]}}` | any other tool, without effect |
//! | `{"parallel": [tool steps]}` | asked for all at once |
//! | `{"disk": {"path", "text"}}` | writes a file without saying so (`null` removes it) |
//! | `{"spawn": "command"}` | a child in a session of its own, without saying so |
//! | `{"daemon": "command"}` | a grandchild whose parent has ended, in a session of its own |
//! | `{"touch": "path"}` `{"wait": "path"}` | makes a file; waits for one (gates for tests) |
//! | `{"hang": true}` | until interrupted |
//! | `{"pause": ms}` | for measurements; a test waits for a file instead |
//! | `{"flood": n}` | n one-word deltas as fast as possible |
//! | `{"ticks": {"count": n, "every": ms}}` | for measurements: deltas at that pace, each the time in µs since 1970 |
//! | `{"raw": "…"}` `{"hex": "…"}` `{"event": {…}}` `{"long": n}` | a line as it is; bytes; an event; an event of n bytes |
//! | `{"stderr": "…"}` | to standard error |
//! | `{"retry": {"attempt", "max", "delay_ms", "status"}}` | `system/api_retry` |
//! | `{"abandon": true}` | all blocks of the message so far are void |
//! | `{"denied": {"tool", "reason"}}` | `system/permission_denied` |
//! | `{"error": "…"}` | ends the turn with a failed result |
//! | `{"exit": code}` `{"signal": "KILL"}` | ends at once |
//! | `{"close_output": true}` | closes standard output and lives on |
//! | `{"ignore": ["interrupt", "term", "eof"]}` | from now on |
//! | `{"usage": {…}}` `{"window": n}` | fields of the result's `usage`; the model's context window there |
//! | `{"later": {"when": "path", "steps": […]}}` | speaks by itself once the turn is over and that file is there: a turn that nobody asked for, with a result of its own |
#![allow(clippy::print_stderr, reason = "a program of its own")]

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use serde_json::{Value, json};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let scenario = scenario();
    let mut standin = StandIn::new(&args, &scenario);
    standin.log(&format!("ARGS {}", json!(args)));
    if let Err(message) = standin.check_resume() {
        eprintln!("{message}");
        standin.print(json!({"type": "result", "subtype": "error_during_execution", "is_error": true, "num_turns": 0,
            "session_id": standin.session, "errors": [message]}));
        std::process::exit(1);
    }
    let _ = standin.steps(scenario.get("start").unwrap_or(&Value::Null), "");
    if args
        .windows(2)
        .any(|pair| pair == ["--input-format", "stream-json"])
    {
        standin.converse();
    } else {
        let mut prompt = String::new();
        std::io::stdin()
            .read_to_string(&mut prompt)
            .expect("a prompt");
        standin.turn(&prompt);
    }
    std::process::exit(i32::from(standin.failed));
}

fn scenario() -> Value {
    match std::env::var("CLAUDE_STANDIN") {
        Ok(text) if text.trim_start().starts_with('{') => {
            serde_json::from_str(&text).expect("a scenario")
        }
        Ok(path) => serde_json::from_str(&std::fs::read_to_string(path).expect("a scenario file"))
            .expect("a scenario"),
        Err(_) => json!({}),
    }
}

/// Why a turn ends before its steps do.
enum Stop {
    Interrupted,
    Failed(String),
}

#[derive(Default)]
struct Ignored {
    interrupt: bool,
    term: Arc<AtomicBool>,
    eof: bool,
}

struct StandIn {
    session: String,
    resumed: bool,
    skip_permissions: bool,
    turns: Vec<(Value, bool)>,
    known: Option<String>,
    log: Option<String>,
    input: Option<Receiver<Value>>,
    queued: VecDeque<String>,
    answers: HashMap<String, Value>,
    interrupted: bool,
    ignored: Ignored,
    shells: Arc<Mutex<Vec<Child>>>,
    failed: bool,
    messages: u64,
    blocks: u64,
    ids: u64,
    turn_usage: Value,
    window: Value,
    /// What it will say by itself.
    later: VecDeque<Value>,
    cost: f64,
    output_closed: bool,
}

impl StandIn {
    fn new(args: &[String], scenario: &Value) -> Self {
        let resume = args
            .iter()
            .find_map(|arg| arg.strip_prefix("--resume="))
            .map(String::from);
        let text = |key: &str| scenario.get(key).and_then(Value::as_str).map(String::from);
        let standin = Self {
            resumed: resume.is_some(),
            session: resume.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
            skip_permissions: args
                .iter()
                .any(|arg| arg == "--dangerously-skip-permissions"),
            turns: scenario["turns"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|turn| (turn.clone(), false))
                .collect(),
            known: text("known"),
            log: text("log"),
            input: None,
            queued: VecDeque::new(),
            answers: HashMap::new(),
            interrupted: false,
            ignored: Ignored::default(),
            shells: Arc::default(),
            failed: false,
            messages: 0,
            blocks: 0,
            ids: 0,
            turn_usage: Value::Null,
            window: Value::Null,
            later: VecDeque::new(),
            cost: 0.0,
            output_closed: false,
        };
        standin.end_at_sigterm();
        standin
    }

    /// As the real one: 143, and its shells with it.
    fn end_at_sigterm(&self) {
        let (shells, ignored) = (self.shells.clone(), self.ignored.term.clone());
        let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM])
            .expect("a signal handler");
        std::thread::spawn(move || {
            for _ in &mut signals {
                if !ignored.load(Ordering::Relaxed) {
                    shells
                        .lock()
                        .expect("shells")
                        .iter_mut()
                        .for_each(kill_session);
                    std::process::exit(143);
                }
            }
        });
    }

    fn check_resume(&self) -> Result<(), String> {
        let Some(folder) = &self.known else {
            return Ok(());
        };
        if self.resumed && !Path::new(folder).join(&self.session).exists() {
            return Err(format!(
                "No conversation found with session ID: {}",
                self.session
            ));
        }
        Ok(())
    }

    fn converse(&mut self) {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().split(b'\n').map_while(Result::ok) {
                if line.is_empty() {
                    continue;
                }
                // As the real one does at a line that is no JSON.
                let Ok(value) = serde_json::from_slice(&line) else {
                    std::process::exit(1)
                };
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        self.input = Some(receiver);
        loop {
            if let Some(prompt) = self.queued.pop_front() {
                self.turn(&prompt);
            } else if let Some(steps) = self.due() {
                self.speak(&steps);
            } else if !self.receive(self.patience()) {
                break;
            }
        }
        if self.ignored.eof {
            loop {
                std::thread::park();
            }
        }
    }

    /// What it has to say by itself now.
    fn due(&mut self) -> Option<Value> {
        let when = self.later.front()?["when"].as_str().unwrap_or_default();
        if !Path::new(when).exists() {
            return None;
        }
        self.later.pop_front().map(|later| later["steps"].clone())
    }

    fn patience(&self) -> Duration {
        if self.later.is_empty() {
            Duration::from_secs(3600)
        } else {
            Duration::from_millis(5)
        }
    }

    /// Takes a line of input, if one comes in time; `false` at its end.
    fn receive(&mut self, patience: Duration) -> bool {
        let Some(input) = &self.input else {
            std::thread::sleep(patience);
            return true;
        };
        match input.recv_timeout(patience) {
            Ok(line) => {
                self.log(&line.to_string());
                self.take(&line);
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    fn take(&mut self, line: &Value) {
        match line["type"].as_str() {
            Some("user") => self.queued.push_back(
                line["message"]["content"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            ),
            Some("control_response") => {
                let response = &line["response"];
                let id = response["request_id"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                self.answers.insert(id, response["response"].clone());
            }
            Some("control_request") => {
                let interrupt = line["request"]["subtype"] == "interrupt";
                if interrupt && self.ignored.interrupt {
                    return;
                }
                self.print(json!({"type": "control_response", "response": {
                    "subtype": "success", "request_id": line["request_id"], "response": {}}}));
                self.interrupted |= interrupt;
                if line["request"]["subtype"] == "set_permission_mode" {
                    self.skip_permissions = line["request"]["mode"] == "bypassPermissions";
                }
            }
            _ => {}
        }
    }

    fn turn(&mut self, prompt: &str) {
        let steps = self.choose(prompt);
        self.play(&steps, prompt, Value::Null);
    }

    /// As the real one does when a command that it left in the background has ended.
    fn speak(&mut self, steps: &Value) {
        self.print(
            json!({"type": "system", "subtype": "task_notification", "session_id": self.session,
            "status": "completed"}),
        );
        self.play(steps, "", json!({"kind": "task-notification"}));
    }

    fn play(&mut self, steps: &Value, prompt: &str, origin: Value) {
        self.interrupted = false;
        self.turn_usage = json!({"input_tokens": 10, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
            "output_tokens": 5});
        if let Some(folder) = &self.known {
            std::fs::create_dir_all(folder).expect("a folder");
            std::fs::write(Path::new(folder).join(&self.session), "").expect("a file");
        }
        self.print(json!({"type": "system", "subtype": "init", "session_id": self.session, "tools": ["Bash", "Edit",
            "Read", "Write"], "mcp_servers": [], "model": "claude-standin", "permissionMode": "default"}));
        self.print(json!({"type": "system", "subtype": "status", "status": "requesting"}));
        self.begin_message();
        let stop = self.steps(steps, prompt).and_then(|()| self.check()).err();
        self.end_message();
        self.finish(stop, origin);
    }

    fn choose(&mut self, prompt: &str) -> Value {
        for (turn, used) in &mut self.turns {
            let fits = turn
                .get("when")
                .and_then(Value::as_str)
                .is_none_or(|when| prompt.contains(when));
            if fits && !*used {
                *used = turn.get("again") != Some(&json!(true));
                return turn.get("steps").unwrap_or(turn).clone();
            }
        }
        let last = prompt.trim_end().lines().last().unwrap_or_default();
        json!([{"text": format!("You said: {last}")}])
    }

    fn finish(&mut self, stop: Option<Stop>, origin: Value) {
        self.cost += 0.001;
        self.failed = stop.is_some();
        let mut result = json!({"type": "result", "subtype": "success", "is_error": false, "num_turns": 1,
            "result": "", "session_id": self.session, "total_cost_usd": self.cost, "usage": self.turn_usage,
            "permission_denials": [], "terminal_reason": "completed"});
        if !origin.is_null() {
            result["origin"] = origin;
        }
        if !self.window.is_null() {
            result["modelUsage"] =
                json!({"claude-standin": {"inputTokens": 1, "contextWindow": self.window}});
        }
        match stop {
            None => {}
            Some(Stop::Interrupted) => {
                result["subtype"] = "error_during_execution".into();
                result["is_error"] = true.into();
                result["terminal_reason"] = "aborted_streaming".into();
            }
            Some(Stop::Failed(message)) => {
                self.print(json!({"type": "assistant", "parent_tool_use_id": null, "message": {"id": "synthetic",
                    "model": "<synthetic>", "role": "assistant", "content": [{"type": "text", "text": message}]}}));
                result["is_error"] = true.into();
                result["result"] = message.into();
                result["terminal_reason"] = "api_error".into();
            }
        }
        self.print(result);
    }

    fn steps(&mut self, steps: &Value, prompt: &str) -> Result<(), Stop> {
        for step in steps.as_array().into_iter().flatten() {
            self.check()?;
            for (name, value) in step.as_object().into_iter().flatten() {
                self.step(name, value, prompt)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, name: &str, value: &Value, prompt: &str) -> Result<(), Stop> {
        let text = value.as_str().unwrap_or_default();
        match name {
            "text" if text == "$PROMPT" => self.words("text", prompt),
            "text" | "thinking" => self.words(name, text),
            "flood" => self.flood(value.as_u64().unwrap_or(0)),
            "ticks" => return self.ticks(value),
            "write" | "edit" | "read" | "bash" | "tool" => return self.tools(&[(name, value)]),
            "parallel" => {
                let steps: Vec<_> = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_object)
                    .collect();
                let tools = steps
                    .iter()
                    .flat_map(|step| step.iter())
                    .map(|(name, value)| (name.as_str(), value));
                return self.tools(&tools.collect::<Vec<_>>());
            }
            "disk" => write_file(
                value["path"].as_str().unwrap_or_default(),
                value["text"].as_str(),
            ),
            "spawn" => drop(session(text).spawn().expect("a child")),
            "daemon" => {
                let command = format!("(setsid sh -c {} >/dev/null 2>&1 &)", quoted(text));
                Command::new("sh")
                    .args(["-c", &command])
                    .status()
                    .expect("a shell");
            }
            "touch" => write_file(text, Some("")),
            "wait" => return self.wait_until(|| Path::new(text).exists()),
            "hang" => return self.wait_until(|| false),
            "pause" => {
                let end =
                    std::time::Instant::now() + Duration::from_millis(value.as_u64().unwrap_or(0));
                return self.wait_until(|| std::time::Instant::now() >= end);
            }
            "error" => return Err(Stop::Failed(text.to_owned())),
            "ignore" => self.ignore(value),
            "window" => self.window = value.clone(),
            "later" => self.later.push_back(value.clone()),
            "usage" => merge(&mut self.turn_usage, value),
            "exit" => std::process::exit(value.as_i64().unwrap_or(1) as i32),
            "signal" => kill_self(text),
            _ => self.say(name, value),
        }
        Ok(())
    }

    /// Steps that only print.
    fn say(&mut self, name: &str, value: &Value) {
        let text = value.as_str().unwrap_or_default();
        match name {
            "raw" => self.line(text.as_bytes()),
            "hex" => self.line(&bytes(text)),
            "event" => self.print(value.clone()),
            "long" => {
                let filler = "x".repeat(value.as_u64().unwrap_or(0) as usize);
                self.print(json!({"type": "system", "subtype": "from_the_future", "filler": filler}));
            }
            "stderr" => eprintln!("{text}"),
            "retry" => self.print(json!({"type": "system", "subtype": "api_retry", "attempt": value["attempt"],
                "max_retries": value["max"], "retry_delay_ms": value["delay_ms"], "error_status": value["status"],
                "error": "server_error"})),
            "denied" => self.print(json!({"type": "system", "subtype": "permission_denied",
                "tool_name": value["tool"], "message": value["reason"]})),
            "abandon" => {
                self.print(json!({"type": "stream_event", "parent_tool_use_id": null,
                    "event": {"type": "message_stop"}, "abandoned_blocks": {
                        "api_message_id": format!("msg_{}", self.messages), "from_block_index": 0}}));
                self.begin_message();
            }
            "close_output" => self.close_output(),
            other => panic!("the scenario has an unknown step `{other}`"),
        }
    }

    fn ignore(&mut self, what: &Value) {
        for name in what.as_array().into_iter().flatten() {
            match name.as_str() {
                Some("interrupt") => self.ignored.interrupt = true,
                Some("term") => self.ignored.term.store(true, Ordering::Relaxed),
                Some("eof") => self.ignored.eof = true,
                other => panic!("cannot ignore {other:?}"),
            }
        }
    }

    fn check(&mut self) -> Result<(), Stop> {
        self.wait_until(|| true)
    }

    /// Waits, answering what comes meanwhile; an interrupt ends it.
    fn wait_until(&mut self, mut done: impl FnMut() -> bool) -> Result<(), Stop> {
        let mut patience = Duration::ZERO;
        loop {
            let open = self.receive(patience);
            if self.interrupted {
                return Err(Stop::Interrupted);
            }
            if done() {
                return Ok(());
            }
            if !open {
                std::thread::sleep(Duration::from_millis(5));
            }
            patience = Duration::from_millis(5);
        }
    }

    fn words(&mut self, kind: &str, text: &str) {
        let index = self.begin_block(if kind == "text" {
            json!({"type": "text", "text": ""})
        } else {
            json!({"type": "thinking", "thinking": "", "signature": ""})
        });
        for word in text.split_inclusive(' ') {
            self.delta(index, json!({"type": format!("{kind}_delta"), kind: word}));
        }
        self.whole(json!({"type": kind, kind: text}));
        self.end_block(index);
    }

    fn ticks(&mut self, value: &Value) -> Result<(), Stop> {
        let number = |key: &str| value[key].as_u64().unwrap_or(0);
        let index = self.begin_block(json!({"type": "text", "text": ""}));
        let begin = std::time::Instant::now();
        for tick in 0..number("count") {
            let due = begin + Duration::from_millis(number("every") * tick);
            self.wait_until(|| std::time::Instant::now() >= due)?;
            let now = std::time::UNIX_EPOCH.elapsed().expect("a time after 1970");
            let text = format!("{} ", now.as_micros());
            self.delta(index, json!({"type": "text_delta", "text": text}));
        }
        self.end_block(index);
        Ok(())
    }

    fn flood(&mut self, count: u64) {
        let index = self.begin_block(json!({"type": "text", "text": ""}));
        let mut all = String::new();
        for number in 0..count {
            let word = format!("{number} ");
            self.delta(index, json!({"type": "text_delta", "text": word}));
            all.push_str(&word);
        }
        self.whole(json!({"type": "text", "text": all}));
        self.end_block(index);
    }

    fn tools(&mut self, steps: &[(&str, &Value)]) -> Result<(), Stop> {
        let mut uses = Vec::new();
        for (kind, value) in steps {
            let (name, input) = tool_input(kind, value);
            self.ids += 1;
            let id = format!("toolu_{}_{}", std::process::id(), self.ids);
            let index =
                self.begin_block(json!({"type": "tool_use", "id": id, "name": name, "input": {}}));
            let text = input.to_string();
            let half = text
                .char_indices()
                .nth(text.chars().count() / 2)
                .map_or(0, |(at, _)| at);
            for piece in [&text[..half], &text[half..]] {
                self.delta(
                    index,
                    json!({"type": "input_json_delta", "partial_json": piece}),
                );
            }
            self.whole(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
            self.end_block(index);
            uses.push((*kind, *value, id, name, input));
        }
        let questions: Vec<_> = if self.skip_permissions {
            Vec::new()
        } else {
            uses.iter()
                .map(|(_, value, id, name, input)| self.ask(id, name, input, &value["suggest"]))
                .collect()
        };
        self.end_message();
        for (place, (kind, value, id, _, input)) in uses.iter().enumerate() {
            let input = match questions.get(place) {
                None => Ok(input.clone()),
                Some(question) => self.answer(question)?,
            };
            let outcome = match input {
                Ok(input) => self.perform(kind, &input, value)?,
                Err(reason) => Err(reason),
            };
            let (text, is_error) = outcome.map_or_else(|error| (error, true), |text| (text, false));
            self.print(json!({"type": "user", "parent_tool_use_id": null, "message": {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": id, "content": text, "is_error": is_error}]},
                "tool_use_result": {"filePath": input_path(kind, value)}}));
        }
        self.begin_message();
        Ok(())
    }

    fn ask(&mut self, id: &str, name: &str, input: &Value, suggest: &Value) -> String {
        let request = uuid::Uuid::new_v4().to_string();
        let rules = suggest
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let rules: Vec<Value> = rules
            .filter_map(|rule| rule.trim_end_matches(')').split_once('('))
            .map(|(tool, content)| json!({"toolName": tool, "ruleContent": content}))
            .collect();
        let suggestions = json!([{"type": "addRules", "rules": rules, "behavior": "allow", "destination": "session"}]);
        self.print(json!({"type": "control_request", "request_id": request, "request": {
            "subtype": "can_use_tool", "tool_name": name, "input": input, "description": format!("uses {name}"),
            "tool_use_id": id, "permission_suggestions": suggestions}}));
        request
    }

    /// The input to use, or why not to.
    fn answer(&mut self, request: &str) -> Result<Result<Value, String>, Stop> {
        loop {
            if let Some(answer) = self.answers.remove(request) {
                let reason = answer["message"].as_str().unwrap_or_default().to_owned();
                return Ok(if answer["behavior"] == "allow" {
                    Ok(answer["updatedInput"].clone())
                } else {
                    Err(reason)
                });
            }
            if let Err(stop) = self.check() {
                self.print(json!({"type": "control_cancel_request", "request_id": request}));
                return Err(stop);
            }
            if !self.receive(Duration::from_millis(5)) {
                // Nobody is left to answer.
                std::process::exit(1);
            }
        }
    }

    fn perform(
        &mut self,
        kind: &str,
        input: &Value,
        step: &Value,
    ) -> Result<Result<String, String>, Stop> {
        let path = input["file_path"].as_str().unwrap_or_default();
        Ok(match kind {
            "write" => {
                write_file(path, input["content"].as_str());
                Ok(format!("File created successfully at: {path}"))
            }
            "edit" => edit_file(path, &input["old_string"], &input["new_string"]),
            "read" => std::fs::read_to_string(path).map_err(|error| error.to_string()),
            "bash" => {
                return self.shell(
                    input["command"].as_str().unwrap_or_default(),
                    step["background"] == true,
                );
            }
            _ => Ok(step["result"].as_str().unwrap_or("ok").to_owned()),
        })
    }

    fn shell(&mut self, command: &str, background: bool) -> Result<Result<String, String>, Stop> {
        let file = tempfile::NamedTempFile::new().expect("a file for output");
        let output = file.reopen().expect("the same file");
        let child = session(command).stdout(output).spawn().expect("a shell");
        let shells = self.shells.clone();
        shells.lock().expect("shells").push(child);
        if background {
            return Ok(Ok("running in the background".into()));
        }
        let mut status = None;
        let waited = self.wait_until(|| {
            let mut shells = shells.lock().expect("shells");
            status = shells
                .last_mut()
                .and_then(|child| child.try_wait().ok().flatten());
            status.is_some()
        });
        if let Err(stop) = waited {
            shells
                .lock()
                .expect("shells")
                .iter_mut()
                .for_each(kill_session);
            return Err(stop);
        }
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        Ok(if status.is_some_and(|status| status.success()) {
            Ok(text)
        } else {
            Err(text)
        })
    }

    fn begin_message(&mut self) {
        self.messages += 1;
        self.blocks = 0;
        self.stream(
            json!({"type": "message_start", "message": {"id": format!("msg_{}", self.messages),
            "type": "message", "role": "assistant", "content": [], "usage": self.turn_usage}}),
        );
    }

    fn end_message(&mut self) {
        self.stream(json!({"type": "message_stop"}));
    }

    fn begin_block(&mut self, block: Value) -> u64 {
        let index = self.blocks;
        self.blocks += 1;
        self.stream(json!({"type": "content_block_start", "index": index, "content_block": block}));
        index
    }

    fn delta(&mut self, index: u64, delta: Value) {
        self.stream(json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }

    fn end_block(&mut self, index: u64) {
        self.stream(json!({"type": "content_block_stop", "index": index}));
    }

    fn whole(&mut self, block: Value) {
        self.print(json!({"type": "assistant", "parent_tool_use_id": null, "message": {
            "id": format!("msg_{}", self.messages), "model": "claude-standin", "role": "assistant", "content": [block]}}));
    }

    fn stream(&mut self, event: Value) {
        self.print(
            json!({"type": "stream_event", "parent_tool_use_id": null, "session_id": self.session,
            "event": event}),
        );
    }

    fn print(&mut self, event: Value) {
        self.line(event.to_string().as_bytes());
    }

    /// Ends when nobody reads, as the real one does at SIGPIPE.
    fn line(&mut self, line: &[u8]) {
        if self.output_closed {
            return;
        }
        let mut out = std::io::stdout().lock();
        if out
            .write_all(line)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
            .is_err()
        {
            std::process::exit(141);
        }
    }

    fn close_output(&mut self) {
        self.output_closed = true;
        let null = std::fs::File::create("/dev/null").expect("/dev/null");
        rustix::stdio::dup2_stdout(&null).expect("closed");
    }

    fn log(&self, line: &str) {
        if let Some(path) = &self.log {
            let mut file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .expect("a log");
            file.write_all(format!("{line}\n").as_bytes())
                .expect("a log");
        }
    }
}

fn tool_input(kind: &str, value: &Value) -> (String, Value) {
    let path = &value["path"];
    match kind {
        "write" => (
            "Write".into(),
            json!({"file_path": path, "content": value["text"]}),
        ),
        "edit" => (
            "Edit".into(),
            json!({"file_path": path, "old_string": value["old"], "new_string": value["new"]}),
        ),
        "read" => ("Read".into(), json!({"file_path": path})),
        "bash" => ("Bash".into(), json!({"command": value["command"]})),
        _ => (
            value["name"].as_str().unwrap_or("Tool").to_owned(),
            value["input"].clone(),
        ),
    }
}

fn input_path(kind: &str, value: &Value) -> Value {
    if matches!(kind, "write" | "edit" | "read") {
        value["path"].clone()
    } else {
        Value::Null
    }
}

/// Replaces the file by a new one, as the real program does.
fn write_file(path: &str, text: Option<&str>) {
    let path = Path::new(path);
    match text {
        Some(text) => {
            let folder = path.parent().expect("a folder");
            std::fs::create_dir_all(folder).expect("a folder");
            let mut file = tempfile::NamedTempFile::new_in(folder).expect("a file");
            file.write_all(text.as_bytes()).expect("written");
            file.persist(path).expect("renamed");
        }
        None => std::fs::remove_file(path).expect("removed"),
    }
}

fn edit_file(path: &str, old: &Value, new: &Value) -> Result<String, String> {
    let (old, new) = (
        old.as_str().unwrap_or_default(),
        new.as_str().unwrap_or_default(),
    );
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    if !text.contains(old) {
        return Err("String to replace not found in file.".into());
    }
    write_file(path, Some(&text.replacen(old, new, 1)));
    Ok(format!("The file {path} has been updated successfully."))
}

fn session(command: &str) -> Command {
    let mut shell = Command::new("setsid");
    shell
        .args(["sh", "-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    shell
}

fn kill_session(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    let _ = child.wait();
}

fn kill_self(signal: &str) {
    let signal = match signal {
        "KILL" => rustix::process::Signal::KILL,
        "ABRT" => rustix::process::Signal::ABORT,
        other => panic!("no signal {other}"),
    };
    let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| Some(digit.to_digit(16)? as u8))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect()
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        into[key] = value.clone();
    }
}
