//! Reading a spec into a model: anew, or from a former one by what an edit changed.

use std::{collections::HashMap, ops::Range, sync::Arc};

use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Entry, EntryKind, Facts, Fresh, Home, Model, Origin, Steady, Update, facts};
use crate::spec::{
    format::Shape,
    syntax::{Kind, Member, Node, Parsed, Reader, escape_token},
};

impl Model {
    /// Reads a spec that came from the one of this model by an edit; entries whose text stayed the same are taken over.
    #[must_use]
    pub fn update(self, parsed: &Parsed) -> Update {
        self.update_looking(parsed, |_| ())
    }

    /// The same; `look` sees each entry that is read, by any thread, while it is in reach: to read one twice costs as much
    /// as to look at it.
    #[must_use]
    pub fn update_looking<T: Send>(
        self,
        parsed: &Parsed,
        look: impl Fn(Fresh<'_>) -> T + Send + Sync,
    ) -> Update<T> {
        let mut builder = Builder::new(self, look);
        match parsed.root() {
            Some(root) if root.kind() == Kind::Object => builder.holder(root, "", Shape::spec()),
            Some(root) => builder.part(root, None, String::new(), Shape::spec()),
            None => builder.model.whole = false,
        }
        builder.finish()
    }
}

/// Reads a spec into a model, with a former model at hand.
struct Builder<T, L> {
    look: L,
    reader: Reader,
    old: Model,
    model: Model,
    origins: Vec<Origin<T>>,
    /// Brackets do not match in the object that is being read.
    loose: bool,
    steady: Option<Steady>,
    /// How much further on everything stands from here.
    moved: isize,
    /// Stands where facts were taken away.
    taken: Arc<Facts>,
}

impl<T: Send, L: Fn(Fresh<'_>) -> T + Send + Sync> Builder<T, L> {
    fn new(old: Model, look: L) -> Self {
        let model = Model {
            whole: true,
            ..Model::default()
        };
        let (origins, steady, taken) = (
            Vec::with_capacity(old.entries.len()),
            Some(Steady::default()),
            Arc::default(),
        );
        Self {
            look,
            reader: Reader::default(),
            old,
            model,
            origins,
            loose: false,
            steady,
            moved: 0,
            taken,
        }
    }

    fn finish(self) -> Update<T> {
        let as_many = self.old.homes.len() == self.model.homes.len()
            && self.old.entries.len() == self.model.entries.len();
        let steady = self
            .steady
            .filter(|_| as_many && self.old.whole == self.model.whole);
        Update {
            model: self.model,
            origins: self.origins,
            steady,
        }
    }

    /// Adds an entry: taken over from the former model, or read.
    fn entry(
        &mut self,
        kind: EntryKind,
        index: usize,
        node: Node<'_>,
        shape: Option<&'static Shape>,
        kept: Option<usize>,
    ) {
        let (place, start, home) = (
            self.model.entries.len(),
            node.range().start,
            self.model.homes.len(),
        );
        let (facts, origin) = match kept {
            Some(old) => {
                let facts = std::mem::replace(&mut self.old.entries[old].facts, self.taken.clone());
                (facts, Origin::Kept(old))
            }
            None => {
                let held = self.reader.hold(node);
                let (facts, seen) = read(kind, held.node(), shape, &self.look);
                (facts, Origin::Read(seen))
            }
        };
        self.compare(place, start, kind, kept, &facts);
        self.origins.push(origin);
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
                let longer = facts.text_len() as isize - old.facts.text_len() as isize;
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
        let of_entries = shape.items.as_deref();
        let is_long = node.len() >= SIDE_BY_SIDE;
        if is_long && self.is_new(&old, node) {
            // In one of the threads that will share the work, and then wakes the others while nobody is about to sleep.
            rayon::scope(|_| self.read_side_by_side(kind, node, of_entries));
        } else {
            let mut at = Aligner::new(old);
            let most = node.most_items();
            self.model.entries.reserve(most);
            self.origins.reserve(most);
            for (index, node) in node.elements().enumerate() {
                let kept = at.find(&self.old.entries, node.green_id());
                self.entry(kind, index, node, of_entries, kept);
            }
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

    /// None of the entries of a list is one of the old.
    fn is_new(&self, old: &Range<usize>, list: Node<'_>) -> bool {
        let old = &self.old.entries[old.clone()];
        let is_same = |index: usize, entry: Option<&Entry>| {
            let node = list.element(index).map(|node| node.green_id());
            entry.is_some_and(|entry| Some(entry.green) == node)
        };
        if is_same(0, old.first()) || is_same(list.len().saturating_sub(1), old.last()) {
            return false;
        }
        let old: FxHashSet<usize> = old.iter().map(|entry| entry.green).collect();
        !list.elements().any(|node| old.contains(&node.green_id()))
    }

    /// The entries of a long list of which none was known, read by all processors.
    fn read_side_by_side(
        &mut self,
        kind: EntryKind,
        list: Node<'_>,
        shape: Option<&'static Shape>,
    ) {
        let mut nodes: Vec<Node<'_>> = Vec::with_capacity(list.most_items());
        nodes.extend(list.elements());
        let (look, home, first) = (&self.look, self.model.homes.len(), self.origins.len());
        // Not to be copied for the few that come behind.
        self.model.entries.reserve(nodes.len() + SIDE_BY_SIDE);
        self.origins.reserve(nodes.len() + SIDE_BY_SIDE);
        self.origins
            .resize_with(first + nodes.len(), || Origin::Kept(usize::MAX));
        let entry = |reader: &mut Reader, (index, (node, origin)): (usize, (Node<'_>, &mut _))| {
            let (facts, seen) = read(kind, reader.hold(node).node(), shape, look);
            *origin = Origin::Read(seen);
            Entry {
                kind,
                index,
                start: node.range().start,
                facts,
                green: node.green_id(),
                home,
            }
        };
        let read = nodes
            .into_par_iter()
            .zip(&mut self.origins[first..])
            .enumerate()
            .map_init(Reader::default, entry);
        self.model.entries.par_extend(read);
        self.steady = None;
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
        self.entry(EntryKind::Part, 0, node, Some(shape), old);
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

/// So many new entries are worth the work of several processors.
const SIDE_BY_SIDE: usize = 1024;

/// Reads an entry, and looks at it.
fn read<T>(
    kind: EntryKind,
    node: Node<'_>,
    shape: Option<&'static Shape>,
    look: impl Fn(Fresh<'_>) -> T,
) -> (Arc<Facts>, T) {
    let members = node.named_members();
    let facts = facts::read(kind, node, &members);
    let seen = look(Fresh {
        node,
        kind,
        shape,
        facts: &facts,
        members,
    });
    (Arc::new(facts), seen)
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
