//! What the study says of itself.

use super::{Code, Finding, Severity, edits, view::SpecView, walk::Out};
use crate::spec::{format::Shape, syntax::Node};

/// Whether the study of a spec is a draft, which may lack all but `meta` and `model`: `meta.status` is `draft` or
/// `introspected`.
#[must_use]
pub fn is_draft(spec: Node<'_>) -> bool {
    let status = || spec.get("meta")?.get("status")?.as_str();
    matches!(status().as_deref(), Some("draft" | "introspected"))
}

pub(super) fn study_name_mismatch(spec: &SpecView<'_>, out: &mut Out) {
    let Some(folder) = &spec.context.study_folder_name else {
        return;
    };
    let Some(node) = spec
        .get(&["meta", "study_name"])
        .filter(|node| node.is_intact())
    else {
        return;
    };
    let Some(name) = node.as_str().filter(|name| **name != **folder) else {
        return;
    };
    let message = format!("the study is called `{name}`, but its folder `{folder}`");
    let raw = out.report(node.range(), "/meta/study_name".into(), message);
    let form = Shape::spec()
        .path(&["meta", "study_name"])
        .and_then(|shape| shape.pattern.as_ref());
    if form.is_none_or(|form| form.matches(folder)) {
        raw.change_to(edits::string(folder), false);
    }
}

pub(super) fn status_incomplete(spec: &SpecView<'_>, found: &[Finding], out: &mut Out) {
    let Some(node) = spec.get(&["meta", "status"]) else {
        return;
    };
    let Some(status) = node
        .as_str()
        .filter(|status| matches!(&**status, "ready" | "running" | "completed"))
    else {
        return;
    };
    let errors = found
        .iter()
        .filter(|finding| {
            finding.severity == Severity::Error && finding.code != Code::MissingModelFile
        })
        .count();
    let files = found
        .iter()
        .filter(|finding| finding.code == Code::MissingModelFile)
        .count();
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let remains = [
        counted(errors, "error remains", "errors remain"),
        counted(files, "model file is missing", "model files are missing"),
    ];
    let remains: Vec<String> = remains.into_iter().flatten().collect();
    if !remains.is_empty() {
        let message = format!(
            "the study is said to be {status}, but {}",
            remains.join(" and ")
        );
        out.report(node.range(), "/meta/status".into(), message);
    }
}
