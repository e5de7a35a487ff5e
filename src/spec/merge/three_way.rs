//! Which values come from whom.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use similar::{MergeResolution, TextMerge};

use super::{
    Merge, MergeConflict,
    layout::Layout,
    list::{Entry, List},
};
use crate::{
    spec::{
        compare::{DEPTH, by_id, canonical, equal, members, same},
        place::{Place, Step},
        syntax::{Kind, Member, Node, Parsed, escape_token},
    },
    text::{Edit, minimal},
};

/// Elements beyond which an array without ids is not compared element by element.
const LONG: usize = 20_000;

/// Merges three valid documents.
pub(super) fn merge(
    mine: &Parsed,
    theirs: &Parsed,
    b: Node<'_>,
    m: Node<'_>,
    t: Node<'_>,
) -> Merge {
    let layout = Layout::new(mine, theirs);
    let mut merger = Merger {
        layout,
        pointer: String::new(),
        place: Vec::new(),
        conflicts: Vec::new(),
    };
    let edits = merger.values(Some(b), m, t, DEPTH);
    Merge {
        edits: join(edits),
        conflicts: merger.conflicts,
    }
}

/// Edits that touch become one.
fn join(edits: Vec<Edit>) -> Vec<Edit> {
    let mut joined: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        match joined.last_mut() {
            Some(last) if last.range.end == edit.range.start => {
                last.range.end = edit.range.end;
                last.insert.push_str(&edit.insert);
            }
            _ => joined.push(edit),
        }
    }
    joined
}

struct Merger {
    layout: Layout,
    pointer: String,
    place: Vec<Step>,
    conflicts: Vec<MergeConflict>,
}

/// An entry of theirs as it may go into mine.
struct Theirs<'a> {
    value: Node<'a>,
    /// With the key, for a member.
    range: Range<usize>,
}

impl<'a> Merger {
    /// The edits of mine that bring in what theirs changed, in order.
    fn values(
        &mut self,
        base: Option<Node<'a>>,
        mine: Node<'a>,
        theirs: Node<'a>,
        depth: usize,
    ) -> Vec<Edit> {
        if base.is_some_and(|base| equal(base, theirs)) || equal(mine, theirs) {
            return Vec::new();
        }
        if depth > 0 && mine.kind() == theirs.kind() {
            let base = base.filter(|base| base.kind() == mine.kind());
            match mine.kind() {
                Kind::Object => return self.objects(base, mine, theirs, depth - 1),
                Kind::Array => return self.arrays(base, mine, theirs, depth - 1),
                _ => {}
            }
        }
        if base.is_some_and(|base| equal(base, mine)) {
            return self.replace(mine, theirs);
        }
        self.conflict(base, Some(mine), Some(theirs));
        Vec::new()
    }

    /// Theirs in place of mine.
    fn replace(&self, mine: Node<'a>, theirs: Node<'a>) -> Vec<Edit> {
        let start = mine.range().start;
        let text = self
            .layout
            .adapt(theirs, theirs.range(), &self.layout.indent_at(start));
        let mut edits = minimal(&mine.raw(), &text);
        for edit in &mut edits {
            edit.range = edit.range.start + start..edit.range.end + start;
        }
        edits
    }

    fn conflict(
        &mut self,
        base: Option<Node<'a>>,
        mine: Option<Node<'a>>,
        theirs: Option<Node<'a>>,
    ) {
        let value = |node: Option<Node<'_>>| node.map(|node| node.to_value());
        self.conflicts.push(MergeConflict {
            pointer: self.pointer.clone(),
            place: Place(self.place.clone()),
            base: value(base),
            mine: value(mine),
            theirs: value(theirs),
        });
    }

    /// What `inner` does one step further down.
    fn at<T>(&mut self, token: &str, step: Step, inner: impl FnOnce(&mut Self) -> T) -> T {
        let len = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escape_token(token));
        self.place.push(step);
        let result = inner(self);
        self.place.pop();
        self.pointer.truncate(len);
        result
    }

    fn member<T>(&mut self, name: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.at(name, Step::Key(name.to_owned()), inner)
    }

    /// The entry of mine at `token`; `node` is that entry, of whichever text.
    fn entry<T>(&mut self, token: &str, node: Node<'a>, inner: impl FnOnce(&mut Self) -> T) -> T {
        let id = node.get("id").map(|id| id.to_value()).unwrap_or_default();
        self.at(token, Step::Id { id }, inner)
    }

    fn objects(
        &mut self,
        base: Option<Node<'a>>,
        mine: Node<'a>,
        theirs: Node<'a>,
        depth: usize,
    ) -> Vec<Edit> {
        let base: HashMap<Cow<'a, str>, Member<'a>> = base.map(members).unwrap_or_default();
        let (my_last, their_last) = (members(mine), members(theirs));
        let value = |side: &HashMap<Cow<'a, str>, Member<'a>>, name: &str| {
            side.get(name).and_then(Member::value)
        };
        let mut list = List::new(mine);
        for member in mine.members() {
            let name = member.name();
            let (b, t) = (value(&base, &name), value(&their_last, &name));
            let mut entry = Entry::mine(
                member.range(),
                base.contains_key(&name),
                their_last.contains_key(&name),
            );
            // Only the last of several members of one name counts, but all go together.
            let last = my_last
                .get(&name)
                .is_some_and(|last| last.range() == member.range());
            if let (Some(m), true) = (member.value(), last) {
                match t {
                    Some(t) => {
                        entry.edits = self.member(&name, |merger| merger.values(b, m, t, depth));
                    }
                    None if b.is_some_and(|b| equal(b, m)) => entry.gone = true,
                    None if b.is_some() => {
                        self.member(&name, |merger| merger.conflict(b, Some(m), None));
                    }
                    None => {}
                }
            } else {
                entry.gone = t.is_none() && same(b, value(&my_last, &name)) && b.is_some();
            }
            list.entries.push(entry);
        }
        let places: HashMap<_, _> = mine
            .members()
            .enumerate()
            .map(|(index, member)| (member.name(), index))
            .collect();
        let mut order = Vec::new();
        for member in theirs.members() {
            let name = member.name();
            let Some(t) = value(&their_last, &name) else {
                continue;
            };
            if their_last
                .get(&name)
                .is_none_or(|last| last.range() != member.range())
            {
                continue;
            }
            match (places.get(&name), value(&base, &name)) {
                (Some(index), _) => order.push(Ok(*index)),
                (None, None) => order.push(Err(Theirs {
                    value: t,
                    range: member.range(),
                })),
                (None, Some(b)) if equal(b, t) => {}
                (None, Some(b)) => {
                    self.member(&name, |merger| merger.conflict(Some(b), None, Some(t)));
                }
            }
        }
        self.insert(&mut list, order);
        list.edits(&self.layout)
    }

    /// Puts what only theirs has behind what it follows there.
    fn insert(&self, list: &mut List<'a>, order: Vec<Result<usize, Theirs<'a>>>) {
        let mut last = None;
        for step in order {
            match step {
                Ok(index) if list.entries[index].gone => {}
                Ok(index) => last = Some(index),
                Err(Theirs { value, range }) => list.insert_after(last, value, range),
            }
        }
    }

    fn arrays(
        &mut self,
        base: Option<Node<'a>>,
        mine: Node<'a>,
        theirs: Node<'a>,
        depth: usize,
    ) -> Vec<Edit> {
        let ids = (
            base.map_or(Some(Vec::new()), by_id),
            by_id(mine),
            by_id(theirs),
        );
        if let (Some(b), Some(m), Some(t)) = ids {
            return self.by_id(mine, &b, &m, &t, depth);
        }
        self.by_position(base, mine, theirs, depth)
    }

    fn by_id(
        &mut self,
        array: Node<'a>,
        base: &[(String, Node<'a>)],
        mine: &[(String, Node<'a>)],
        theirs: &[(String, Node<'a>)],
        depth: usize,
    ) -> Vec<Edit> {
        let b: HashMap<&str, Node<'a>> =
            base.iter().map(|(id, node)| (id.as_str(), *node)).collect();
        let t: HashMap<&str, Node<'a>> = theirs
            .iter()
            .map(|(id, node)| (id.as_str(), *node))
            .collect();
        let places: HashMap<&str, usize> = mine
            .iter()
            .enumerate()
            .map(|(index, (id, _))| (id.as_str(), index))
            .collect();
        let mut list = List::new(array);
        for (index, (id, m)) in mine.iter().enumerate() {
            let (b, t) = (b.get(id.as_str()).copied(), t.get(id.as_str()).copied());
            let mut entry = Entry::mine(m.range(), b.is_some(), t.is_some());
            match t {
                Some(t) => {
                    entry.edits = self.entry(&index.to_string(), *m, |merger| {
                        merger.values(b, *m, t, depth)
                    });
                }
                None if b.is_some_and(|b| equal(b, *m)) => entry.gone = true,
                None if b.is_some() => self.entry(&index.to_string(), *m, |merger| {
                    merger.conflict(b, Some(*m), None);
                }),
                None => {}
            }
            list.entries.push(entry);
        }
        let mut order = Vec::new();
        for (id, node) in theirs {
            match (places.get(id.as_str()), b.get(id.as_str())) {
                (Some(index), _) => order.push(Ok(*index)),
                (None, None) => order.push(Err(Theirs {
                    value: *node,
                    range: node.range(),
                })),
                (None, Some(b)) if equal(*b, *node) => {}
                (None, Some(b)) => self.entry("-", *node, |merger| {
                    merger.conflict(Some(*b), None, Some(*node));
                }),
            }
        }
        self.insert(&mut list, order);
        // Who alone changed the order has it.
        let common =
            |list: &[(String, Node<'a>)], others: [&dyn Fn(&str) -> bool; 2]| -> Vec<String> {
                list.iter()
                    .map(|(id, _)| id.clone())
                    .filter(|id| others.iter().all(|has| has(id)))
                    .collect()
            };
        let (in_b, in_m, in_t) = (
            |id: &str| b.contains_key(id),
            |id: &str| places.contains_key(id),
            |id: &str| t.contains_key(id),
        );
        let old = common(base, [&in_m, &in_t]);
        let new = common(theirs, [&in_b, &in_m]);
        if old != new && old == common(mine, [&in_b, &in_t]) {
            let sequence: Vec<usize> = new.iter().map(|id| places[id.as_str()]).collect();
            list.reorder(&sequence);
        }
        list.edits(&self.layout)
    }

    fn by_position(
        &mut self,
        base: Option<Node<'a>>,
        mine: Node<'a>,
        theirs: Node<'a>,
        depth: usize,
    ) -> Vec<Edit> {
        let elements = |node: Option<Node<'a>>| {
            node.map(|node| node.elements().collect::<Vec<_>>())
                .unwrap_or_default()
        };
        let (b, m, t) = (elements(base), elements(Some(mine)), elements(Some(theirs)));
        let conflicts = self.conflicts.len();
        if b.len().max(m.len()).max(t.len()) > LONG {
            return self.whole(base, mine, theirs);
        }
        let lines = |nodes: &[Node<'a>]| -> Vec<String> {
            nodes.iter().map(|node| canonical(*node) + "\n").collect()
        };
        let (m_lines, t_lines) = (lines(&m), lines(&t));
        let (b_text, m_text, t_text) = (lines(&b).concat(), m_lines.concat(), t_lines.concat());
        let regions = TextMerge::from_lines(&b_text, &m_text, &t_text);
        let mut list = List::new(mine);
        list.entries
            .extend(m.iter().map(|node| Entry::mine(node.range(), true, true)));
        for region in regions.regions() {
            let (rb, rm, rt) = (
                region.base_range(),
                region.ours_range(),
                region.theirs_range(),
            );
            match region.resolution() {
                MergeResolution::Unchanged | MergeResolution::Ours | MergeResolution::Both => {}
                MergeResolution::Conflict if rb.is_empty() => {
                    let last = rm.end.checked_sub(1);
                    // What both added is there once.
                    let mut added: HashMap<&str, usize> = HashMap::new();
                    for line in &m_lines[rm] {
                        *added.entry(line).or_default() += 1;
                    }
                    for n in rt {
                        match added.get_mut(t_lines[n].as_str()) {
                            Some(left) if *left > 0 => *left -= 1,
                            _ => list.insert_after(last, t[n], t[n].range()),
                        }
                    }
                }
                MergeResolution::Conflict if rb.len() != rm.len() || rm.len() != rt.len() => {
                    self.conflicts.truncate(conflicts);
                    return self.whole(base, mine, theirs);
                }
                _ => {
                    for n in 0..rm.len().max(rt.len()) {
                        let (bn, mn, tn) = (rb.start + n, rm.start + n, rt.start + n);
                        if tn >= rt.end {
                            list.entries[mn].gone = true;
                        } else if mn >= rm.end {
                            list.insert_after(rm.end.checked_sub(1), t[tn], t[tn].range());
                        } else {
                            let edits = self.at(&mn.to_string(), Step::Index(mn), |merger| {
                                merger.values(b.get(bn).copied(), m[mn], t[tn], depth)
                            });
                            list.entries[mn].edits = edits;
                        }
                    }
                }
            }
        }
        list.edits(&self.layout)
    }

    /// Values that are not looked into.
    fn whole(&mut self, base: Option<Node<'a>>, mine: Node<'a>, theirs: Node<'a>) -> Vec<Edit> {
        if base.is_some_and(|base| equal(base, mine)) {
            return self.replace(mine, theirs);
        }
        self.conflict(base, Some(mine), Some(theirs));
        Vec::new()
    }
}
