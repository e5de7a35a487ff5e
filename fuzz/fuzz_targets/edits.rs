//! Any edit gives what reading the new text gives.
//!
//! `cargo +nightly fuzz run edits`
#![no_main]

use atomizer_lsp::{
    spec::syntax::Parsed,
    text::{Edit, Text},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, Vec<(u16, u8, &str)>)| {
    let (text, edits) = input;
    let mut parsed = Parsed::new(Text::from(text));
    for (at, len, insert) in edits {
        let at = at as usize % (parsed.text().len() + 1);
        let range = parsed.text().floor_char(at)..parsed.text().floor_char(at + len as usize);
        parsed = parsed.edit(&[Edit { range, insert: insert.to_owned() }]);
        let fresh = Parsed::new(parsed.text().clone());
        assert_eq!(parsed.errors(), fresh.errors());
        let value = |parsed: &Parsed| parsed.root().map(|root| (root.range(), root.to_value()));
        assert_eq!(value(&parsed), value(&fresh));
    }
});
