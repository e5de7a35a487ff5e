//! The laws of merging.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::text::{Text, apply};

fn parse(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

fn merged(base: &str, mine: &str, theirs: &str) -> (String, Vec<MergeConflict>) {
    let Merge { edits, conflicts } = merge(&parse(base), &parse(mine), &parse(theirs));
    for pair in edits.windows(2) {
        assert!(pair[0].range.end <= pair[1].range.start, "{edits:?}");
    }
    let text = apply(mine, &edits);
    assert_eq!(parse(mine).edit(&edits).text().to_string(), text);
    (text, conflicts)
}

fn value(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// How a value may be written.
fn write(value: &Json, style: usize) -> String {
    match style {
        0 => value.to_string(),
        1 => format!("{value:#}"),
        2 => format!("{value:#}")
            .replace('\n', "\r\n")
            .replace("  ", "\t"),
        _ => format!("{value:#}\n").replace("  ", "    "),
    }
}

/// Scalars of which few are alike by chance, and small trees of them.
fn any_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        (0..6i64).prop_map(Json::from),
        (0..4).prop_map(|n| Json::from(f64::from(n) + 0.5)),
        prop::sample::select(vec!["", "a", "a,b", "{\"", "é\n"]).prop_map(Json::from),
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let member = (
            prop::sample::select(vec!["a", "b", "c", "d/e", "f~", "id"]),
            inner.clone(),
        );
        let entry = prop::collection::vec(member.clone(), 0..4);
        let entries = prop::collection::btree_map(0..8u32, entry, 0..5).prop_map(|entries| {
            let entry = |(id, members): (u32, Vec<(&str, Json)>)| {
                let mut object = object(members);
                object["id"] = json!(format!("x_{id}"));
                object
            };
            Json::Array(entries.into_iter().map(entry).collect())
        });
        prop_oneof![
            2 => prop::collection::vec(inner, 0..5).prop_map(Json::from),
            3 => prop::collection::vec(member, 0..6).prop_map(object),
            3 => entries,
        ]
    })
}

fn object(members: Vec<(&str, Json)>) -> Json {
    Json::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// Changes a value here and there, as `seeds` say.
fn mutate(value: &Json, seeds: &mut dyn Iterator<Item = u32>, depth: u32) -> Json {
    let seed = seeds.next().unwrap_or(0);
    match (seed % 12, value) {
        (1, _) if depth > 0 => json!(seed),
        (2, _) if depth > 0 => json!({"new": [seed]}),
        (_, Json::Object(members)) => {
            let mut result = Map::new();
            for (index, (name, inner)) in members.iter().enumerate() {
                match seeds.next().unwrap_or(0) % 9 {
                    1 if name != "id" => {}
                    2 => {
                        result.insert(format!("k{}{index}", seed % 3), json!(index));
                        result.insert(name.clone(), inner.clone());
                    }
                    _ if name == "id" => drop(result.insert(name.clone(), inner.clone())),
                    _ => drop(result.insert(name.clone(), mutate(inner, seeds, depth + 1))),
                }
            }
            Json::Object(result)
        }
        (_, Json::Array(elements)) => {
            let mut result = Vec::new();
            for element in elements {
                match seeds.next().unwrap_or(0) % 9 {
                    1 => {}
                    2 => {
                        let mut new = element.clone();
                        if let Some(object) = new
                            .as_object_mut()
                            .filter(|object| object.contains_key("id"))
                        {
                            object.insert(
                                "id".into(),
                                json!(format!("n_{}", seeds.next().unwrap_or(0))),
                            );
                        }
                        result.push(new);
                        result.push(element.clone());
                    }
                    3 if !result.is_empty() => result.insert(0, element.clone()),
                    _ => result.push(mutate(element, seeds, depth + 1)),
                }
            }
            Json::Array(result)
        }
        _ => value.clone(),
    }
}

/// A value and two changed ones, and how they are written.
fn versions() -> impl Strategy<Value = ([Json; 3], [usize; 3])> {
    let seeds = || prop::collection::vec(any::<u32>(), 0..40);
    (any_value(), seeds(), seeds(), [0..4usize, 0..4, 0..4]).prop_map(
        |(base, mine, theirs, styles)| {
            let mine = mutate(&base, &mut mine.into_iter(), 0);
            let theirs = mutate(&base, &mut theirs.into_iter(), 0);
            ([base, mine, theirs], styles)
        },
    )
}

/// Every scalar with the key it stands at.
fn leaves(value: &Json, name: &str, out: &mut Vec<(String, Json)>) {
    match value {
        Json::Object(members) if !members.is_empty() => {
            members
                .iter()
                .for_each(|(name, value)| leaves(value, name, out));
        }
        Json::Array(elements) if !elements.is_empty() => {
            elements.iter().for_each(|element| leaves(element, "", out));
        }
        value => out.push((name.to_owned(), value.clone())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn what_only_mine_changed_stays_as_it_is(([base, mine, _], [s, t, u]) in versions()) {
        let (base, text, theirs) = (write(&base, s), write(&mine, t), write(&base, u));
        // A mine that is base to the byte becomes theirs to the byte.
        prop_assume!(base != text);
        let (result, conflicts) = merged(&base, &text, &theirs);
        prop_assert_eq!(result, text);
        prop_assert_eq!(conflicts, []);
    }

    #[test]
    fn what_only_theirs_changed_is_taken_to_the_byte(([base, _, theirs], [s, _, u]) in versions()) {
        let (base, theirs) = (write(&base, s), write(&theirs, u));
        let (result, conflicts) = merged(&base, &base, &theirs);
        prop_assert_eq!(result, theirs);
        prop_assert_eq!(conflicts, []);
    }

    #[test]
    fn what_only_theirs_changed_is_taken_into_another_writing(([base, _, theirs], [s, t, u]) in versions()) {
        let (result, conflicts) = merged(&write(&base, s), &write(&base, t), &write(&theirs, u));
        prop_assert_eq!(value(&result), theirs);
        prop_assert_eq!(conflicts, []);
    }

    #[test]
    fn what_both_changed_alike_stays_as_mine_is(([base, mine, _], [s, t, u]) in versions()) {
        let (base, text, theirs) = (write(&base, s), write(&mine, t), write(&mine, u));
        prop_assume!(base != text);
        let (result, conflicts) = merged(&base, &text, &theirs);
        prop_assert_eq!(result, text);
        prop_assert_eq!(conflicts, []);
    }

    #[test]
    fn a_merge_of_json_is_json_and_all_of_both_is_in_it_or_told(([base, mine, theirs], [s, t, u]) in versions()) {
        let (result, conflicts) = merged(&write(&base, s), &write(&mine, t), &write(&theirs, u));
        let result = value(&result);
        let mut sides = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for (side, out) in [&base, &mine, &theirs, &result].into_iter().zip(&mut sides) {
            leaves(side, "", out);
        }
        let [base, mine, theirs, result] = &sides;
        for leaf in mine.iter().filter(|leaf| !base.contains(leaf)) {
            prop_assert!(result.contains(leaf) || is_empty_container(&leaf.1), "mine's {:?} is lost", leaf);
        }
        if conflicts.is_empty() {
            for leaf in theirs.iter().filter(|leaf| !base.contains(leaf)) {
                prop_assert!(result.contains(leaf) || is_empty_container(&leaf.1), "theirs' {:?} is lost", leaf);
            }
        }
        for conflict in &conflicts {
            prop_assert!(conflict.mine != conflict.theirs);
        }
    }

    #[test]
    fn nothing_is_edited_outside_what_theirs_changed(([base, mine, theirs], [s, t, u]) in versions()) {
        let (base, mine_text, theirs) = (parse(&write(&base, s)), write(&mine, t), parse(&write(&theirs, u)));
        let mine = parse(&mine_text);
        let (result, _) = merged(&base.text().to_string(), &mine_text, &theirs.text().to_string());
        let result = parse(&result);
        // Members of the top object that theirs left alone keep every byte.
        let tops = [&base, &mine, &theirs, &result].map(|side| side.root());
        if let [Some(b), Some(m), Some(t), Some(r)] = tops
            && [b, m, t].iter().all(|node| node.kind() == crate::spec::syntax::Kind::Object)
            && base.text() != mine.text()
        {
            for member in m.members() {
                let name = member.name();
                let kept = |side: crate::spec::syntax::Node<'_>| side.get(&name).map(|node| node.to_value());
                if kept(b) == kept(t) {
                    prop_assert_eq!(
                        m.get(&name).map(|node| node.raw().into_owned()),
                        r.get(&name).map(|node| node.raw().into_owned())
                    );
                }
            }
        }
    }
}

/// What one side emptied the other may have filled.
fn is_empty_container(value: &Json) -> bool {
    value.is_array() || value.is_object()
}

/// Merges and compares; without conflicts.
#[track_caller]
fn gives(base: &str, mine: &str, theirs: &str, result: &str) {
    let (text, conflicts) = merged(base, mine, theirs);
    assert_eq!(text, result);
    assert_eq!(conflicts, []);
}

#[track_caller]
fn conflicts(base: &str, mine: &str, theirs: &str, pointers: &[&str]) -> Vec<MergeConflict> {
    let (text, conflicts) = merged(base, mine, theirs);
    assert_eq!(text, mine);
    assert_eq!(
        conflicts
            .iter()
            .map(|conflict| conflict.pointer.as_str())
            .collect::<Vec<_>>(),
        pointers
    );
    conflicts
}

#[test]
fn entries_come_in_as_their_surroundings_are_laid_out() {
    let base = "{\r\n\t\"list\": [\r\n\t\t{\r\n\t\t\t\"id\": \"a\"\r\n\t\t}\r\n\t]\r\n}\r\n";
    let mine = base.replace("\"a\"", "\"a\",\r\n\t\t\t\"mine\": 1");
    let theirs = "{\n  \"list\": [\n    {\n      \"id\": \"a\"\n    },\n    {\n      \"id\": \"b\",\n      \"n\": 1.50\n    }\n  ]\n}\n";
    let result = "{\r\n\t\"list\": [\r\n\t\t{\r\n\t\t\t\"id\": \"a\",\r\n\t\t\t\"mine\": 1\r\n\t\t},\r\n\t\t{\r\n\t\t\t\"id\": \"b\",\r\n\t\t\t\"n\": 1.50\r\n\t\t}\r\n\t]\r\n}\r\n";
    gives(base, &mine, theirs, result);
}

#[test]
fn a_first_entry_opens_the_brackets() {
    gives(
        "{\n  \"a\": [],\n  \"b\": 1\n}",
        "{\n  \"a\": [],\n  \"b\": 2\n}",
        "{\"a\": [7], \"b\": 1}",
        "{\n  \"a\": [\n    7\n  ],\n  \"b\": 2\n}",
    );
}

#[test]
fn both_additions_are_there_mine_first() {
    gives(
        "{\"a\": 1}",
        "{\"a\": 1, \"m\": 2}",
        "{\"a\": 1, \"t\": 3}",
        "{\"a\": 1, \"m\": 2, \"t\": 3}",
    );
    gives(
        "[{\"id\": 1}]",
        "[{\"id\": 1}, {\"id\": 2}]",
        "[{\"id\": 1}, {\"id\": 3}]",
        "[{\"id\": 1}, {\"id\": 2}, {\"id\": 3}]",
    );
    gives("[1]", "[1, 2]", "[1, 3]", "[1, 2, 3]");
}

#[test]
fn removals_leave_the_commas_right() {
    gives(
        "{\"a\": 1, \"b\": 2, \"c\": 3}",
        "{\"a\": 1, \"b\": 2, \"c\": 4}",
        "{\"b\": 2, \"c\": 3}",
        "{\"b\": 2, \"c\": 4}",
    );
    gives(
        "{\"a\": 1, \"b\": 2, \"c\": 3}",
        "{\"a\": 4, \"b\": 2, \"c\": 3}",
        "{\"a\": 1}",
        "{\"a\": 4}",
    );
    gives(
        "{\"x\": 1, \"a\": [1, 2]}",
        "{\"x\": 2, \"a\": [1, 2]}",
        "{\"x\": 1, \"a\": []}",
        "{\"x\": 2, \"a\": []}",
    );
}

#[test]
fn a_list_by_id_takes_the_order_that_one_side_changed() {
    let entry = |id: &str, n: u32| format!("{{\"id\": \"{id}\", \"n\": {n}}}");
    let base = format!("[{}, {}]", entry("a", 1), entry("b", 1));
    let mine = format!("[{}, {}]", entry("a", 2), entry("b", 1));
    let theirs = format!("[{}, {}]", entry("b", 3), entry("a", 1));
    gives(
        &base,
        &mine,
        &theirs,
        &format!("[{}, {}]", entry("b", 3), entry("a", 2)),
    );
}

#[test]
fn what_both_changed_differently_is_told_and_mine_stays() {
    let told = conflicts(
        "{\"a\": {\"b\": 1}}",
        "{\"a\": {\"b\": 2}}",
        "{\"a\": {\"b\": 3}}",
        &["/a/b"],
    );
    assert_eq!(told[0].base, Some(json!(1)));
    assert_eq!(told[0].mine, Some(json!(2)));
    assert_eq!(told[0].theirs, Some(json!(3)));
    let told = conflicts(
        "{\"a\": 1, \"b\": 1}",
        "{\"b\": 1}",
        "{\"a\": 2, \"b\": 1}",
        &["/a"],
    );
    assert_eq!(told[0].mine, None);
    let told = conflicts(
        "{\"a\": 1, \"b\": 1}",
        "{\"a\": 2, \"b\": 1}",
        "{\"b\": 1}",
        &["/a"],
    );
    assert_eq!(told[0].theirs, None);
    conflicts(
        "[{\"id\": 1, \"n\": 1}, {\"id\": 2}]",
        "[{\"id\": 2}]",
        "[{\"id\": 1, \"n\": 2}, {\"id\": 2}]",
        &["/-"],
    );
    conflicts("[1, 2]", "[1, 3]", "[1, 4]", &["/1"]);
}

#[test]
fn the_same_number_spelled_otherwise_is_no_change() {
    gives(
        "{\"a\": 1, \"b\": 1}",
        "{\"a\": 1, \"b\": 2}",
        "{\"a\": 1.0, \"b\": 1}",
        "{\"a\": 1, \"b\": 2}",
    );
    gives(
        "{\"a\": 1, \"b\": 1}",
        "{\"a\": 1e0, \"b\": 2}",
        "{\"a\": 2.50, \"b\": 1}",
        "{\"a\": 2.50, \"b\": 2}",
    );
}

#[test]
fn text_that_is_not_json_is_merged_by_lines_or_left_alone() {
    gives(
        "{\n\"a\": 1,\n\n\"b\": 1\n",
        "{\n\"a\": 2,\n\n\"b\": 1\n",
        "{\n\"a\": 1,\n\n\"b\": 2\n",
        "{\n\"a\": 2,\n\n\"b\": 2\n",
    );
    conflicts("{\n\"a\": 1\n", "{\n\"a\": 2\n", "{\n\"a\": 3\n", &[""]);
    assert_eq!(merge_lines("a\nb\n", "x\nb\n", "y\nb\n"), None);
}

#[test]
fn differences_are_told_by_key_by_id_and_by_position() {
    let before = parse(
        "{\"a\": 1, \"list\": [{\"id\": \"x\", \"n\": 1}, {\"id\": \"y\"}], \"plain\": [1, 2]}",
    );
    let after = parse(
        "{\"list\": [{\"id\": \"y\"}, {\"n\": 2.0, \"id\": \"x\"}], \"plain\": [1, 3, 2], \"a\": 1.0, \"new/\": true}",
    );
    let told: Vec<_> = crate::spec::diff::diff(&before, &after)
        .into_iter()
        .map(|c| (c.pointer, c.before, c.after))
        .collect();
    assert_eq!(
        told,
        [
            ("/list/1/n".to_owned(), Some(json!(1)), Some(json!(2.0))),
            ("/plain/1".to_owned(), None, Some(json!(3))),
            ("/new~1".to_owned(), None, Some(json!(true))),
        ]
    );
}

#[test]
fn an_element_that_both_added_is_there_once() {
    gives(
        "{\"edges\": [1]}",
        "{\"edges\": [1, 2, 3, 3]}",
        "{\"edges\": [1, 3, 2, 4, 2]}",
        "{\"edges\": [1, 2, 3, 3, 4, 2]}",
    );
}

#[test]
fn a_conflict_knows_its_place_by_ids() {
    let place = |base: &str, mine: &str, theirs: &str| {
        let (_, conflicts) = merged(base, mine, theirs);
        assert_eq!(conflicts.len(), 1, "{conflicts:?}");
        serde_json::to_value(&conflicts[0].place).expect("JSON")
    };
    let list = |inner: &str| format!("{{\"list\": [{{\"id\": \"a\"}}, {inner}]}}");
    assert_eq!(
        place(
            &list("{\"id\": \"b\", \"n\": [1]}"),
            &list("{\"id\": \"b\", \"n\": [2]}"),
            &list("{\"id\": \"b\", \"n\": [3]}"),
        ),
        json!(["list", {"id": "b"}, "n", 0])
    );
    assert_eq!(
        place(
            &list("{\"id\": \"b\", \"n\": 1}"),
            "{\"list\": [{\"id\": \"a\"}]}",
            &list("{\"id\": \"b\", \"n\": 2}"),
        ),
        json!(["list", {"id": "b"}]),
        "also where mine has removed the entry"
    );
}
