//! What was read ahead changes nothing.

use super::{parse::Reuse, *};

/// Lists of objects, some of them not quite.
fn lists() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        6 => prop::sample::select(vec![
            "{\"id\": \"a\", \"n\": 1}",
            "{\"list\": [{\"x\": 1}, {\"y\": [{}]}], \"é\": \"{, {\"}",
            "[{\"deep\": {\"er\": [1, {\"z\": null}]}}, {}]",
            "\"a string, {\\\"of\\\": [{}]\"",
            "7",
        ]).prop_map(str::to_owned),
        1 => soup(),
    ];
    let list = prop::collection::vec(
        (entry, prop::sample::select(vec![", ", ",\n", ",", " "])),
        0..12,
    );
    (
        list,
        prop::sample::select(vec!["{\"a\": [", "[", "{\"a\": {\"b\": ["]),
    )
        .prop_map(|(entries, opening)| {
            let closing: String = opening
                .chars()
                .rev()
                .filter_map(|char| match char {
                    '[' => Some(']'),
                    '{' => Some('}'),
                    _ => None,
                })
                .collect();
            let entries: String = entries
                .into_iter()
                .map(|(entry, comma)| entry + comma)
                .collect();
            format!("{opening}{entries}{{\"last\": 1}}{closing}")
        })
}

/// The tree of a text that was read ahead by pieces of so many bytes.
fn by_pieces(text: &str, size: usize) -> Parsed {
    let text = Text::from(text);
    let whole = text.whole();
    let ahead = Ahead::by_pieces(&text, text.shared().expect("in one piece"), size);
    let document = reread::document(Source::whole(&text, &whole), ahead);
    Parsed {
        document,
        text: text.clone(),
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn reading_ahead_gives_what_reading_gives(text in lists(), size in 1_usize..80) {
        let (ahead, plain) = (by_pieces(&text, size), parse(&text));
        prop_assert_eq!(ahead.errors(), plain.errors());
        prop_assert_eq!(shown(&ahead), shown(&plain));
    }

    #[test]
    fn what_was_read_ahead_can_be_edited(text in lists(), size in 1_usize..80, at in 0.0..1.0_f64, insert in soup()) {
        let ahead = by_pieces(&text, size);
        let start = ahead.text().floor_char((text.len() as f64 * at) as usize);
        let edited = ahead.edit(&[Edit { range: start..start, insert }]);
        let plain = Parsed::new(edited.text().clone());
        prop_assert_eq!(edited.errors(), plain.errors());
        prop_assert_eq!(shown(&edited), shown(&plain));
    }
}

#[test]
fn the_elements_of_a_list_are_read_ahead() {
    let text = Text::from(&*entries(500));
    let whole = text.whole();
    let mut ahead = Ahead::by_pieces(&text, text.shared().expect("in one piece"), 400);
    let places = whole.match_indices("{\"id\"").map(|(at, _)| at);
    let found = places.filter_map(|at| ahead.chunk(at));
    let found: usize = found.map(|chunk| chunk.items.len()).sum();
    assert!(found > 400, "{found} of 500");
}
