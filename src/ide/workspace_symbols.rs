//! `workspace/symbol`: what people named, over all studies.

use lsp_types::{Location, SymbolInformation, SymbolKind, Url};

use super::symbols::{information, kind_of, shown};
use crate::{
    spec::{
        model::{EntryKind, Model},
        syntax::Parsed,
    },
    text::Encoding,
};

/// Answers at most, over all studies: nobody reads more, and a generated study has many thousand.
pub const MOST: usize = 500;

/// The study itself and its variables, extractors, objectives, constraints and stages whose name or id holds the letters
/// of `query` in their order. At most `most`.
pub fn matching(
    uri: &Url,
    parsed: &Parsed,
    encoding: Encoding,
    query: &str,
    most: usize,
) -> Vec<SymbolInformation> {
    let study = parsed.node_at_pointer("/meta/study_name");
    let study_name = study
        .and_then(|study| shown(&study.as_str()?))
        .unwrap_or_default();
    let container = (!study_name.is_empty()).then_some(study_name.as_str());
    let location = |range| Location {
        uri: uri.clone(),
        range: parsed.text().range(range, encoding),
    };
    let mut found = Vec::new();
    if let Some(study) = study.filter(|_| holds(&study_name, query) && container.is_some()) {
        found.push(information(
            &study_name,
            SymbolKind::MODULE,
            location(study.range()),
            None,
        ));
    }
    let model = Model::of(parsed);
    for entry in model.entries() {
        if found.len() >= most {
            break;
        }
        let wanted = entry.kind.is_node() && entry.kind != EntryKind::Group;
        let (id, name) = (entry.id().unwrap_or_default(), entry.name());
        let Some(label) = shown(name.unwrap_or(id)).filter(|_| wanted) else {
            continue;
        };
        if holds(&label, query) || holds(id, query) {
            found.push(information(
                &label,
                kind_of(entry.kind),
                location(entry.range()),
                container,
            ));
        }
    }
    found.truncate(most);
    found
}

/// The letters of the query stand in the text in this order, whatever their case.
fn holds(text: &str, query: &str) -> bool {
    let mut letters = text.chars().flat_map(char::to_lowercase);
    query
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|wanted| !wanted.is_whitespace())
        .all(|wanted| letters.any(|letter| letter == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ide::testing::BRACKET, text::Text};

    fn names(query: &str, most: usize) -> Vec<String> {
        let uri = Url::parse("file:///s/atomizer_spec.json").expect("a uri");
        let parsed = Parsed::new(Text::from(BRACKET));
        matching(&uri, &parsed, Encoding::Utf8, query, most)
            .into_iter()
            .map(|symbol| symbol.name)
            .collect()
    }

    #[test]
    fn names_and_ids_are_found_by_their_letters() {
        assert_eq!(names("thick", 9), ["web thickness", "flange thickness"]);
        assert_eq!(names("WbTh", 9), ["web thickness"]);
        assert_eq!(names("con_002", 9), ["deflection"]);
        assert_eq!(names("bracket", 9), ["bracket_mass"]);
        assert!(names("zzz", 9).is_empty());
        assert_eq!(names("", 3).len(), 3);
    }
}
