//! The entries of a spec, its ids and names, and what refers to them.
//!
//! An *entry* is an element of one of the spec's lists (a variable, an extractor, a canvas edge …) or a *part*: any other value
//! below the few objects that hold the lists. Entries do not overlap, and stand in the order of the text. What is known
//! of an entry is kept as long as its text stays the same, so that [`Model::update`] after a keystroke reads one entry anew.

mod facts;
mod summary;
mod symbols;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, OnceLock},
};

use rustc_hash::FxHashMap;

pub use facts::*;
pub use summary::summary;
pub use symbols::{Occurrence, Role, Symbol};

use super::{
    format::Shape,
    syntax::{Kind, Member, Node, Parsed, escape_token},
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
        self.start..self.start + self.facts.len
    }

    /// A place within it, in the whole text.
    #[must_use]
    pub fn place(&self, at: &Range<usize>) -> Range<usize> {
        self.start + at.start..self.start + at.end
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
pub struct Update {
    /// The new one.
    pub model: Model,
    /// For each of its entries the one of the former model that it was taken from.
    pub kept: Vec<Option<usize>>,
    /// Set where nothing changed but what single entries say of themselves: all stand in the same places, mean the same to
    /// others, and the text between them is as long as it was.
    pub steady: Option<Steady>,
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

    /// Reads a spec that came from the one of this model by an edit; entries whose text stayed the same are taken over.
    #[must_use]
    pub fn update(self, parsed: &Parsed) -> Update {
        let mut builder = Builder::new(self);
        match parsed.root() {
            Some(root) if root.kind() == Kind::Object => builder.holder(root, "", Shape::spec()),
            Some(root) => builder.part(root, None, String::new(), Shape::spec()),
            None => builder.model.whole = false,
        }
        builder.finish()
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

/// Reads a spec into a model, with a former model at hand.
struct Builder {
    old: Model,
    model: Model,
    kept: Vec<Option<usize>>,
    /// Brackets do not match in the object that is being read.
    loose: bool,
    steady: Option<Steady>,
    /// How much further on everything stands from here.
    moved: isize,
    /// Stands where facts were taken away.
    taken: Arc<Facts>,
}

impl Builder {
    fn new(old: Model) -> Self {
        let model = Model {
            whole: true,
            ..Model::default()
        };
        let (kept, steady, taken) = (
            Vec::with_capacity(old.entries.len()),
            Some(Steady::default()),
            Arc::default(),
        );
        Self {
            old,
            model,
            kept,
            loose: false,
            steady,
            moved: 0,
            taken,
        }
    }

    fn finish(self) -> Update {
        let as_many = self.old.homes.len() == self.model.homes.len()
            && self.old.entries.len() == self.model.entries.len();
        let steady = self
            .steady
            .filter(|_| as_many && self.old.whole == self.model.whole);
        Update {
            model: self.model,
            kept: self.kept,
            steady,
        }
    }

    /// Adds an entry: taken over from the former model, or read.
    fn entry(&mut self, kind: EntryKind, index: usize, node: Node<'_>, kept: Option<usize>) {
        let (place, start, home) = (
            self.model.entries.len(),
            node.range().start,
            self.model.homes.len(),
        );
        let facts = match kept {
            Some(old) => std::mem::replace(&mut self.old.entries[old].facts, self.taken.clone()),
            None => Arc::new(facts::read(kind, node)),
        };
        self.compare(place, start, kind, kept, &facts);
        self.kept.push(kept);
        self.model.entries.push(Entry {
            kind,
            index,
            start,
            facts,
            green: node.green_id(),
            home,
        });
    }

    /// Compares an entry with the one that stood in its place.
    fn compare(
        &mut self,
        place: usize,
        start: usize,
        kind: EntryKind,
        kept: Option<usize>,
        facts: &Facts,
    ) {
        let old = self
            .old
            .entries
            .get(place)
            .filter(|old| old.start.checked_add_signed(self.moved) == Some(start));
        let (Some(steady), Some(old)) = (&mut self.steady, old) else {
            self.steady = None;
            return;
        };
        match kept {
            Some(kept) if kept == place => {}
            None if kind == old.kind && kind != EntryKind::Part && old.facts.means(facts) => {
                let longer = facts.len as isize - old.facts.len as isize;
                steady.renamed |= old.facts.name != facts.name;
                steady.changed.push((old.range(), longer));
                self.moved += longer;
            }
            _ => self.steady = None,
        }
    }

    /// Adds the home of the entries from `first` on; `moved` is how much further on it begins.
    fn home(&mut self, home: Home, moved: isize) {
        let follow = |place: usize| place.checked_add_signed(moved);
        let is_same = self
            .old
            .homes
            .get(self.model.homes.len())
            .is_some_and(|old| {
                (old.kind, &old.pointer, old.intact, old.loose, &old.entries)
                    == (
                        home.kind,
                        &home.pointer,
                        home.intact,
                        home.loose,
                        &home.entries,
                    )
                    && follow(old.range.start) == Some(home.range.start)
                    && old.key.as_ref().and_then(|key| follow(key.start))
                        == home.key.as_ref().map(|key| key.start)
            });
        if !is_same {
            self.steady = None;
        }
        self.model.homes.push(home);
    }

    /// An object that holds lists.
    fn holder(&mut self, node: Node<'_>, pointer: &str, shape: &'static Shape) {
        self.model.whole &= node.is_intact();
        let members: Vec<Member<'_>> = node.members().collect();
        let names: Vec<_> = members.iter().map(Member::name).collect();
        let last: HashMap<&str, usize> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (&**name, index))
            .collect();
        for (index, member) in members.iter().enumerate() {
            let name = &*names[index];
            let Some(value) = member.value() else {
                continue;
            };
            self.loose = !node.is_balanced();
            let pointer = format!("{pointer}/{}", escape_token(name));
            let shape = shape.key(name).filter(|_| last.get(name) == Some(&index));
            match (EntryKind::of_list(&pointer), shape, value.kind()) {
                (Some(kind), Some(shape), Kind::Array) => {
                    self.list(kind, value, member, pointer, shape)
                }
                (_, Some(shape), Kind::Object) if EntryKind::holds_lists(&pointer) => {
                    self.holder(value, &pointer, shape)
                }
                (_, shape, _) => {
                    self.part(value, Some(member), pointer, shape.unwrap_or(Shape::any()))
                }
            }
        }
    }

    fn list(
        &mut self,
        kind: EntryKind,
        node: Node<'_>,
        member: &Member<'_>,
        pointer: String,
        shape: &'static Shape,
    ) {
        let (first, moved) = (self.model.entries.len(), self.moved);
        let old = self
            .old
            .home(kind)
            .map_or(0..0, |home| home.entries.clone());
        let mut at = Aligner::new(old);
        for (index, node) in node.elements().enumerate() {
            let kept = at.find(&self.old.entries, node.green_id());
            self.entry(kind, index, node, kept);
        }
        let home = Home {
            kind,
            pointer,
            shape,
            key: Some(member.key().range()),
            range: node.range(),
            intact: node.is_intact(),
            loose: !node.is_balanced(),
            entries: first..self.model.entries.len(),
        };
        self.home(home, moved);
    }

    fn part(
        &mut self,
        node: Node<'_>,
        member: Option<&Member<'_>>,
        pointer: String,
        shape: &'static Shape,
    ) {
        let (place, moved) = (self.model.entries.len(), self.moved);
        let old = self
            .old
            .homes
            .iter()
            .find(|home| home.kind == EntryKind::Part && home.pointer == pointer);
        let old = old
            .map(|home| home.entries.start)
            .filter(|old| self.old.entries[*old].green == node.green_id());
        self.entry(EntryKind::Part, 0, node, old);
        let home = Home {
            kind: EntryKind::Part,
            pointer,
            shape,
            key: member.map(|member| member.key().range()),
            range: node.range(),
            intact: node.is_intact(),
            loose: self.loose,
            entries: place..place + 1,
        };
        self.home(home, moved);
    }
}

/// Finds the entries of a former list again, one after the other: most stand where they stood, or all a few places on.
struct Aligner {
    range: Range<usize>,
    next: usize,
    missed: usize,
    by_green: Option<FxHashMap<usize, usize>>,
}

/// How far an entry is looked for before all of them are.
const NEAR: usize = 4;

impl Aligner {
    fn new(range: Range<usize>) -> Self {
        Self {
            next: range.start,
            range,
            missed: 0,
            by_green: None,
        }
    }

    fn find(&mut self, entries: &[Entry], green: usize) -> Option<usize> {
        let is_it = |place: &usize| entries[*place].green == green;
        let near = || {
            self.next.saturating_sub(NEAR).max(self.range.start)
                ..self.range.end.min(self.next + NEAR)
        };
        let found = Some(self.next)
            .filter(|next| self.range.contains(next) && is_it(next))
            .or_else(|| near().find(is_it));
        let found = found.or_else(|| {
            self.missed += 1;
            (self.missed > NEAR)
                .then(|| self.look_up(entries, green))
                .flatten()
        });
        self.next = found.map_or(self.next + 1, |place| place + 1);
        found
    }

    /// Many are not near where they were: the list was sorted, or a large piece of it moved.
    fn look_up(&mut self, entries: &[Entry], green: usize) -> Option<usize> {
        let all = self.range.clone();
        let by_green = self
            .by_green
            .get_or_insert_with(|| all.map(|place| (entries[place].green, place)).collect());
        by_green.get(&green).copied()
    }
}
