//! What has to change in *mine* so that *theirs* is in it, *base* being what both began from. Pure.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    spec::{
        merge::{MergeConflict, merge, merge_lines},
        place::Place,
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

/// A change that is to be brought into a text: from `base` (`None`: no file) to `theirs`.
#[derive(Debug, Clone)]
pub struct Change {
    /// What both began from.
    pub base: Option<Arc<str>>,
    /// What it became.
    pub theirs: Arc<str>,
}

/// Brings several changes in, each into what the former ones made of mine. A place is named once, as it was when it was
/// met first; where mine has what a later one leads to, it is none.
pub fn plan_all(changes: &[Change], mine: &Parsed, untouched: bool) -> Plan {
    let step = |change: &Change, mine: &Parsed| {
        plan(change.base.as_deref(), mine, &change.theirs, untouched)
    };
    if let [change] = changes {
        return step(change, mine);
    }
    let mut now = mine.clone();
    let mut conflicts: Vec<MergeConflict> = Vec::new();
    for (n, change) in changes.iter().enumerate() {
        let plan = step(change, &now);
        if !plan.edits.is_empty() {
            now = Parsed::new(now.text().with_edits(&plan.edits));
        }
        let new = plan.conflicts.into_iter().filter(|conflict| {
            let later = &changes[n + 1..];
            conflicts.iter().all(|known| known.place != conflict.place)
                && !later.iter().any(|later| has_mine(&later.theirs, conflict))
        });
        let new: Vec<MergeConflict> = new.collect();
        conflicts.extend(new);
    }
    Plan {
        edits: minimal(&mine.text().to_string(), &now.text().to_string()),
        conflicts,
    }
}

/// `text` has at the conflict's place what mine has there.
fn has_mine(text: &str, conflict: &MergeConflict) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    let mine = conflict.mine.as_ref();
    let found = conflict.place.find(&value, mine);
    found.is_ok_and(|pointer| value.pointer(&pointer) == mine)
}

/// Merges by structure where all three are JSON, by lines where one is not.
///
/// `untouched`: mine is what the file once had, so that nothing in it is the user's alone. It counts only where the
/// structures cannot be compared: an editor that reloaded half a file, or has the text from before one that is no JSON.
pub fn plan(base: Option<&str>, mine: &Parsed, theirs: &str, untouched: bool) -> Plan {
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
    if base == Some(&text) || is_begun(base, &text, theirs) {
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
    if untouched {
        return edits_to(theirs);
    }
    match merge_lines(base.unwrap_or_default(), &text, theirs) {
        Some(merged) => edits_to(&merged),
        None => Plan {
            edits: Vec::new(),
            conflicts: vec![whole(base, &text, theirs)],
        },
    }
}

/// Mine can only be the beginning of theirs, shown by an editor that reloaded while the file was being written. What is
/// the beginning of base as well may be the user's own deletion.
fn is_begun(base: Option<&str>, mine: &str, theirs: &str) -> bool {
    theirs.starts_with(mine) && base.is_none_or(|base| !base.starts_with(mine))
}

/// Edits beyond which neighbours become one: some clients take a moment for each.
const MANY: usize = 1_000;
/// Bytes between two edits that are then sent with them.
const NEAR: usize = 200;

/// The same change of `text` in fewer edits, where there are too many.
pub fn fewer(text: &Text, edits: Vec<Edit>) -> Vec<Edit> {
    if edits.len() <= MANY {
        return edits;
    }
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        match joined.last_mut() {
            Some(last) if edit.range.start - last.range.end <= NEAR => {
                last.insert += &text.slice(last.range.end..edit.range.start);
                last.insert += &edit.insert;
                last.range.end = edit.range.end;
            }
            _ => joined.push(edit),
        }
    }
    joined
}

/// The conflict of two texts that cannot be taken apart.
fn whole(base: Option<&str>, mine: &str, theirs: &str) -> MergeConflict {
    let value = |text: &str| Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()));
    MergeConflict {
        pointer: String::new(),
        place: Place::default(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::apply;

    const BASE: &str = "{\n  \"a\": 1,\n  \"b\": 1\n}\n";
    const THEIRS: &str = "{\n  \"a\": 1,\n  \"b\": 22,\n  \"c\": 3\n}\n";

    fn planned(mine: &str, untouched: bool) -> (String, usize) {
        let parsed = Parsed::new(Text::from(mine));
        let plan = plan(Some(BASE), &parsed, THEIRS, untouched);
        (apply(mine, &plan.edits), plan.conflicts.len())
    }

    #[test]
    fn what_the_user_deleted_does_not_come_back_with_claudes_change() {
        for mine in ["", "\n", "{\n  \"a\": 1,\n  \"b\": "] {
            assert_eq!(planned(mine, false), (mine.to_owned(), 1), "{mine:?}");
        }
    }

    #[test]
    fn half_a_file_that_the_editor_loaded_becomes_the_whole() {
        for mine in ["", "{\n  \"a\": 1,\n  \"b\": "] {
            assert_eq!(planned(mine, true), (THEIRS.to_owned(), 0), "{mine:?}");
        }
        let beyond_base = &THEIRS[..THEIRS.len() - 6];
        assert_eq!(planned(beyond_base, false), (THEIRS.to_owned(), 0));
    }

    #[test]
    fn thousands_of_edits_are_sent_as_few_with_the_same_result() {
        let text = Text::from("1, ".repeat(5_000).as_str());
        let edit = |n: usize| Edit {
            range: n * 3..n * 3 + 1,
            insert: "22".into(),
        };
        let edits: Vec<Edit> = (0..5_000).filter(|n| n % 1_000 < 700).map(edit).collect();
        let few = fewer(&text, edits.clone());
        assert_eq!(few.len(), 5);
        assert_eq!(text.with_edits(&few), text.with_edits(&edits));
    }

    #[test]
    fn an_untouched_text_from_before_a_broken_file_becomes_theirs() {
        let parsed = Parsed::new(Text::from(BASE));
        let plan = plan(Some("{ broken"), &parsed, THEIRS, true);
        assert_eq!(apply(BASE, &plan.edits), THEIRS);
        assert_eq!(plan.conflicts, []);
    }

    #[test]
    fn changes_of_one_place_are_taken_back_to_what_others_had_made_of_it() {
        let change = |base: &str, theirs: &str| Change {
            base: Some(base.into()),
            theirs: theirs.into(),
        };
        // Claude wrote 2, somebody else 3, Claude 4; taken back from the last on.
        let back = [
            change("{\"a\": 4, \"b\": 1}", "{\"a\": 3, \"b\": 1}"),
            change("{\"a\": 2, \"b\": 1}", "{\"a\": 1, \"b\": 0}"),
        ];
        let planned = |mine: &str| {
            let plan = plan_all(&back, &Parsed::new(Text::from(mine)), false);
            let places = plan.conflicts.into_iter().map(|it| it.pointer);
            (apply(mine, &plan.edits), places.collect::<Vec<_>>())
        };
        let told = vec!["/a".to_owned()];
        let three = "{\"a\": 3, \"b\": 0}".to_owned();
        assert_eq!(
            planned("{\"a\": 4, \"b\": 1}"),
            (three.clone(), told.clone())
        );
        assert_eq!(planned(&three), (three.clone(), told.clone()), "again");
        // As it was before all of them: there is nothing to take back, and nothing to tell.
        let first = "{\"a\": 1, \"b\": 0}".to_owned();
        assert_eq!(planned(&first), (first.clone(), vec![]));
    }
}
