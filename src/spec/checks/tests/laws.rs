//! Laws that hold for any spec, tried on examples with random mistakes in them.

use std::{collections::BTreeMap, sync::LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::*;
use crate::{
    spec::{
        checks::{Checker, Code, Finding, Fix, Severity, check},
        syntax::Parsed,
    },
    text::{Edit, Text, apply},
};

/// A mistake: what is done to which of the values of a spec.
#[derive(Debug, Clone)]
struct Mistake {
    place: prop::sample::Index,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Remove,
    Rename(&'static str),
    Replace(Value),
    Double,
    Quote,
    Misspell,
}

fn mistake() -> impl Strategy<Value = Mistake> {
    let keys = [
        "limit",
        "goal",
        "parameter",
        "initial",
        "Name",
        "unit",
        "x-y",
        "tresholds",
        "type",
    ];
    let values = [
        json!(null),
        json!(""),
        json!("categorical"),
        json!("integer"),
        json!("custom_function"),
        json!("stress"),
        json!("zernike_csv"),
        json!("mm"),
        json!("kg"),
        json!("dv_001"),
        json!("ext_002"),
        json!("draft"),
        json!("CMA-ES"),
        json!("=="),
        json!(0),
        json!(-1),
        json!(2.5),
        json!(99),
        json!(20000),
        json!(true),
        json!([]),
        json!({}),
        json!(["a"]),
    ];
    let what = prop_oneof![
        4 => Just(What::Remove),
        1 => prop::sample::select(keys.to_vec()).prop_map(What::Rename),
        4 => prop::sample::select(values.to_vec()).prop_map(What::Replace),
        1 => Just(What::Double),
        1 => Just(What::Quote),
        1 => Just(What::Misspell),
    ];
    (any::<prop::sample::Index>(), what).prop_map(|(place, what)| Mistake { place, what })
}

fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), all)),
        Value::Array(array) => {
            array
                .iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), all));
        }
        _ => {}
    }
}

fn commit(spec: &mut Value, mistake: &Mistake) {
    let mut all = Vec::new();
    pointers(spec, "", &mut all);
    let pointer = mistake.place.get(&all).clone();
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return;
    };
    let value = spec.pointer(&pointer).cloned().expect("it was just listed");
    let changed = match (&mistake.what, &value) {
        (What::Replace(other), _) => Some(other.clone()),
        (What::Quote, Value::Number(number)) => Some(json!(number.to_string())),
        (What::Misspell, Value::String(word)) => Some(json!(format!("{word}x"))),
        _ => None,
    };
    if let Some(changed) = changed {
        *spec.pointer_mut(&pointer).expect("it was just listed") = changed;
        return;
    }
    match (spec.pointer_mut(parent), &mistake.what) {
        (Some(Value::Object(object)), What::Remove) => drop(object.shift_remove(key)),
        (Some(Value::Object(object)), What::Rename(name)) => {
            object.shift_remove(key);
            object.insert((*name).to_owned(), value);
        }
        (Some(Value::Array(array)), What::Remove) => {
            drop(array.remove(key.parse::<usize>().expect("an index")))
        }
        (Some(Value::Array(array)), What::Double) => array.push(value),
        _ => {}
    }
}

fn spec_with(mistakes: &[Mistake], example: usize) -> String {
    let text = [BRACKET, GIMBAL, MIRROR, DRONE][example];
    let mut spec: Value = serde_json::from_str(text).expect("an example is JSON");
    mistakes
        .iter()
        .for_each(|mistake| commit(&mut spec, mistake));
    serde_json::to_string_pretty(&spec).expect("it is JSON")
}

/// How often each code stands as an error or a warning.
fn weighty(findings: &[Finding]) -> BTreeMap<Code, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings
        .iter()
        .filter(|finding| finding.severity <= Severity::Warning)
    {
        *counts.entry(finding.code).or_default() += 1;
    }
    counts
}

/// A fix of these codes rewrites what the author wrote, and may uncover what that hid.
fn may_uncover(finding: &Finding, fix: &Fix) -> bool {
    use Code::*;
    // What refers to something that is not there is told when all ids are known.
    let gives_id = |edit: &Edit| edit.insert.contains("\"id\"");
    if finding.code == MissingProperty && fix.edits.iter().any(gives_id) {
        return true;
    }
    let rewriting = [
        WrongType,
        UnknownProperty,
        InvalidEnum,
        UnknownExtractor,
        UnknownOutput,
        UnknownStage,
        UnknownExpression,
        BaselineNotInChoices,
    ];
    rewriting.contains(&finding.code)
}

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let options = jsonschema::options().should_validate_formats(true);
    options
        .build(&crate::spec::format::schema())
        .expect("the schema is a schema")
});

/// A schema can find this too.
fn of_shape(finding: &Finding) -> bool {
    use Code::*;
    let codes = [
        WrongType,
        MissingProperty,
        UnknownProperty,
        InvalidEnum,
        InvalidPattern,
        OutOfRange,
        UnsupportedVersion,
        NotAnInteger,
        MissingConfig,
        MissingFunction,
    ];
    finding.severity <= Severity::Warning && codes.contains(&finding.code)
}

proptest! {

    #[test]
    fn a_fix_removes_its_finding_and_brings_no_new_one(mistakes in prop::collection::vec(mistake(), 1..5), example in 0..4_usize) {
        let text = spec_with(&mistakes, example);
        let before = findings(&text);
        for finding in &before {
            for fix in &finding.fixes {
                let fixed = apply(&text, &fix.edits);
                let after = findings(&fixed);
                let (had, has) = (weighty(&before), weighty(&after));
                let count = |findings: &[Finding]| findings.iter().filter(|other| other.code == finding.code).count();
                let what = || format!("{} {} — {}\n{}", finding.code, finding.message, fix.title, report(&fixed, &after));
                if !may_uncover(finding, fix) {
                    prop_assert!(count(&after) < count(&before), "still there: {}", what());
                    for (code, number) in has {
                        prop_assert!(had.get(&code).copied().unwrap_or(0) >= number, "{code} is new: {}", what());
                    }
                } else {
                    let same = after.iter().any(|other| (other.code, &other.message, &other.pointer) == (finding.code, &finding.message, &finding.pointer));
                    prop_assert!(!same, "still there: {}", what());
                }
            }
        }
    }

    #[test]
    fn the_schema_refuses_what_the_checks_of_shape_refuse(mistakes in prop::collection::vec(mistake(), 0..4), example in 0..4_usize) {
        let text = spec_with(&mistakes, example);
        let found = findings(&text);
        let ours: Vec<&Finding> = found.iter().filter(|finding| of_shape(finding)).collect();
        let value: Value = serde_json::from_str(&text).expect("it is JSON");
        let theirs: Vec<String> = SCHEMA.iter_errors(&value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        prop_assert_eq!(ours.is_empty(), theirs.is_empty(), "ours: {:#?}\ntheirs: {:#?}", ours, theirs);
    }

    #[test]
    fn edits_one_after_the_other_give_what_a_fresh_look_gives(
        mistakes in prop::collection::vec(mistake(), 0..3),
        example in 0..4_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, "[a-z0-9_\",:{}\\[\\] ]{0,6}"), 1..8),
    ) {
        let text = spec_with(&mistakes, example);
        // Long texts are ropes once they are edited, short ones are not.
        let (short, long) = (Text::from(&*text), Text::from(ropey::Rope::from_str(&text)));
        for (mut now, read_first) in [(Parsed::new(short), true), (Parsed::new(long), false)] {
            let mut checker = Checker::new();
            if read_first {
                checker.read(&now);
            }
            checker.check(&now, &with_files(&now));
            for (place, length, insert) in edits.clone() {
                let text = now.text().to_string();
                let boundary = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
                let start = boundary(place.index(text.len() + 1));
                let end = boundary((start + length).min(text.len()));
                now = now.edit(&[Edit { range: start..end, insert }]);
                let context = with_files(&now);
                if read_first {
                    checker.read(&now);
                }
                prop_assert_eq!(checker.check(&now, &context), check(&now, &context));
            }
        }
    }
}

/// The signs that make the structure of a JSON text, with their places.
fn structure(text: &str) -> Vec<(usize, char)> {
    let (mut inside, mut escaped) = (false, false);
    let mut signs = Vec::new();
    for (at, sign) in text.char_indices() {
        let quote = sign == '"' && !escaped;
        if quote || !inside && "{}[],:".contains(sign) {
            signs.push((at, sign));
        }
        inside ^= quote;
        escaped = inside && sign == '\\' && !escaped;
    }
    signs
}

/// A text with one slip of the finger in it.
struct Slip {
    what: &'static str,
    at: usize,
    text: String,
    /// A bracket is concerned.
    bracket: bool,
}

/// All slips of one finger in a text.
fn slips(text: &str) -> Vec<Slip> {
    let mut all = Vec::new();
    let mut slip = |what, range: std::ops::Range<usize>, insert: &str| {
        all.push(Slip {
            what,
            at: range.start,
            text: format!("{}{insert}{}", &text[..range.start], &text[range.end..]),
            bracket: matches!(&text[range], "{" | "}" | "[" | "]"),
        });
    };
    let mut opening = None;
    for (at, sign) in structure(text) {
        let here = at..at + 1;
        slip("lost", here.clone(), "");
        match sign {
            ',' => {
                slip("a full stop for the comma", here.clone(), ".");
                slip("a colon for the comma", here, ":");
            }
            ':' => slip("a comma for the colon", here, ","),
            '[' => slip("the other opening bracket", here, "{"),
            '"' if opening.is_none() => {
                opening = Some(at);
                slip("an extra quote before", at..at, "\"");
                slip("a bad escape behind the quote", at + 1..at + 1, "\\x");
            }
            '"' => {
                let middle = text.floor_char_boundary(opening.take().unwrap_or(at).midpoint(at));
                slip("an extra quote behind", at..at, "\"");
                slip("a quote inside", middle + 1..middle + 1, "\"");
                slip("a backslash before the closing quote", at..at, "\\");
                slip("a line break before the closing quote", at..at, "\n");
                slip("a tab before the closing quote", at..at, "\t");
            }
            _ => {}
        }
    }
    all
}

/// As people write it: what fits a line stands on one.
fn mixed(value: &Value, indent: usize) -> String {
    const WIDTH: usize = 100;
    let flat = value.to_string();
    let lines = |entries: Vec<String>, [open, close]: [char; 2]| {
        let inner = " ".repeat(indent + 2);
        let entries = entries.join(&format!(",\n{inner}"));
        format!("{open}\n{inner}{entries}\n{}{close}", " ".repeat(indent))
    };
    match value {
        _ if flat.len() < WIDTH => flat,
        Value::Object(members) => {
            let member = |(key, value)| format!("{}: {}", json!(key), mixed(value, indent + 2));
            lines(members.iter().map(member).collect(), ['{', '}'])
        }
        Value::Array(elements) => {
            let element = |value| mixed(value, indent + 2);
            lines(elements.iter().map(element).collect(), ['[', ']'])
        }
        _ => flat,
    }
}

#[test]
fn a_slip_of_the_finger_is_few_syntax_errors_and_nothing_else() {
    // One in so many is tried, of each text others.
    const STEP: usize = 7;
    let mut wrong = Vec::new();
    let spec: Value = serde_json::from_str(BRACKET).expect("an example is JSON");
    let texts = [
        ("indented", BRACKET.to_owned()),
        ("mixed", mixed(&spec, 0)),
        ("minified", spec.to_string()),
    ];
    for (offset, (style, text)) in texts.iter().enumerate() {
        for slip in slips(text).into_iter().skip(offset).step_by(STEP) {
            if serde_json::from_str::<Value>(&slip.text).is_ok() {
                continue;
            }
            let found = findings(&slip.text);
            let is_error = |finding: &&Finding| finding.code == Code::SyntaxError;
            let errors = found.iter().filter(is_error).count();
            let allowed = if slip.bracket { 3 } else { 2 };
            // A number that has lost its first quote is a number.
            let a_number =
                |finding: &Finding| slip.what == "lost" && finding.code == Code::WrongType;
            let claims: Vec<_> = found
                .iter()
                .filter(|finding| !is_error(finding) && !a_number(finding))
                .filter(|finding| finding.code != Code::StatusIncomplete)
                .map(|other| format!("{} {} {}", other.code, other.pointer, other.message))
                .collect();
            if !(1..=allowed).contains(&errors) || !claims.is_empty() {
                let near = &slip.text.as_bytes()[slip.at.saturating_sub(30)..];
                let near = String::from_utf8_lossy(&near[..near.len().min(60)]);
                wrong.push(format!(
                    "{style}: {}: {near:?}: {errors} errors, {claims:?}",
                    slip.what
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn mending_a_slip_of_the_finger_leaves_fewer_syntax_errors() {
    // One in so many is tried, of each text others.
    const STEP: usize = 7;
    let errors = |text: &str| Parsed::new(Text::from(text)).errors().len();
    let spec: Value = serde_json::from_str(BRACKET).expect("an example is JSON");
    let (mut mended, mut wrong) = (0, Vec::new());
    let texts = [BRACKET.to_owned(), mixed(&spec, 0), spec.to_string()];
    for (offset, text) in texts.iter().enumerate() {
        for slip in slips(text).into_iter().skip(offset).step_by(STEP) {
            let before = errors(&slip.text);
            let found = findings(&slip.text);
            let found = found.iter().filter(|it| it.code == Code::SyntaxError);
            for (finding, fix) in found.flat_map(|it| it.fixes.iter().map(move |fix| (it, fix))) {
                mended += 1;
                if errors(&apply(&slip.text, &fix.edits)) >= before {
                    let near = &slip.text.as_bytes()[slip.at.saturating_sub(30)..];
                    let near = String::from_utf8_lossy(&near[..near.len().min(60)]);
                    let (what, message) = (slip.what, &finding.message);
                    wrong.push(format!("{what}: {near:?}: {message}: {}", fix.title));
                }
            }
        }
    }
    assert!(mended > 500, "only {mended} are mended");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text after what the first fix of its first syntax error that has one does, and so on.
fn mended(text: &str) -> String {
    const STEPS: usize = 3;
    let mut text = text.to_owned();
    for _ in 0..STEPS {
        let found = findings(&text);
        let errors = found.iter().filter(|it| it.code == Code::SyntaxError);
        let Some(fix) = errors.flat_map(|it| it.fixes.first()).next() else {
            break;
        };
        text = apply(&text, &fix.edits);
    }
    text
}

#[test]
fn a_lost_bracket_is_put_back_where_it_was() {
    let mut wrong = Vec::new();
    let (mut minified, mut restored) = (0, 0);
    for example in [BRACKET, GIMBAL, MIRROR, DRONE] {
        let spec: Value = serde_json::from_str(example).expect("an example is JSON");
        let is_restored = |slip: &Slip| {
            serde_json::from_str(&mended(&slip.text)).is_ok_and(|value: Value| value == spec)
        };
        for text in [example.to_owned(), mixed(&spec, 0)] {
            for slip in lost_brackets(&text).filter(|slip| !is_restored(slip)) {
                let near = &slip.text.as_bytes()[slip.at.saturating_sub(60)..];
                let near = String::from_utf8_lossy(&near[..near.len().min(120)]);
                wrong.push(format!("`{}` lost: {near:?}", &text[slip.at..=slip.at]));
            }
        }
        // All on one line: what belongs to what may have been otherwise.
        for slip in lost_brackets(&spec.to_string()) {
            minified += 1;
            restored += usize::from(is_restored(&slip));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(restored * 5 > minified * 4, "{restored} of {minified}");
}

fn lost_brackets(text: &str) -> impl Iterator<Item = Slip> {
    let slips = slips(text).into_iter();
    slips.filter(|slip| slip.bracket && slip.what == "lost")
}

#[test]
fn after_a_lost_brace_the_rest_of_the_file_is_checked() {
    let text = BRACKET.replace(r#""max_trials": 120"#, r#""max_trials": 20000"#);
    assert_ne!(text, BRACKET);
    for object in ["meta", "nx_part", "fem", "sim"] {
        let start = text
            .find(&format!("\"{object}\": {{"))
            .expect("it is there");
        let line = text[..start].rfind('\n').expect("it has a line of its own") + 1;
        let closer = format!("\n{}}}", &text[line..start]);
        let end = start + text[start..].find(&closer).expect("it ends") + closer.len();
        let broken = format!("{}{}", &text[..end - 1], &text[end..]);
        let codes: Vec<Code> = findings(&broken).iter().map(|found| found.code).collect();
        let errors = codes.iter().filter(|code| **code == Code::SyntaxError);
        assert!((1..=3).contains(&errors.count()), "{object}: {codes:?}");
        assert!(codes.contains(&Code::OutOfRange), "{object}: {codes:?}");
    }
}
