//! Completion, hover and rename in specs of 50 KB, 1 MB and 10 MB. `cargo bench --bench completion`
//!
//! Each from a fresh snapshot, as the server takes one for each request: ids and references are read anew.

use std::sync::{Arc, OnceLock};

use atomizer_lsp::{
    ide::{self, Snapshot, Traits},
    spec::syntax::Parsed,
    text::Text,
};
use divan::Bencher;
use lsp_types::{Position, Url};

const SIZES: [usize; 3] = [50_000, 1_000_000, 10_000_000];

fn main() {
    divan::main();
}

/// Many design variables, and an objective whose words are completed.
fn spec(bytes: usize) -> Parsed {
    let variables: Vec<String> = (0..bytes / 210)
        .map(|n| {
            format!(
                "    {{\n      \"id\": \"dv_{n:06}\",\n      \"name\": \"variable {n}\",\n      \"expression_name\": \"expr_{n}\",\n      \
                 \"bounds\": {{ \"min\": 1.5, \"max\": {n} }},\n      \"baseline\": 2.5e1,\n      \"units\": \"mm\"\n    }}"
            )
        })
        .collect();
    let text = format!(
        "{{\n  \"objectives\": [{{\"direction\": \"mini\", \"source\": {{\"extractor_id\": \"ext_001\"}}}}],\n  \"extractors\": [{{\"id\": \"ext_001\"}}],\n  \
         \"design_variables\": [\n{}\n  ],\n  \"canvas\": {{\"edges\": [{{\"source\": \"dv_0000\"}}]}}\n}}\n",
        variables.join(",\n")
    );
    Parsed::new(Text::from(text.as_str()))
}

fn snapshot(parsed: &Parsed) -> Snapshot {
    Snapshot {
        uri: Url::parse("file:///s/atomizer_spec.json").expect("a uri"),
        path: None,
        version: 1,
        parsed: parsed.clone(),
        findings: Arc::default(),
        context: Arc::default(),
        traits: Traits::default(),
        model: OnceLock::new(),
    }
}

/// Right behind a piece of the text.
fn behind(parsed: &Parsed, piece: &str) -> Position {
    let text = parsed.text().to_string();
    let at = text.find(piece).expect("in the text") + piece.len();
    parsed.text().position(at, Traits::default().encoding)
}

#[divan::bench(args = SIZES)]
fn a_word(bencher: Bencher, bytes: usize) {
    let parsed = spec(bytes);
    let at = behind(&parsed, "\"mini");
    bencher.bench_local(|| ide::completion::completion(&snapshot(&parsed), at));
}

#[divan::bench(args = SIZES)]
fn an_id_of_the_canvas(bencher: Bencher, bytes: usize) {
    let parsed = spec(bytes);
    let at = behind(&parsed, "\"dv_0000");
    bencher.bench_local(|| ide::completion::completion(&snapshot(&parsed), at));
}

#[divan::bench(args = SIZES)]
fn hover(bencher: Bencher, bytes: usize) {
    let parsed = spec(bytes);
    let at = behind(&parsed, "\"ext_00");
    bencher.bench_local(|| ide::hover::hover(&snapshot(&parsed), at));
}

#[divan::bench(args = SIZES)]
fn rename(bencher: Bencher, bytes: usize) {
    let parsed = spec(bytes);
    let at = behind(&parsed, "\"ext_00");
    bencher.bench_local(|| ide::rename::rename(&snapshot(&parsed), at, "ext_042"));
}
