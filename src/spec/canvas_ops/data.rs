//! A modification's `data` in the words of the spec. The dashboard's nodes and Claude use the graph's words, too
//! (`label`, `expressionName`, `min`): these are understood.

use serde_json::{Map, Value};

/// `data` with the spec's keys. `node_type` is the graph's name of the kind, which some put into `data.type`.
pub(super) fn in_words_of_the_spec(
    data: &Map<String, Value>,
    node_type: &str,
) -> Map<String, Value> {
    let mut entry = Map::new();
    for (key, value) in data {
        let key = snake_case(key);
        match key.as_str() {
            "type" if value.as_str() == Some(node_type) => {}
            "label" => {
                entry.entry("name").or_insert_with(|| value.clone());
            }
            "unit" => {
                entry.entry("units").or_insert_with(|| value.clone());
            }
            "min" | "min_value" => put(&mut entry, "bounds", "min", value),
            "max" | "max_value" => put(&mut entry, "bounds", "max", value),
            "extractor_id" | "extractor_ref" => put(&mut entry, "source", "extractor_id", value),
            "output_name" => put(&mut entry, "source", "output_name", value),
            "position" => {
                entry.insert("canvas_position".into(), value.clone());
            }
            _ => {
                entry.insert(key, value.clone());
            }
        }
    }
    entry
}

/// Sets `entry[object][key]`.
fn put(entry: &mut Map<String, Value>, object: &str, key: &str, value: &Value) {
    let object = entry
        .entry(object)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(object) = object {
        object.insert(key.into(), value.clone());
    }
}

fn snake_case(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
