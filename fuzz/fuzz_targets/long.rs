//! A long text, whose objects are skimmed by several processors and read when somebody asks, is the tree, the errors, the
//! values and the findings that reading it in order gives.
//!
//! `cargo +nightly fuzz run long`
#![no_main]

use atomizer_lsp::{
    spec::{
        checks::{Checker, Context},
        syntax::{Node, Parsed},
    },
    text::Text,
};
use libfuzzer_sys::fuzz_target;
use ropey::Rope;
use serde_json::Value;

/// Shorter texts are read in order.
const LONG: usize = 256 * 1024;
/// Makes entries long, so that there are not thousands of findings.
const PADDING: usize = 2000;

fn entries(parsed: &Parsed) -> Vec<(std::ops::Range<usize>, Value)> {
    let lists = parsed.root().into_iter().flat_map(|root| root.members());
    lists
        .filter_map(|list| list.value())
        .flat_map(|list| list.elements())
        .map(|entry: Node<'_>| (entry.range(), entry.to_value()))
        .collect()
}

fuzz_target!(|entry: &str| {
    let padding = "p".repeat(PADDING);
    let entry = format!("{{\"id\": \"dv_001\", {entry}, \"padding\": \"{padding}\"}},\n ");
    let list = entry.repeat(LONG / entry.len() / 2 + 1);
    let text = format!("{{\"design_variables\": [{list}1],\n \"extractors\": [{list}2]}}");
    let skimmed = Parsed::new(Text::from(&*text));
    // A rope is read in order.
    let read = Parsed::new(Text::from(Rope::from_str(&text)));
    assert_eq!(skimmed.errors(), read.errors());
    let check = |parsed: &Parsed| Checker::new().check(parsed, &Context::default());
    assert_eq!(check(&skimmed), check(&read));
    assert_eq!(entries(&skimmed), entries(&read));
});
