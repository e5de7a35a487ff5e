//! Canvas modifications in Claude's answer: JSON objects with a `modification` key, in code fences, inline, or inside
//! other objects. The answer is prose with JSON in it, so that every brace may or may not begin an object; one that
//! does not must not hide one that does, nor cost more than its length.

use std::{collections::HashSet, ops::Range};

use serde_json::Value;

/// The modifications in `answer`, in order, each once however often it is repeated. Takes time linear in the length.
pub fn modifications(answer: &str) -> Vec<Value> {
    let mut found = Vec::new();
    if answer.contains("\"modification\"") {
        for range in objects(answer.as_bytes()) {
            if let Ok(value) = serde_json::from_str(&answer[range]) {
                collect(&value, &mut found);
            }
        }
    }
    let mut seen = HashSet::new();
    found.retain(|modification| seen.insert(modification.clone()));
    found
}

/// Modifications in a value, outermost first. One that is no object says nothing that could be done.
fn collect(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if key == "modification" && value.is_object() {
                    found.push(value.clone());
                } else {
                    collect(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

/// The outermost balanced objects of a text, in order.
///
/// From each brace a scan goes on for as long as the text could be JSON. A brace that an earlier scan has met as such
/// is not scanned again: what it begins was found then, or breaks off where that scan did. Two scans that meet the
/// same byte either agree on whether it stands inside a string, and then one has met the other's first brace, or they
/// do not; so no byte is scanned more than twice.
fn objects(text: &[u8]) -> Vec<Range<usize>> {
    let mut met = vec![false; text.len()];
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'{' && !met[at] {
            let mut closed: Vec<Range<usize>> = Vec::new();
            let end = scan(text, at, &mut met, &mut closed);
            // What stands inside an object that was found is part of it.
            if let [whole] = &closed[..]
                && whole.start == at
            {
                at = end;
            }
            found.append(&mut closed);
        }
        at += 1;
    }
    found.sort_by_key(|range: &Range<usize>| range.start);
    found.dedup_by(|inner, outer| inner.start < outer.end);
    found
}

/// Objects nested deeper than this are none of ours; the JSON parser would refuse them, too.
const DEPTH: usize = 120;

/// What may come next.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    /// A key, or after `{` the end.
    Key { or_end: bool },
    /// `:`
    Colon,
    /// A value, or after `[` the end.
    Value { or_end: bool },
    /// `,` or the end.
    Comma,
}

/// Scans from the brace at `start` to where its object ends or the text is no JSON; tells the last byte looked at.
/// Puts the outermost objects that were closed into `closed`: they are JSON.
fn scan(text: &[u8], start: usize, met: &mut [bool], closed: &mut Vec<Range<usize>>) -> usize {
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut next = Next::Value { or_end: false };
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        match (byte, next) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {}
            (b'{' | b'[', Next::Value { .. }) if open.len() < DEPTH => {
                if byte == b'{' {
                    met[at] = true;
                    open.push((b'}', at));
                    next = Next::Key { or_end: true };
                } else {
                    open.push((b']', at));
                    next = Next::Value { or_end: true };
                }
            }
            (b'}', Next::Key { or_end: true } | Next::Comma)
            | (b']', Next::Value { or_end: true } | Next::Comma) => {
                let Some((wanted, from)) = open.pop() else {
                    return at;
                };
                if wanted != byte {
                    return at;
                }
                if byte == b'}' {
                    while closed.last().is_some_and(|inner| inner.start > from) {
                        closed.pop();
                    }
                    closed.push(from..at + 1);
                }
                if open.is_empty() {
                    return at;
                }
                next = Next::Comma;
            }
            (b',', Next::Comma) => {
                next = match open.last() {
                    Some((b'}', _)) => Next::Key { or_end: false },
                    _ => Next::Value { or_end: false },
                };
            }
            (b':', Next::Colon) => next = Next::Value { or_end: false },
            (b'"', Next::Key { .. } | Next::Value { .. }) | (_, Next::Value { .. }) => {
                let Some(end) = scalar_end(text, at) else {
                    return at;
                };
                next = match next {
                    Next::Key { .. } => Next::Colon,
                    _ => Next::Comma,
                };
                at = end;
            }
            _ => return at,
        }
        at += 1;
    }
    at
}

/// The last byte of the string, number or word that begins at `start`; `None` where it is not JSON's.
fn scalar_end(text: &[u8], start: usize) -> Option<usize> {
    let mut end = start;
    if text[start] == b'"' {
        loop {
            end += 1;
            match text.get(end)? {
                b'"' => break,
                b'\\' => end += 1,
                0..=0x1F => return None, // JSON's strings hold no raw line ends
                _ => {}
            }
        }
    } else {
        let in_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
        while text.get(end + 1).is_some_and(in_word) {
            end += 1;
        }
    }
    serde_json::from_slice::<Value>(&text[start..=end])
        .ok()
        .map(|_| end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(answer: &str, expected: Value) {
        assert_eq!(Value::Array(modifications(answer)), expected, "{answer}");
    }

    #[test]
    fn found_in_fences_inline_and_nested() {
        check(
            "```json\n{\"modification\": {\"action\": \"a\"}}\n```",
            json!([{"action": "a"}]),
        );
        check(
            "```\n{\"modification\": {\"action\": \"a\"}}\n```",
            json!([{"action": "a"}]),
        );
        check(
            "So {\"ok\":true, \"modification\":{\"action\":\"b\"}} it is.",
            json!([{"action": "b"}]),
        );
        check(
            r#"{"result": [{"deep": {"modification": {"action": "c", "data": {"x": [1, -2.5e3, null]}}}}]}"#,
            json!([{"action": "c", "data": {"x": [1, -2.5e3, null]}}]),
        );
    }

    #[test]
    fn braces_and_quotes_in_strings_are_text() {
        check(
            r#"x {"modification": {"action": "a", "data": {"name": "a } \" { \\"}}} y"#,
            json!([{"action": "a", "data": {"name": "a } \" { \\"}}]),
        );
        check(r#"{"text": "{\"modification\": {}}"}"#, json!([]));
    }

    #[test]
    fn prose_and_broken_json_hide_nothing() {
        let good = r#"{"modification": {"action": "a"}}"#;
        for around in [
            "{ $ }",
            "set {x | x > 0} {like {this $}",
            "{\"cut\": [1, 2, $",
            "{\"cut\": \"$",
            "{\"a {\" $ }",
            "{\"bad\": nope, \"x\": $}",
            "{\"a\": 1 \"b\": [$]}",
            "he said \"$\"",
            "{{$}}",
            "[$",
            "{\"x\": \"\\q\", \"y\": $}",
            "{\"x\": \"\\ud800\", \"y\": $}",
        ] {
            check(&around.replace('$', good), json!([{"action": "a"}]));
        }
    }

    #[test]
    fn each_is_told_once_and_in_order() {
        let one = r#"{"modification": {"action": "a", "x": 1}}"#;
        let reordered = r#"{"modification": {"x": 1, "action": "a"}}"#;
        let two = r#"{"modification": {"action": "b"}}"#;
        check(
            &format!("{one} then {two}\n```json\n{reordered}\n```\n{two}"),
            json!([{"action": "a", "x": 1}, {"action": "b"}]),
        );
    }

    #[test]
    fn what_is_no_modification_is_left_alone() {
        check("", json!([]));
        check("no \"modification\" here", json!([]));
        check(r#"{"modification": "none"}"#, json!([]));
        check(r#"{"Modification": {}}"#, json!([]));
    }

    /// Counts bytes, not time: how often a scan reads a byte.
    #[test]
    fn hostile_text_is_not_scanned_over_and_over() {
        let n = 100_000;
        for hostile in [
            "{".repeat(n),
            "{\"a\":".repeat(n / 5),
            "{\"a\":[".repeat(n / 6),
            "{\"".repeat(n / 2),
            "{\"a\":\"{\",".repeat(n / 9),
            format!("{{\"a\":\"{}", "{ ".repeat(n / 2)),
            "\"modification\" {\" {\":".repeat(n / 22),
        ] {
            let bytes = hostile.as_bytes();
            let mut met = vec![false; bytes.len()];
            let mut read = 0;
            for at in 0..bytes.len() {
                if bytes[at] == b'{' && !met[at] {
                    read += scan(bytes, at, &mut met, &mut Vec::new()) + 1 - at;
                }
            }
            assert!(read <= 3 * n, "{read} bytes read of {}", &hostile[..20]);
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_around_it_a_modification_of_its_own_line_is_found(
            before in "[{}\\[\\]\":,a1 \\\\\n]{0,60}",
            after in "[{}\\[\\]\":,a1 \\\\\n]{0,60}",
        ) {
            let answer = format!("{before}\n{{\"modification\": {{\"action\": \"here\"}}}}\n{after}");
            let found = modifications(&answer);
            prop_assert!(found.contains(&json!({"action": "here"})), "{answer:?}: {found:?}");
        }
    }
}
