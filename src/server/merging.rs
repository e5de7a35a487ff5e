//! What has to change in *mine* so that *theirs* is in it, *base* being what both began from. Pure.

use serde_json::Value;

use crate::{
    spec::{
        merge::{MergeConflict, merge, merge_lines},
        syntax::Parsed,
    },
    text::{Edit, Text, minimal},
};

/// The edits that bring theirs into mine, and where both changed differently: mine stays there.
pub struct Plan {
    /// Of mine; sorted, not overlapping.
    pub edits: Vec<Edit>,
    /// Places in mine.
    pub conflicts: Vec<MergeConflict>,
}

/// Merges by structure where all three are JSON, by lines where one is not.
pub fn plan(base: Option<&str>, mine: &Parsed, theirs: &str) -> Plan {
    let text = mine.text().to_string();
    let edits_to = |wanted: &str| Plan {
        edits: minimal(&text, wanted),
        conflicts: Vec::new(),
    };
    if text == theirs || base == Some(theirs) {
        return Plan {
            edits: Vec::new(),
            conflicts: Vec::new(),
        };
    }
    // An editor that reloaded while the file was being written shows the beginning of theirs.
    if base == Some(&text) || text.trim().is_empty() || theirs.starts_with(&text) {
        return edits_to(theirs);
    }
    let parsed_theirs = Parsed::new(Text::from(theirs));
    let parsed_base = base.map(|base| Parsed::new(Text::from(base)));
    let valid = |parsed: &Parsed| parsed.errors().is_empty();
    if let Some(base) = parsed_base
        .as_ref()
        .filter(|base| valid(base) && valid(mine) && valid(&parsed_theirs))
    {
        let merged = merge(base, mine, &parsed_theirs);
        return Plan {
            edits: merged.edits,
            conflicts: merged.conflicts,
        };
    }
    match merge_lines(base.unwrap_or_default(), &text, theirs) {
        Some(merged) => edits_to(&merged),
        None => Plan {
            edits: Vec::new(),
            conflicts: vec![whole(base, &text, theirs)],
        },
    }
}

/// The conflict of two texts that cannot be taken apart.
fn whole(base: Option<&str>, mine: &str, theirs: &str) -> MergeConflict {
    let value = |text: &str| Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()));
    MergeConflict {
        pointer: String::new(),
        base: base.and_then(value),
        mine: value(mine),
        theirs: value(theirs),
    }
}

/// The edits that give the place `pointer` (RFC 6901) of `mine` the value `wanted`, or remove it (`None`). No edit
/// where there is no such place and none can be made.
pub fn set_at(mine: &Parsed, pointer: &str, wanted: Option<&Value>) -> Vec<Edit> {
    let Some(root) = mine.root() else {
        return Vec::new();
    };
    let before = root.to_value();
    let mut after = before.clone();
    if !set_value(&mut after, pointer, wanted) {
        return Vec::new();
    }
    // By value these two differ in that place alone; the merge finds the edits that fit mine's formatting.
    let parsed = |value: &Value| Parsed::new(Text::from(value.to_string().as_str()));
    merge(&parsed(&before), mine, &parsed(&after)).edits
}

fn set_value(value: &mut Value, pointer: &str, wanted: Option<&Value>) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return match wanted {
            Some(wanted) => {
                *value = wanted.clone();
                true
            }
            None => false,
        };
    };
    let key = last.replace("~1", "/").replace("~0", "~");
    match (value.pointer_mut(parent), wanted) {
        (Some(Value::Object(object)), Some(wanted)) => {
            object.insert(key, wanted.clone());
            true
        }
        (Some(Value::Object(object)), None) => object.shift_remove(&key).is_some(),
        (Some(Value::Array(items)), wanted) => match (key.parse::<usize>(), wanted) {
            (Ok(index), Some(wanted)) if index < items.len() => {
                items[index] = wanted.clone();
                true
            }
            (Ok(index), None) if index < items.len() => {
                items.remove(index);
                true
            }
            (_, Some(wanted)) => {
                items.push(wanted.clone());
                true
            }
            (_, None) => false,
        },
        _ => false,
    }
}
