//! A stand-in for the Messages API on loopback: answers the real claude from a script.
//!
//! Requests without tools are the program's side questions (titles and the like); they are answered aside and use up no
//! scripted answer.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use super::DEADLINE;

/// Something that a streamed answer waits for in its midst.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets everything through from now on.
    pub fn open(&self) {
        *self.0.0.lock().expect("a sound lock") = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let open = self.0.0.lock().expect("a sound lock");
        let _ = self.0.1.wait_timeout_while(open, DEADLINE, |open| !*open);
    }
}

/// One scripted answer of the model.
#[derive(Clone)]
pub struct Reply {
    status: Option<u16>,
    blocks: Vec<Block>,
    broken: bool,
}

#[derive(Clone)]
enum Block {
    Text(String),
    Thinking(String),
    Tool { name: String, input: Value },
    Wait(Gate),
}

impl Reply {
    /// An answer of text only.
    pub fn text(text: &str) -> Self {
        Self {
            status: None,
            blocks: Vec::new(),
            broken: false,
        }
        .then_text(text)
    }

    /// An answer that only uses a tool.
    pub fn tool(name: &str, input: Value) -> Self {
        Self {
            status: None,
            blocks: Vec::new(),
            broken: false,
        }
        .then_tool(name, input)
    }

    /// An HTTP error.
    pub fn error(status: u16) -> Self {
        Self {
            status: Some(status),
            blocks: Vec::new(),
            broken: false,
        }
    }

    /// More text, in a block of its own.
    pub fn then_text(mut self, text: &str) -> Self {
        self.blocks.push(Block::Text(text.to_owned()));
        self
    }

    /// A use of a tool.
    pub fn then_tool(mut self, name: &str, input: Value) -> Self {
        self.blocks.push(Block::Tool {
            name: name.to_owned(),
            input,
        });
        self
    }

    /// Thinking.
    pub fn then_thinking(mut self, text: &str) -> Self {
        self.blocks.push(Block::Thinking(text.to_owned()));
        self
    }

    /// The stream stops here until the gate opens.
    pub fn then_wait(mut self, gate: &Gate) -> Self {
        self.blocks.push(Block::Wait(gate.clone()));
        self
    }

    /// The connection is lost within the last block.
    pub fn broken(mut self) -> Self {
        self.broken = true;
        self
    }
}

#[derive(Default)]
struct State {
    replies: VecDeque<Reply>,
    requests: Vec<Value>,
    used: usize,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The running stand-in; ends when dropped.
pub struct MessagesApi {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl MessagesApi {
    /// Starts it with these answers, given in this order.
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let api = Self {
            address,
            shared: Arc::clone(&shared),
        };
        api.script(replies);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if shared.state.lock().expect("a sound lock").closed {
                    break;
                }
                let shared = Arc::clone(&shared);
                // A client that hangs up in the midst is its own affair.
                thread::spawn(move || serve(connection, &shared).ok());
            }
        });
        api
    }

    /// Adds answers.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared
            .state
            .lock()
            .expect("a sound lock")
            .replies
            .extend(replies);
    }

    /// For `ANTHROPIC_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bodies of the requests that used a scripted answer, waiting until there are `count`.
    pub fn requests(&self, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self.shared.state.lock().expect("a sound lock");
        while state.requests.len() < count {
            let rest = deadline.saturating_duration_since(Instant::now());
            assert!(
                !rest.is_zero(),
                "{count} requests were expected, {} came",
                state.requests.len()
            );
            state = self
                .shared
                .changed
                .wait_timeout(state, rest)
                .expect("a sound lock")
                .0;
        }
        state.requests.clone()
    }
}

impl Drop for MessagesApi {
    fn drop(&mut self) {
        self.shared.state.lock().expect("a sound lock").closed = true;
        // Wakes the listener up, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(connection: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    while let Some((method, path, body)) = read_request(&mut reader)? {
        match (method.as_str(), path.split('?').next().unwrap_or_default()) {
            ("HEAD", _) => respond(&mut writer, 200, "")?,
            ("POST", "/v1/messages/count_tokens") => {
                respond(&mut writer, 200, r#"{"input_tokens":10}"#)?
            }
            ("POST", "/v1/messages") => {
                let reply = next_reply(shared, &body);
                if !answer(&mut writer, &reply, &body)? {
                    return writer.shutdown(Shutdown::Both);
                }
            }
            _ => respond(&mut writer, 404, "{}")?,
        }
    }
    Ok(())
}

fn next_reply(shared: &Shared, body: &Value) -> Reply {
    if body["tools"].as_array().is_none_or(Vec::is_empty) {
        return Reply::text("aside");
    }
    let mut state = shared.state.lock().expect("a sound lock");
    state.requests.push(body.clone());
    state.used += 1;
    shared.changed.notify_all();
    state
        .replies
        .pop_front()
        .unwrap_or_else(|| Reply::text("The script is at its end."))
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<(String, String, Value)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((
        method,
        path,
        serde_json::from_slice(&body).unwrap_or_default(),
    )))
}

fn respond(writer: &mut impl Write, status: u16, body: &str) -> io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    writer.write_all(head.as_bytes())?;
    writer.write_all(body.as_bytes())
}

/// Answers a request for a message; false when the connection is to be lost.
fn answer(writer: &mut impl Write, reply: &Reply, body: &Value) -> io::Result<bool> {
    if let Some(status) = reply.status {
        let error =
            json!({"type": "error", "error": {"type": "api_error", "message": "scripted failure"}});
        respond(writer, status, &error.to_string())?;
        return Ok(true);
    }
    let stop = if reply
        .blocks
        .iter()
        .any(|block| matches!(block, Block::Tool { .. }))
    {
        "tool_use"
    } else {
        "end_turn"
    };
    let mut message = json!({
        "id": format!("msg_{}", uuid::Uuid::new_v4().simple()), "type": "message", "role": "assistant",
        "model": body["model"], "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 12, "output_tokens": 1},
    });
    if body["stream"] != true {
        message["content"] = reply.blocks.iter().filter_map(whole_block).collect();
        message["stop_reason"] = json!(stop);
        respond(writer, 200, &message.to_string())?;
        return Ok(true);
    }
    writer.write_all(
        b"HTTP/1.1 200 -\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
    )?;
    event(
        writer,
        &json!({"type": "message_start", "message": message}),
    )?;
    let blocks = reply
        .blocks
        .iter()
        .filter(|block| !matches!(block, Block::Wait(_)))
        .count();
    let mut index = 0;
    for block in &reply.blocks {
        if let Block::Wait(gate) = block {
            gate.wait();
            continue;
        }
        stream_block(writer, index, block)?;
        index += 1;
        if reply.broken && index == blocks {
            return Ok(false);
        }
        event(
            writer,
            &json!({"type": "content_block_stop", "index": index - 1}),
        )?;
    }
    let delta = json!({"stop_reason": stop, "stop_sequence": null});
    event(
        writer,
        &json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}}),
    )?;
    event(writer, &json!({"type": "message_stop"}))?;
    Ok(false)
}

fn stream_block(writer: &mut impl Write, index: usize, block: &Block) -> io::Result<()> {
    let (mut start, deltas) = match block {
        Block::Text(text) => {
            let delta = |text: String| json!({"type": "text_delta", "text": text});
            (
                json!({"type": "text", "text": ""}),
                pieces(text).map(delta).collect::<Vec<_>>(),
            )
        }
        Block::Thinking(text) => (
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            vec![
                json!({"type": "thinking_delta", "thinking": text}),
                json!({"type": "signature_delta", "signature": "signed"}),
            ],
        ),
        Block::Tool { input, .. } => {
            let delta = |piece: String| json!({"type": "input_json_delta", "partial_json": piece});
            let start = whole_block(block).expect("a tool is a block");
            (start, pieces(&input.to_string()).map(delta).collect())
        }
        Block::Wait(_) => return Ok(()),
    };
    if matches!(block, Block::Tool { .. }) {
        start["input"] = json!({});
    }
    event(
        writer,
        &json!({"type": "content_block_start", "index": index, "content_block": start}),
    )?;
    for delta in deltas {
        event(
            writer,
            &json!({"type": "content_block_delta", "index": index, "delta": delta}),
        )?;
    }
    Ok(())
}

fn whole_block(block: &Block) -> Option<Value> {
    match block {
        Block::Text(text) => Some(json!({"type": "text", "text": text})),
        Block::Thinking(text) => {
            Some(json!({"type": "thinking", "thinking": text, "signature": "signed"}))
        }
        Block::Tool { name, input } => {
            let id = format!("toolu_{}", uuid::Uuid::new_v4().simple());
            Some(json!({"type": "tool_use", "id": id, "name": name, "input": input}))
        }
        Block::Wait(_) => None,
    }
}

/// A text in pieces such as a model streams.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    characters
        .chunks(8)
        .map(|piece| piece.iter().collect())
        .collect::<Vec<String>>()
        .into_iter()
}

fn event(writer: &mut impl Write, event: &Value) -> io::Result<()> {
    let kind = event["type"].as_str().expect("a type");
    writer.write_all(format!("event: {kind}\ndata: {event}\n\n").as_bytes())?;
    writer.flush()
}
