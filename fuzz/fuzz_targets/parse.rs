//! Any text is read and checked; what serde_json accepts has no error and the same value, what it refuses has one at
//! least; every finding, and every edit of its fixes, is at a place in the text.
//!
//! `cargo +nightly fuzz run parse`
#![no_main]

use atomizer_lsp::{
    spec::{
        checks::{Context, check},
        syntax::Parsed,
    },
    text::Text,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// serde_json refuses deeper nesting, whatever is in it.
const DEPTH: usize = 120;

fuzz_target!(|text: &str| {
    let parsed = Parsed::new(Text::from(text));
    let errors = parsed.errors();
    for error in &errors {
        assert!(text.get(error.range.clone()).is_some(), "{error:?}");
    }
    for finding in check(&parsed, &Context::default()) {
        let related = finding.related.iter().map(|related| &related.range);
        let edits = finding.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| &edit.range);
        for range in related.chain(edits).chain([&finding.range]) {
            assert!(text.get(range.clone()).is_some(), "{finding:?}");
        }
    }
    if text.matches(['[', '{']).count() > DEPTH {
        return;
    }
    match serde_json::from_str::<Value>(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        Ok(value) => {
            assert!(errors.is_empty(), "{errors:?}");
            assert_eq!(parsed.root().map(|root| root.to_value()), Some(value));
        }
        Err(error) => assert!(!errors.is_empty(), "{error}"),
    }
});
