//! Reading and editing specs of 50 KB, 1 MB and 10 MB. `cargo bench --bench parse`

use atomizer_lsp::{
    spec::syntax::Parsed,
    text::{Edit, Text},
};
use divan::{Bencher, black_box};

const SIZES: [usize; 3] = [50_000, 1_000_000, 10_000_000];

fn main() {
    divan::main();
}

/// A spec of many design variables, written as people do.
fn spec(bytes: usize) -> String {
    let mut variables = Vec::new();
    let mut len = 0;
    while len < bytes {
        let n = variables.len();
        let variable = format!(
            "    {{\n      \"id\": \"dv_{n:06}\",\n      \"name\": \"variable {n}\",\n      \"expression_name\": \"expr_{n}\",\n      \
             \"bounds\": {{ \"min\": 1.5, \"max\": {n} }},\n      \"baseline\": 2.5e1,\n      \"units\": \"mm\"\n    }}"
        );
        len += variable.len() + 2;
        variables.push(variable);
    }
    format!(
        "{{\n  \"meta\": {{ \"version\": \"2.0\" }},\n  \"design_variables\": [\n{}\n  ]\n}}\n",
        variables.join(",\n")
    )
}

#[divan::bench(args = SIZES)]
fn read(bencher: Bencher, bytes: usize) {
    let text = Text::from(spec(bytes).as_str());
    bencher.bench_local(|| Parsed::new(black_box(text.clone())));
}

/// The measure of reading: serde_json building its values.
#[divan::bench(args = SIZES)]
fn read_serde_json(bencher: Bencher, bytes: usize) {
    let text = spec(bytes);
    bencher.bench_local(|| serde_json::from_str::<serde_json::Value>(black_box(&text)));
}

#[divan::bench(args = SIZES)]
fn type_a_character(bencher: Bencher, bytes: usize) {
    edit(bencher, bytes, "x");
}

#[divan::bench(args = SIZES)]
fn type_a_bracket(bencher: Bencher, bytes: usize) {
    edit(bencher, bytes, "\", {");
}

fn edit(bencher: Bencher, bytes: usize, insert: &str) {
    let text = spec(bytes);
    let parsed = Parsed::new(Text::from(text.as_str()));
    let middle = text.len() / 2;
    let at = middle + text[middle..].find("variable ").unwrap_or_default();
    let edits = [Edit {
        range: at..at,
        insert: insert.to_owned(),
    }];
    bencher.bench_local(|| parsed.edit(black_box(&edits)));
}
