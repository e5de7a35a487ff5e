//! The entries of a spec, its ids and names, and what refers to them.
//!
//! An *entry* is an element of one of the spec's lists (a variable, an extractor, a canvas edge …) or a *part*: any other value
//! below the few objects that hold the lists. Entries do not overlap, and stand in the order of the text. What is known
//! of an entry is kept as long as its text stays the same, so that [`Model::update`] after a keystroke reads one entry anew.

mod build;
mod facts;
mod summary;
mod symbols;
#[cfg(test)]
mod tests;
mod word;

use std::{
    borrow::Cow,
    ops::Range,
    sync::{Arc, OnceLock},
};

use rustc_hash::FxHashMap;

pub use facts::*;
pub use summary::summary;
pub use symbols::{Occurrence, Role, Symbol};
pub use word::{Number, Span, Word};

use super::{
    format::Shape,
    syntax::{Member, Node, Parsed},
};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A design variable.
    Variable,
    /// An extractor.
    Extractor,
    /// An objective.
    Objective,
    /// A constraint.
    Constraint,
    /// A stage of the workflow.
    Stage,
    /// A transition between stages.
    Transition,
    /// An insight of the reports.
    Insight,
    /// An edge of the canvas.
    Edge,
    /// A group of the canvas.
    Group,
    /// A subcase of the simulation.
    Subcase,
    /// An NX expression that intake found.
    Expression,
    /// Any other value.
    Part,
}

impl EntryKind {
    /// For messages: `variable`, `extractor` …
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Variable => "variable",
            Self::Extractor => "extractor",
            Self::Objective => "objective",
            Self::Constraint => "constraint",
            Self::Stage => "stage",
            Self::Transition => "transition",
            Self::Insight => "insight",
            Self::Edge => "edge",
            Self::Group => "group",
            Self::Subcase => "subcase",
            Self::Expression => "expression",
            Self::Part => "value",
        }
    }

    /// What its ids begin with, where the format says.
    #[must_use]
    pub fn id_prefix(self) -> Option<&'static str> {
        match self {
            Self::Variable => Some("dv_"),
            Self::Extractor => Some("ext_"),
            Self::Objective => Some("obj_"),
            Self::Constraint => Some("con_"),
            _ => None,
        }
    }

    /// Its ids are unique in the whole spec and may stand in canvas edges and groups.
    #[must_use]
    pub fn is_node(self) -> bool {
        matches!(
            self,
            Self::Variable
                | Self::Extractor
                | Self::Objective
                | Self::Constraint
                | Self::Stage
                | Self::Group
        )
    }

    /// What the entries of the list at a JSON pointer are, if there is one.
    #[must_use]
    pub fn of_list(pointer: &str) -> Option<Self> {
        LISTS
            .iter()
            .find(|(list, _)| *list == pointer)
            .map(|(_, kind)| *kind)
    }

    /// The object at a JSON pointer is one of those that hold lists.
    #[must_use]
    pub fn holds_lists(pointer: &str) -> bool {
        HOLDERS.contains(&pointer)
    }

    /// Where the list of its kind stands.
    #[must_use]
    pub fn pointer(self) -> Option<&'static str> {
        LISTS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map(|(pointer, _)| *pointer)
    }
}

/// The lists of a spec.
const LISTS: [(&str, EntryKind); 11] = [
    ("/design_variables", EntryKind::Variable),
    ("/extractors", EntryKind::Extractor),
    ("/objectives", EntryKind::Objective),
    ("/constraints", EntryKind::Constraint),
    ("/workflow/stages", EntryKind::Stage),
    ("/workflow/transitions", EntryKind::Transition),
    ("/reporting/insights", EntryKind::Insight),
    ("/canvas/edges", EntryKind::Edge),
    ("/canvas/groups", EntryKind::Group),
    ("/model/sim/subcases", EntryKind::Subcase),
    ("/model/introspection/expressions", EntryKind::Expression),
];

/// The objects that hold lists, beside the root.
const HOLDERS: [&str; 6] = [
    "/model",
    "/model/sim",
    "/model/introspection",
    "/workflow",
    "/reporting",
    "/canvas",
];

/// One entry of a spec.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Its place in its list; 0 for a part.
    pub index: usize,
    /// Where it begins, in bytes.
    pub start: usize,
    /// What the rest of the spec asks about it.
    pub facts: Arc<Facts>,
    green: usize,
    home: usize,
}

impl Entry {
    /// Where it stands.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.facts.text_len()
    }

    /// A place within it, in the whole text.
    #[must_use]
    pub fn place(&self, at: &Span) -> Range<usize> {
        at.behind(self.start)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.facts.id.as_ref().map(|id| &*id.text)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.facts.name.as_ref().map(|name| &*name.text)
    }

    /// It counts: it is not disabled.
    #[must_use]
    pub fn enabled(&self) -> bool {
        !self.facts.disabled
    }
}

/// Where entries come from: one of the lists, or the one place of a part.
#[derive(Debug, Clone)]
pub struct Home {
    /// What the entries are.
    pub kind: EntryKind,
    /// JSON pointer of the list, or of the part.
    pub pointer: String,
    /// What the format says of the value there.
    pub shape: &'static Shape,
    /// Where its key stands, if it has one.
    pub key: Option<Range<usize>>,
    /// Where the value stands.
    pub range: Range<usize>,
    /// No syntax error cuts through the list.
    pub intact: bool,
    /// Brackets do not match around the entries: what they are is a guess.
    pub loose: bool,
    /// Its entries, in [`Model::entries`].
    pub entries: Range<usize>,
}

/// The entries of a spec and what refers to what.
#[derive(Debug, Clone, Default)]
pub struct Model {
    entries: Vec<Entry>,
    homes: Vec<Home>,
    /// The objects that hold the lists, none missing from the text: nothing can hide behind a syntax error.
    whole: bool,
    index: OnceLock<Arc<Index>>,
}

/// First entries by id and by name.
#[derive(Debug, Default)]
struct Index {
    nodes: FxHashMap<Word, usize>,
    extractors: FxHashMap<Word, usize>,
}

/// A model that came from a former one.
#[derive(Debug)]
pub struct Update<T = ()> {
    /// The new one.
    pub model: Model,
    /// Where each of its entries comes from.
    pub origins: Vec<Origin<T>>,
    /// Set where nothing changed but what single entries say of themselves: all stand in the same places, mean the same to
    /// others, and the text between them is as long as it was.
    pub steady: Option<Steady>,
}

/// Where an entry of a model comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<T> {
    /// It is this one of the former model.
    Kept(usize),
    /// It was read, and this was seen in it.
    Read(T),
}

/// An entry that has just been read, for whoever looks at each.
pub struct Fresh<'a> {
    /// Its value.
    pub node: Node<'a>,
    /// What it is.
    pub kind: EntryKind,
    /// What the format says of it, if anything.
    pub shape: Option<&'static Shape>,
    /// What others ask about it.
    pub facts: &'a Facts,
    /// Its members with their names, if it is an object.
    pub members: Vec<(Cow<'a, str>, Member<'a>)>,
}

/// What changed although nothing changed for others.
#[derive(Debug, Default)]
pub struct Steady {
    /// The entries that were read anew: where they stood, and how much longer they have become.
    pub changed: Vec<(Range<usize>, isize)>,
    /// The name of one of them changed.
    pub renamed: bool,
}

impl Steady {
    /// Where a place of the former text is now; none within an entry that changed.
    #[must_use]
    pub fn follow(&self, place: usize) -> Option<usize> {
        let mut moved = place;
        for (range, longer) in &self.changed {
            if place >= range.end {
                moved = moved.saturating_add_signed(*longer);
            } else if place > range.start {
                return None;
            }
        }
        Some(moved)
    }
}

impl Model {
    /// Reads a spec.
    #[must_use]
    pub fn of(parsed: &Parsed) -> Self {
        Self::default().update(parsed).model
    }

    /// All entries, in the order of the text.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where the entries come from, in the order of the text.
    #[must_use]
    pub fn homes(&self) -> &[Home] {
        &self.homes
    }

    /// The entries of a kind, in order.
    #[must_use]
    pub fn list(&self, kind: EntryKind) -> &[Entry] {
        self.home(kind)
            .map_or(&[], |home| &self.entries[home.entries.clone()])
    }

    /// Where the list of a kind stands, if it is there.
    #[must_use]
    pub fn home(&self, kind: EntryKind) -> Option<&Home> {
        self.homes
            .iter()
            .find(|home| home.kind == kind && kind != EntryKind::Part)
    }

    /// All that could be in the list of this kind is known: no syntax error hides any of it.
    #[must_use]
    pub fn is_whole(&self, kind: EntryKind) -> bool {
        self.home(kind).map_or(self.whole, |home| home.intact)
    }

    /// All ids (of expressions: names) of this kind are known: no syntax error hides any of them.
    #[must_use]
    pub fn ids_known(&self, kind: EntryKind) -> bool {
        self.is_whole(kind) && !self.list(kind).iter().any(|entry| entry.facts.id_lost)
    }

    /// Where an entry comes from.
    #[must_use]
    pub fn home_of(&self, entry: &Entry) -> &Home {
        &self.homes[entry.home]
    }

    /// JSON pointer of an entry.
    #[must_use]
    pub fn pointer(&self, entry: &Entry) -> String {
        let home = self.home_of(entry);
        match home.kind {
            EntryKind::Part => home.pointer.clone(),
            _ => format!("{}/{}", home.pointer, entry.index),
        }
    }

    /// The entry at a place of the text.
    #[must_use]
    pub fn entry_at(&self, offset: usize) -> Option<&Entry> {
        let after = self.entries.partition_point(|entry| entry.start <= offset);
        self.entries[..after]
            .last()
            .filter(|entry| offset <= entry.range().end)
    }

    /// The first entry of that id, of those that can be nodes of the canvas.
    #[must_use]
    pub fn node(&self, id: &Word) -> Option<&Entry> {
        self.index()
            .nodes
            .get(id)
            .map(|index| &self.entries[*index])
    }

    /// The first extractor of that id.
    #[must_use]
    pub fn extractor(&self, id: &Word) -> Option<&Entry> {
        self.index()
            .extractors
            .get(id)
            .map(|index| &self.entries[*index])
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (place, entry) in self.entries.iter().enumerate() {
                if let Some(id) = entry.facts.id.as_ref().filter(|_| entry.kind.is_node()) {
                    index.nodes.entry(id.clone()).or_insert(place);
                    if entry.kind == EntryKind::Extractor {
                        index.extractors.entry(id.clone()).or_insert(place);
                    }
                }
            }
            Arc::new(index)
        })
    }
}
