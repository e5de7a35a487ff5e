//! What checking costs: a spec as it is opened, and a keystroke in it. `cargo bench --bench check`

use atomizer_lsp::{
    spec::{
        checks::{Checker, Context, check},
        model::Model,
        syntax::Parsed,
    },
    text::{Edit, Text},
};
use divan::{Bencher, black_box, counter::BytesCount};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const SIZES: [usize; 3] = [50_000, 1_000_000, 10_000_000];

/// The gimbal arm with as many variables, extractors, objectives, constraints and edges as make it about `size` bytes.
fn spec(size: usize) -> String {
    let example = include_str!("../examples/studies/gimbal_arm/1_setup/atomizer_spec.json");
    let mut spec: Value = serde_json::from_str(example).expect("an example is JSON");
    spec["model"]["introspection"] = json!({});
    for number in 0..size / 1_700 {
        let id = |prefix: &str| format!("{prefix}_{:05}", number + 100);
        let mut add = |list: &str, template: usize, changes: &[(&str, Value)]| {
            let mut entry = spec[list][template].clone();
            entry["id"] = changes[0].1.clone();
            for (pointer, value) in &changes[1..] {
                *entry.pointer_mut(pointer).expect("the template has it") = value.clone();
            }
            spec[list].as_array_mut().expect("a list").push(entry);
        };
        let extractor = json!(id("ext"));
        add(
            "design_variables",
            0,
            &[
                ("", json!(id("dv"))),
                ("/expression_name", json!(format!("e{number}"))),
            ],
        );
        add("extractors", 1, &[("", extractor.clone())]);
        add(
            "objectives",
            1,
            &[
                ("", json!(id("obj"))),
                ("/source/extractor_id", extractor.clone()),
            ],
        );
        let source = json!({"extractor_id": extractor, "output_name": "f1"});
        add(
            "constraints",
            0,
            &[("", json!(id("con"))), ("/source", source)],
        );
        let edge = json!({"source": id("ext"), "target": id("obj")});
        spec["canvas"]["edges"]
            .as_array_mut()
            .expect("a list")
            .push(edge);
    }
    serde_json::to_string_pretty(&spec).expect("it is JSON")
}

#[divan::bench(args = SIZES)]
fn model(bencher: Bencher, size: usize) {
    let parsed = Parsed::new(Text::from(&*spec(size)));
    bencher
        .counter(BytesCount::new(parsed.text().len()))
        .bench(|| Model::of(black_box(&parsed)));
}

#[divan::bench(args = SIZES)]
fn fresh(bencher: Bencher, size: usize) {
    let parsed = Parsed::new(Text::from(&*spec(size)));
    bencher
        .counter(BytesCount::new(parsed.text().len()))
        .bench(|| check(black_box(&parsed), &Context::default()));
}

/// A letter typed where the first match of `before` ends behind the middle of the text.
fn keystroke(bencher: Bencher, size: usize, before: &str) {
    let text = spec(size);
    let middle = text.len() / 2;
    let at = middle + text[middle..].find(before).expect("there are many") + before.len();
    let mut parsed = Parsed::new(Text::from(&*text));
    let mut checker = Checker::new();
    checker.check(&parsed, &Context::default());
    bencher.bench_local(|| {
        parsed = parsed.edit(&[Edit {
            range: at..at,
            insert: "1".into(),
        }]);
        checker.check(&parsed, &Context::default())
    });
}

#[divan::bench(args = SIZES)]
fn keystroke_in_a_name(bencher: Bencher, size: usize) {
    keystroke(bencher, size, "\"name\": \"");
}

#[divan::bench(args = SIZES)]
fn keystroke_in_a_reference(bencher: Bencher, size: usize) {
    keystroke(bencher, size, "\"extractor_id\": \"ext_");
}
