//! What stdin and stdout may be.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::Shutdown,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

const SERVER: &str = env!("CARGO_BIN_EXE_atomizer-lsp");

fn framed(messages: &[Value]) -> Vec<u8> {
    let frame = |message: &Value| {
        let body = message.to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    };
    messages.iter().map(frame).collect::<String>().into_bytes()
}

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

fn initialize() -> Value {
    request(1, "initialize", json!({ "capabilities": {} }))
}

/// Opens a text of a megabyte and asks for what is as long.
fn long_question() -> Vec<Value> {
    let uri = "file:///none/atomizer_spec.json";
    let expressions: Vec<Value> = (0..20_000)
        .map(|number| json!({ "name": format!("p{number}"), "value": 1 }))
        .collect();
    let text = json!({ "model": { "introspection": { "expressions": expressions } } }).to_string();
    let document = json!({ "uri": uri, "languageId": "json", "version": 1, "text": text });
    vec![
        initialize(),
        notification("initialized", json!({})),
        notification("textDocument/didOpen", json!({ "textDocument": document })),
        request(
            2,
            "textDocument/documentSymbol",
            json!({ "textDocument": { "uri": uri } }),
        ),
    ]
}

/// The next answer to `id`.
fn answer(output: &mut impl BufRead, id: u64) -> Value {
    loop {
        let mut length = 0;
        let mut line = String::new();
        while output.read_line(&mut line).expect("a header") > 2 {
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().expect("a length");
            }
            line.clear();
        }
        assert!(length > 0, "the server has ended");
        let mut body = vec![0; length];
        output.read_exact(&mut body).expect("a body");
        let message: Value = serde_json::from_slice(&body).expect("JSON");
        if message["id"] == id {
            assert_eq!(message["error"], Value::Null);
            return message["result"].clone();
        }
    }
}

fn speaks(input: Stdio, output: Stdio, mut to: impl Write, from: impl Read) {
    let mut server = Command::new(SERVER);
    let mut child = server
        .arg("serve")
        .env_clear()
        .stdin(input)
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    drop(server);
    let mut from = BufReader::new(from);
    to.write_all(&framed(&long_question())).expect("written");
    let symbols = answer(&mut from, 2).to_string();
    assert!(symbols.len() > 1 << 20, "{} bytes", symbols.len());
    to.write_all(&framed(&[request(3, "shutdown", Value::Null)]))
        .expect("written");
    assert_eq!(answer(&mut from, 3), Value::Null);
    to.write_all(&framed(&[notification("exit", Value::Null)]))
        .expect("written");
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}

#[test]
fn a_client_may_speak_through_two_sockets() {
    let (to, input) = UnixStream::pair().expect("sockets");
    let (output, from) = UnixStream::pair().expect("sockets");
    let stdio = |socket| Stdio::from(OwnedFd::from(socket));
    speaks(stdio(input), stdio(output), to, from);
}

#[test]
fn a_client_may_speak_through_one_socket_whose_buffer_is_smaller_than_an_answer() {
    let (ours, theirs) = UnixStream::pair().expect("sockets");
    let input = OwnedFd::from(theirs);
    let output = input.try_clone().expect("another");
    let to = ours.try_clone().expect("another");
    speaks(Stdio::from(input), Stdio::from(output), to, &ours);
    ours.shutdown(Shutdown::Both).expect("closed");
}

#[test]
fn messages_may_come_from_a_file() {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&framed(&[initialize()])).expect("written");
    std::io::Seek::rewind(&mut file).expect("rewound");
    let run = Command::new(SERVER)
        .arg("serve")
        .env_clear()
        .stdin(file)
        .output()
        .expect("runs");
    assert_eq!(run.status.code(), Some(1), "as at the end of any stdin");
    let mut output = &run.stdout[..];
    assert!(answer(&mut output, 1)["capabilities"].is_object());
}
