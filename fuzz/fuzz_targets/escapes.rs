//! Every place in a string's text maps to a place inside the string as written, in the same order.
//!
//! `cargo +nightly fuzz run escapes`
#![no_main]

use atomizer_lsp::{spec::syntax::Parsed, text::Text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &str| {
    let text = format!(" \"{content}\" ");
    let parsed = Parsed::new(Text::from(text.as_str()));
    let Some(root) = parsed.root() else { return };
    let Some(value) = root.as_str() else { return };
    let (range, escapes) = (root.range(), root.escapes());
    let mut last = range.start;
    for offset in 0..=value.len() {
        let place = escapes.to_document(offset);
        assert!(last <= place && place < range.end, "{offset} of {value:?} is at {place}");
        last = place;
    }
    if parsed.is_valid() {
        assert_eq!(serde_json::from_str::<String>(&text).ok().as_deref(), Some(value.as_ref()));
    }
});
