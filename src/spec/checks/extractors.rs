//! What an extractor needs beside its keys: settings by its type, a function.

use super::{
    insert::Insert,
    walk::{EntryView, Out},
};
use crate::spec::{
    format::{ExtractorType, Shape},
    model::EntryKind,
    syntax::Kind,
};

pub(super) fn missing_config(view: &EntryView<'_>, out: &mut Out) {
    let Some(kind) = view.facts.extractor_type() else {
        return;
    };
    let needed = &Shape::config(kind).required;
    match view.member("config") {
        None if view.node.is_intact() => {
            let brace = view.node.range().start;
            for key in needed {
                let message = format!(
                    "a `{}` extractor needs `{key}` in its `config`, which is missing",
                    kind.name()
                );
                let raw = out.report(brace..brace + 1, String::new(), message);
                raw.insert = Some(Insert {
                    object: String::new(),
                    keys: vec!["config".into()],
                });
            }
        }
        Some(member) => {
            let Some(config) = member
                .value()
                .filter(|node| node.kind() == Kind::Object && node.is_intact())
            else {
                return;
            };
            for key in needed.iter().filter(|key| config.member(key).is_none()) {
                let message = format!(
                    "a `{}` extractor needs `{key}` in its `config`",
                    kind.name()
                );
                let raw = out.report(member.key().range(), "/config".into(), message);
                raw.insert = Some(Insert {
                    object: "/config".into(),
                    keys: vec![key.clone()],
                });
            }
        }
        None => {}
    }
}

pub(super) fn missing_function(view: &EntryView<'_>, out: &mut Out) {
    if view.kind != EntryKind::Extractor
        || view.facts.extractor_type() != Some(ExtractorType::CustomFunction)
    {
        return;
    }
    let Some(member) = view.member("function") else {
        if view.node.is_intact() {
            let brace = view.node.range().start;
            let message = "a `custom_function` extractor needs a `function` with a `name`, and a `module` or `source_code`";
            out.report(brace..brace + 1, String::new(), message);
        }
        return;
    };
    let Some(function) = member
        .value()
        .filter(|node| node.kind() == Kind::Object && node.is_intact())
    else {
        return;
    };
    let has = |key: &str| function.member(key).is_some();
    let missing = match (has("name"), has("module") || has("source_code")) {
        (true, true) => return,
        (false, true) => "a `name`",
        (true, false) => "a `module` or `source_code`",
        (false, false) => "a `name`, and a `module` or `source_code`",
    };
    let raw = out.report(
        member.key().range(),
        "/function".into(),
        format!("the function of a `custom_function` extractor needs {missing}"),
    );
    if !has("name") && (has("module") || has("source_code")) {
        raw.insert = Some(Insert {
            object: "/function".into(),
            keys: vec!["name".into()],
        });
    }
}
