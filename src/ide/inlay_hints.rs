//! `textDocument/inlayHint`: the names behind ids, and where a baseline lies in its range.

use lsp_types::{InlayHint, InlayHintKind, InlayHintLabel, InlayHintTooltip};

use super::{
    Snapshot,
    place::{is_categorical, number},
    symbols::shown,
};
use crate::spec::{
    format::Refers,
    model::{Entry, EntryKind, Model, Word},
    syntax::Node,
};

/// Characters of a name at most.
const LONGEST: usize = 40;

/// The hints of the entries that the range touches.
pub fn inlay_hints(snapshot: &Snapshot, range: lsp_types::Range) -> Vec<InlayHint> {
    let range = snapshot.text().offsets(range, snapshot.traits.encoding);
    let model = snapshot.model();
    let mut hints = Vec::new();
    for entry in model.entries() {
        if entry.range().end < range.start || range.end < entry.start {
            continue;
        }
        for (refers, word) in entry.facts.refs() {
            let name = name_behind(model, *refers, word)
                .filter(|name| !name.eq_ignore_ascii_case(&word.text));
            let end = entry.place(&word.at).end;
            hints.extend(name.map(|name| hint(snapshot, end, short(name), None)));
        }
        if entry.kind == EntryKind::Variable {
            hints.extend(baseline(snapshot, entry));
        }
    }
    hints.retain(|hint| {
        let at = snapshot.offset(hint.position);
        range.start <= at && at <= range.end
    });
    hints
}

/// What people call the thing that a reference names by id or number.
fn name_behind<'m>(model: &'m Model, refers: Refers, word: &Word) -> Option<&'m str> {
    let entry = match refers {
        Refers::Extractor => model.extractor(word),
        Refers::Stage | Refers::Node => model.node(word),
        Refers::Subcase => model
            .list(EntryKind::Subcase)
            .iter()
            .find(|subcase| subcase.facts.id.as_ref() == Some(word)),
        Refers::Output | Refers::Expression | Refers::File => None,
    };
    entry?.name().filter(|name| !name.trim().is_empty())
}

/// How far up its range the baseline lies.
fn baseline(snapshot: &Snapshot, entry: &Entry) -> Option<InlayHint> {
    let list = snapshot.parsed.root()?.get("design_variables")?;
    let variable = list.element(entry.index)?;
    if is_categorical(variable) {
        return None;
    }
    let baseline = variable.get("baseline")?;
    let percent = percent_of_range(variable)?;
    let tooltip = "How far the baseline lies from `min` to `max`".to_owned();
    Some(hint(
        snapshot,
        baseline.range().end,
        format!("{percent} of its range"),
        Some(tooltip),
    ))
}

/// `55.6 %`, where a numeric variable has bounds and a baseline between them.
pub fn percent_of_range(variable: Node<'_>) -> Option<String> {
    let bounds = variable.get("bounds")?;
    let (min, max) = (number(bounds, "min")?, number(bounds, "max")?);
    let baseline = number(variable, "baseline")?;
    let within = min < max && (min..=max).contains(&baseline);
    let percent = (100.0 * (baseline - min) / (max - min) * 10.0).round() / 10.0;
    (within && percent.is_finite()).then(|| format!("{percent} %"))
}

fn short(name: &str) -> String {
    let name = shown(name).unwrap_or_default();
    if name.chars().count() <= LONGEST {
        return name;
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn hint(snapshot: &Snapshot, at: usize, label: String, tooltip: Option<String>) -> InlayHint {
    InlayHint {
        position: snapshot.position(at),
        label: InlayHintLabel::String(label),
        kind: Some(InlayHintKind::PARAMETER),
        text_edits: None,
        tooltip: tooltip.map(InlayHintTooltip::String),
        padding_left: Some(true),
        padding_right: Some(false),
        data: None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{MIRROR, snapshot};

    /// The lines with hints, each hint where it is shown.
    fn shown_in(text: &str) -> String {
        let snapshot = snapshot(text);
        let all = snapshot.range(0..text.len());
        let mut lines: Vec<(String, bool)> =
            text.lines().map(|line| (line.to_owned(), false)).collect();
        let mut hints = inlay_hints(&snapshot, all);
        hints.sort_by_key(|hint| std::cmp::Reverse(hint.position.character));
        for hint in hints {
            let InlayHintLabel::String(label) = hint.label else {
                panic!("labels are plain");
            };
            let (line, hinted) = &mut lines[hint.position.line as usize];
            line.insert_str(hint.position.character as usize, &format!("«{label}»"));
            *hinted = true;
        }
        let hinted = lines.into_iter().filter(|(_, hinted)| *hinted);
        hinted
            .map(|(line, _)| format!("{}\n", line.trim()))
            .collect()
    }

    #[test]
    fn ids_show_their_names_and_baselines_their_place() {
        expect![[r#"
            "baseline": 40.55«27.7 % of its range»,
            "baseline": 75.0«58.3 % of its range»,
            "baseline": 26.79«51.1 % of its range»,
            "baseline": 14.64«41 % of its range»,
            "baseline": 4.43«76.7 % of its range»,
            "baseline": 75.0«50 % of its range»,
            "subcase": 3«40 deg»,
            "reference_subcase": 2«20 deg»,
            "subcase": 3«40 deg»,
            "subcase": 3«40 deg»,
            "subcase": 4«60 deg»,
            "reference_subcase": 2«20 deg»,
            "subcase": 4«60 deg»,
            "subcase": 4«60 deg»,
            "extractor_id": "ext_001"«WFE 40-20»,
            "extractor_id": "ext_002"«WFE 60-20»,
            "extractor_id": "ext_003"«blank mass»,
            "source": "dv_001"«whiffle inner radius»,
            "source": "dv_002"«whiffle outer to vertical»,
            "source": "dv_003"«lateral inner angle»,
            "source": "dv_004"«lateral outer angle»,
            "source": "dv_005"«blank backface angle»,
            "source": "dv_006"«centre thickness»,
            "target": "ext_001"«WFE 40-20»
            "target": "ext_002"«WFE 60-20»
            "target": "ext_003"«blank mass»
            "source": "ext_001"«WFE 40-20»,
            "target": "obj_001"«WFE 40-20»
            "source": "ext_002"«WFE 60-20»,
            "target": "obj_002"«WFE 60-20»
            "source": "ext_003"«blank mass»,
            "target": "con_001"«blank mass»
            "source": "obj_001"«WFE 40-20»,
            "source": "obj_002"«WFE 60-20»,
            "source": "con_001"«blank mass»,
        "#]]
        .assert_eq(&shown_in(MIRROR));
    }

    #[test]
    fn nothing_is_said_about_what_is_not_there_or_makes_no_range() {
        assert_eq!(
            shown_in(
                r#"{"design_variables": [{"baseline": 3, "bounds": {"min": 5, "max": 4}}, {"baseline": 9, "bounds": {"min": 0, "max": 1}}, {"type": "categorical", "baseline": "a"}],
                "objectives": [{"source": {"extractor_id": "ext_404"}}], "extractors": [{"config": {"subcase": 1"#
            ),
            ""
        );
    }

    #[test]
    fn only_the_asked_range_is_answered() {
        let text = "{\"model\": {\"sim\": {\"subcases\": [{\"id\": 1, \"name\": \"g\"}]}},\n\"extractors\": [{\"config\": {\"subcase\": 1}},\n{\"config\": {\"subcase\": 1}}]}";
        let snapshot = snapshot(text);
        let line = lsp_types::Range {
            start: lsp_types::Position::new(2, 0),
            end: lsp_types::Position::new(3, 0),
        };
        let hints = inlay_hints(&snapshot, line);
        assert_eq!(hints.len(), 1);
        assert_eq!(hints[0].position.line, 2);
    }
}
