//! Any text is read; what serde_json accepts has no error and the same value, what it refuses has one at least.
//!
//! `cargo +nightly fuzz run parse`
#![no_main]

use atomizer_lsp::{spec::syntax::Parsed, text::Text};
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
