//! What is written to the program: one JSON object a line. (A line that is no JSON would kill it.)

use serde_json::{Value, json};

/// A message of the user: begins a turn.
pub fn user_message(text: &str) -> String {
    json!({"type": "user", "message": {"role": "user", "content": text}}).to_string()
}

/// A request of ours; the answer carries the same id.
pub fn request(request_id: &str, subtype: &str, fields: Value) -> String {
    let mut request = fields;
    if !request.is_object() {
        request = json!({});
    }
    request["subtype"] = subtype.into();
    json!({"type": "control_request", "request_id": request_id, "request": request}).to_string()
}

/// "You may", with the input as it was asked for.
pub fn allow(request_id: &str, input: &Value) -> String {
    answer(
        request_id,
        json!({"behavior": "allow", "updatedInput": input}),
    )
}

/// "You may not", and why.
pub fn deny(request_id: &str, reason: &str) -> String {
    answer(request_id, json!({"behavior": "deny", "message": reason}))
}

/// "We do not know this request": a program left without an answer would wait for ever.
pub fn refuse(request_id: &str, subtype: &str) -> String {
    let error = format!("atomizer-lsp does not answer `{subtype}`");
    json!({"type": "control_response", "response": {"subtype": "error", "request_id": request_id, "error": error}})
        .to_string()
}

fn answer(request_id: &str, response: Value) -> String {
    json!({
        "type": "control_response",
        "response": {"subtype": "success", "request_id": request_id, "response": response},
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_one_line() {
        let text = "two\nlines \u{2028} and\r\nmore";
        for line in [
            user_message(text),
            deny("1", text),
            allow("1", &json!({"command": text})),
        ] {
            assert!(!line.contains(['\n', '\r']), "{line}");
            assert!(serde_json::from_str::<Value>(&line).is_ok());
        }
    }

    #[test]
    fn a_request_carries_its_subtype_beside_its_fields() {
        let line: Value =
            serde_json::from_str(&request("7", "set_model", json!({"model": "opus"})))
                .expect("JSON");
        assert_eq!(
            line["request"],
            json!({"model": "opus", "subtype": "set_model"})
        );
        let line: Value =
            serde_json::from_str(&request("8", "interrupt", Value::Null)).expect("JSON");
        assert_eq!(line["request"], json!({"subtype": "interrupt"}));
    }
}
