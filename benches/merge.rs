//! Merging specs of 50 KB, 1 MB and 10 MB. `cargo bench --bench merge`

use atomizer_lsp::{
    spec::{merge::merge, syntax::Parsed},
    text::{Edit, Text},
};
use divan::{Bencher, black_box};

const SIZES: [usize; 3] = [50_000, 1_000_000, 10_000_000];

fn main() {
    divan::main();
}

/// A spec with this many bytes of design variables, of which the `changed`th has another name.
fn spec(bytes: usize, changed: usize) -> String {
    let variables: Vec<String> = (0..bytes / 100)
        .map(|n| {
            let name = if n == changed { "changed" } else { "variable" };
            format!("    {{ \"id\": \"dv_{n:06}\", \"name\": \"{name}\", \"bounds\": {{ \"min\": 1.5, \"max\": {n:06} }} }}")
        })
        .collect();
    format!(
        "{{\n  \"design_variables\": [\n{}\n  ]\n}}\n",
        variables.join(",\n")
    )
}

fn parse(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

/// Three texts read one by one, as after a restart.
#[divan::bench(args = SIZES)]
fn both_changed(bencher: Bencher, bytes: usize) {
    let [base, mine, theirs] =
        [usize::MAX, 1, bytes / 200].map(|changed| parse(&spec(bytes, changed)));
    bencher.bench_local(|| merge(black_box(&base), black_box(&mine), black_box(&theirs)));
}

/// Mine came from base by an edit and shares its tree.
#[divan::bench(args = SIZES)]
fn mine_was_edited(bencher: Bencher, bytes: usize) {
    let (base, theirs) = (
        parse(&spec(bytes, usize::MAX)),
        parse(&spec(bytes, bytes / 200)),
    );
    let at = base.text().len() - 3;
    let mine = base.edit(&[Edit {
        range: at..at,
        insert: ", \"meta\": {}".to_owned(),
    }]);
    bencher.bench_local(|| merge(black_box(&base), black_box(&mine), black_box(&theirs)));
}

/// The plain case: mine is base.
#[divan::bench(args = SIZES)]
fn mine_is_base(bencher: Bencher, bytes: usize) {
    let (base, theirs) = (
        parse(&spec(bytes, usize::MAX)),
        parse(&spec(bytes, bytes / 200)),
    );
    bencher.bench_local(|| merge(black_box(&base), black_box(&base), black_box(&theirs)));
}
