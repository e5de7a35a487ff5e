//! `textDocument/documentSymbol`: the outline, by the names that people gave.

use std::ops::Range;

use lsp_types::{DocumentSymbol, DocumentSymbolResponse, Location, SymbolInformation, SymbolKind};

use super::{Snapshot, place::string};
use crate::spec::{
    model::EntryKind,
    syntax::{Kind, Member, Node, escape_token},
};

/// What a name longer than this is cut to, in characters.
const LONGEST: usize = 120;

/// The outline, nested where the client can show that.
pub fn document_symbols(snapshot: &Snapshot) -> DocumentSymbolResponse {
    let root = snapshot.parsed.root();
    let symbols: Vec<Symbol> = root
        .into_iter()
        .flat_map(|root| root.members())
        .filter_map(|member| of_member(&member, ""))
        .collect();
    if snapshot.traits.nested_symbols {
        let nested = symbols.iter().map(|symbol| nested(snapshot, symbol));
        return DocumentSymbolResponse::Nested(nested.collect());
    }
    let mut flat = Vec::new();
    for symbol in &symbols {
        flatten(snapshot, symbol, None, &mut flat);
    }
    DocumentSymbolResponse::Flat(flat)
}

/// What a kind of entry is shown as.
pub fn kind_of(kind: EntryKind) -> SymbolKind {
    match kind {
        EntryKind::Variable => SymbolKind::VARIABLE,
        EntryKind::Extractor => SymbolKind::FUNCTION,
        EntryKind::Objective => SymbolKind::NUMBER,
        EntryKind::Constraint => SymbolKind::BOOLEAN,
        EntryKind::Stage | EntryKind::Transition => SymbolKind::EVENT,
        EntryKind::Subcase => SymbolKind::STRUCT,
        EntryKind::Expression => SymbolKind::CONSTANT,
        EntryKind::Group => SymbolKind::NAMESPACE,
        EntryKind::Insight | EntryKind::Edge | EntryKind::Part => SymbolKind::PROPERTY,
    }
}

struct Symbol {
    name: String,
    detail: Option<String>,
    kind: SymbolKind,
    range: Range<usize>,
    selection: Range<usize>,
    children: Vec<Symbol>,
}

/// A key of the root, or of an object that holds lists.
fn of_member(member: &Member<'_>, holder: &str) -> Option<Symbol> {
    let name = member.name();
    let value = member.value()?;
    let pointer = format!("{holder}/{}", escape_token(&name));
    let mut children = Vec::new();
    let mut detail = None;
    let kind = match (EntryKind::of_list(&pointer), value.kind()) {
        // Edges say nothing that the nodes do not, and there are many.
        (Some(EntryKind::Edge), Kind::Array) => SymbolKind::ARRAY,
        (Some(kind), Kind::Array) => {
            children = entries(kind, value);
            detail = Some(children.len().to_string());
            SymbolKind::ARRAY
        }
        (_, Kind::Object) => {
            if EntryKind::holds_lists(&pointer) || pointer == "/optimization" {
                let members = value.members();
                children = members
                    .filter_map(|member| of_member(&member, &pointer))
                    .collect();
            }
            if pointer == "/meta" {
                detail = string(value, "study_name");
            }
            if pointer == "/optimization/algorithm" || pointer == "/optimization/surrogate" {
                detail = string(value, "type");
            }
            SymbolKind::MODULE
        }
        (_, Kind::Array) => SymbolKind::ARRAY,
        (_, Kind::String) => SymbolKind::STRING,
        (_, Kind::Number) => SymbolKind::NUMBER,
        _ => SymbolKind::PROPERTY,
    };
    Some(Symbol {
        name: shown(&name)?,
        detail,
        kind,
        range: member.range(),
        selection: member.key().range(),
        children,
    })
}

fn entries(kind: EntryKind, list: Node<'_>) -> Vec<Symbol> {
    list.elements()
        .enumerate()
        .filter(|(_, node)| node.kind() == Kind::Object)
        .map(|(index, node)| of_entry(kind, node, index))
        .collect()
}

fn of_entry(kind: EntryKind, node: Node<'_>, index: usize) -> Symbol {
    let id = string(node, "id").or_else(|| Some(node.get("id")?.raw().into_owned()));
    let kind_name = string(node, "type");
    let transition = || {
        Some(format!(
            "{} → {}",
            string(node, "from")?,
            string(node, "to")?
        ))
    };
    let name = ["name", "purpose"]
        .iter()
        .find_map(|key| shown(&string(node, key)?))
        .or_else(transition)
        .or_else(|| shown(id.as_deref()?))
        .or_else(|| shown(kind_name.as_deref()?))
        .unwrap_or_else(|| format!("{} {}", kind.word(), index + 1));
    let detail: Vec<String> = [id, kind_name].into_iter().flatten().collect();
    let selection = ["name", "id"]
        .iter()
        .find_map(|key| node.get(key))
        .map_or(node.range().start..node.range().start + 1, |value| {
            value.range()
        });
    Symbol {
        name,
        detail: (!detail.is_empty()).then(|| detail.join(" · ")),
        kind: kind_of(kind),
        range: node.range(),
        selection,
        children: outputs(kind, node),
    }
}

fn outputs(kind: EntryKind, node: Node<'_>) -> Vec<Symbol> {
    let list = node.get("outputs").filter(|_| kind == EntryKind::Extractor);
    let output = |node: Node<'_>| {
        let name = node.get("name")?;
        Some(Symbol {
            name: shown(&name.as_str()?)?,
            detail: string(node, "units"),
            kind: SymbolKind::FIELD,
            range: node.range(),
            selection: name.range(),
            children: Vec::new(),
        })
    };
    list.into_iter()
        .flat_map(|list| list.elements())
        .filter_map(output)
        .collect()
}

/// A name as an outline can show it: on one line, not without end, not blank.
pub fn shown(name: &str) -> Option<String> {
    let name: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[allow(
    deprecated,
    reason = "the field `deprecated` has no constructor without it"
)]
fn nested(snapshot: &Snapshot, symbol: &Symbol) -> DocumentSymbol {
    let children: Vec<_> = symbol
        .children
        .iter()
        .map(|child| nested(snapshot, child))
        .collect();
    DocumentSymbol {
        name: symbol.name.clone(),
        detail: symbol.detail.clone(),
        kind: symbol.kind,
        tags: None,
        deprecated: None,
        range: snapshot.range(symbol.range.clone()),
        selection_range: snapshot.range(symbol.selection.clone()),
        children: (!children.is_empty()).then_some(children),
    }
}

fn flatten(
    snapshot: &Snapshot,
    symbol: &Symbol,
    container: Option<&str>,
    flat: &mut Vec<SymbolInformation>,
) {
    flat.push(information(
        &symbol.name,
        symbol.kind,
        snapshot.location(symbol.range.clone()),
        container,
    ));
    for child in &symbol.children {
        flatten(snapshot, child, Some(&symbol.name), flat);
    }
}

/// A symbol of a flat list.
#[allow(
    deprecated,
    reason = "the field `deprecated` has no constructor without it"
)]
pub fn information(
    name: &str,
    kind: SymbolKind,
    location: Location,
    container: Option<&str>,
) -> SymbolInformation {
    SymbolInformation {
        name: name.to_owned(),
        kind,
        tags: None,
        deprecated: None,
        location,
        container_name: container.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{BRACKET, EXAMPLES, MODERN, snapshot, snapshot_for};

    fn outline(symbols: &[DocumentSymbol], depth: usize, shown: &mut String) {
        for symbol in symbols {
            let detail = symbol.detail.as_deref().unwrap_or("-");
            shown.push_str(&format!(
                "{}{} ({detail}) {:?}\n",
                "  ".repeat(depth),
                symbol.name,
                symbol.kind
            ));
            outline(
                symbol.children.as_deref().unwrap_or_default(),
                depth + 1,
                shown,
            );
        }
    }

    fn shown_nested(text: &str) -> String {
        let DocumentSymbolResponse::Nested(symbols) = document_symbols(&snapshot(text)) else {
            panic!("nested symbols are wanted");
        };
        let mut shown = String::new();
        outline(&symbols, 0, &mut shown);
        shown
    }

    #[test]
    fn the_outline_shows_names_ids_and_kinds() {
        expect![[r#"
            meta (bracket_mass) Module
            model (-) Module
              nx_part (-) Module
              fem (-) Module
              sim (-) Module
                path (-) String
                solver (-) String
                solution_type (-) String
                subcases (1) Array
                  lug 12 kN (1 · static) Struct
              nx_settings (-) Module
            design_variables (4) Array
              web thickness (dv_001 · continuous) Variable
              flange thickness (dv_002 · continuous) Variable
              lightening hole radius (dv_003 · continuous) Variable
              rib count (dv_004 · integer) Variable
            extractors (3) Array
              mass (ext_001 · mass) Function
                mass (kg) Field
              von Mises (ext_002 · stress) Function
                max_stress (MPa) Field
              lug deflection (ext_003 · displacement) Function
                max_disp (mm) Field
            objectives (1) Array
              mass (obj_001) Number
            constraints (2) Array
              yield (con_001 · hard) Boolean
              deflection (con_002 · hard) Boolean
            optimization (-) Module
              algorithm (TPE) Module
              budget (-) Module
              canvas_position (-) Module
            reporting (-) Module
              auto_report (-) Property
              report_triggers (-) Array
            canvas (-) Module
              layout_version (-) String
              viewport (-) Module
              edges (-) Array
              groups (0) Array
        "#]]
        .assert_eq(&shown_nested(BRACKET));
    }

    #[test]
    fn entries_without_a_name_and_broken_text_are_shown_as_far_as_they_go() {
        expect![[r#"
            design_variables (2) Array
              variable 1 (-) Variable
              dv_002 (dv_002) Variable
            workflow (-) Module
              transitions (1) Array
                a → b (-) Event
            extractors (1) Array
              extractor 1 (-) Function
        "#]].assert_eq(&shown_nested(
            r#"{"design_variables": [{"name": " "}, {"id": "dv_002"}, 3], "workflow": {"transitions": [{"from": "a", "to": "b"}]}, "extractors": [{"name": "x"#,
        ));
        assert_eq!(shown_nested(""), "");
    }

    #[test]
    fn every_selection_lies_in_its_range() {
        fn check(symbols: &[DocumentSymbol]) {
            for symbol in symbols {
                assert!(symbol.range.start <= symbol.selection_range.start);
                assert!(symbol.selection_range.end <= symbol.range.end);
                check(symbol.children.as_deref().unwrap_or_default());
            }
        }
        for text in EXAMPLES {
            let DocumentSymbolResponse::Nested(symbols) = document_symbols(&snapshot(text)) else {
                panic!("nested symbols are wanted");
            };
            check(&symbols);
        }
    }

    #[test]
    fn a_client_that_cannot_nest_gets_a_list_with_containers() {
        let traits = crate::ide::Traits {
            nested_symbols: false,
            ..MODERN
        };
        let snapshot = snapshot_for(
            r#"{"extractors": [{"name": "mass", "outputs": [{"name": "m"}]}]}"#,
            traits,
        );
        let DocumentSymbolResponse::Flat(flat) = document_symbols(&snapshot) else {
            panic!("a flat list is wanted");
        };
        let shown: Vec<_> = flat
            .iter()
            .map(|it| (it.name.as_str(), it.container_name.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                ("extractors", None),
                ("mass", Some("extractors")),
                ("m", Some("mass"))
            ]
        );
    }
}
