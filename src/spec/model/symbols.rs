//! Ids and names as symbols: where each is defined and where it is used, for rename, definition and references.

use std::ops::Range;

use super::{Entry, EntryKind, Facts, Model, Word};
use crate::spec::format::{FIXED_NODES, Refers};

/// Something that has a name and is referred to by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// An id: of a variable, extractor, objective, constraint, stage or group.
    Id(String),
    /// A subcase, by its number.
    Subcase(String),
    /// An NX expression, by its name.
    Expression(String),
    /// An output of an extractor.
    Output {
        /// The extractor's id.
        extractor: String,
        /// The output's name.
        name: String,
    },
}

impl Symbol {
    /// The name that stands in the text.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Id(name)
            | Self::Subcase(name)
            | Self::Expression(name)
            | Self::Output { name, .. } => name,
        }
    }
}

/// What a symbol does at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It gets its name there.
    Definition,
    /// It is referred to there.
    Reference,
}

/// A symbol at a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Which symbol.
    pub symbol: Symbol,
    /// Whether it gets its name there.
    pub role: Role,
    /// The value there, its quotes included.
    pub range: Range<usize>,
    /// The entry that it stands in, in [`Model::entries`].
    pub entry: usize,
}

impl Model {
    /// The symbol at a place of the text, if there is one.
    #[must_use]
    pub fn symbol_at(&self, offset: usize) -> Option<Occurrence> {
        let after = self
            .entries()
            .partition_point(|entry| entry.start <= offset);
        let index = after.checked_sub(1)?;
        occurrences_in(index, &self.entries()[index])
            .find(|found| found.range.start <= offset && offset <= found.range.end)
    }

    /// All places of a symbol, definitions and references, in the order of the text.
    #[must_use]
    pub fn occurrences(&self, symbol: &Symbol) -> Vec<Occurrence> {
        let all = self
            .entries()
            .iter()
            .enumerate()
            .flat_map(|(index, entry)| occurrences_in(index, entry));
        let mut found: Vec<Occurrence> = all.filter(|found| found.symbol == *symbol).collect();
        found.sort_by_key(|found| found.range.start);
        found
    }

    /// Where a symbol gets its name, the first place if there are several.
    #[must_use]
    pub fn definition(&self, symbol: &Symbol) -> Option<Occurrence> {
        self.occurrences(symbol)
            .into_iter()
            .find(|found| found.role == Role::Definition)
    }
}

/// The symbols in an entry.
fn occurrences_in(index: usize, entry: &Entry) -> impl Iterator<Item = Occurrence> {
    let occurrence = move |symbol: Symbol, role: Role, word: &Word| Occurrence {
        symbol,
        role,
        range: entry.place(&word.at),
        entry: index,
    };
    let definitions =
        definitions(entry).map(move |(symbol, word)| occurrence(symbol, Role::Definition, word));
    let references = entry.facts.refs().iter().filter_map(move |(refers, word)| {
        Some(occurrence(
            referred(*refers, word, &entry.facts)?,
            Role::Reference,
            word,
        ))
    });
    definitions.chain(references)
}

fn definitions(entry: &Entry) -> impl Iterator<Item = (Symbol, &Word)> {
    let facts = &entry.facts;
    let own = match entry.kind {
        EntryKind::Expression => facts
            .name
            .as_ref()
            .map(|name| (Symbol::Expression(name.text.to_string()), name)),
        EntryKind::Subcase => facts
            .id
            .as_ref()
            .map(|id| (Symbol::Subcase(id.text.to_string()), id)),
        kind if kind.is_node() => facts
            .id
            .as_ref()
            .map(|id| (Symbol::Id(id.text.to_string()), id)),
        _ => None,
    };
    let outputs = facts.outputs().iter().filter_map(|output| {
        let (extractor, name) = (facts.id.as_ref()?, output.name.as_ref()?);
        Some((
            Symbol::Output {
                extractor: extractor.text.to_string(),
                name: name.text.to_string(),
            },
            name,
        ))
    });
    own.into_iter().chain(outputs)
}

fn referred(refers: Refers, word: &Word, facts: &Facts) -> Option<Symbol> {
    let name = word.text.to_string();
    Some(match refers {
        Refers::Extractor | Refers::Stage => Symbol::Id(name),
        Refers::Node if FIXED_NODES.contains(&&*name) => return None,
        Refers::Node => Symbol::Id(name),
        Refers::Output => Symbol::Output {
            extractor: facts.reference(Refers::Extractor)?.text.to_string(),
            name,
        },
        Refers::Subcase => Symbol::Subcase(name),
        Refers::Expression => Symbol::Expression(name),
        Refers::File => return None,
    })
}
