//! What changed between two versions of a spec, value by value.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{
    compare::{DEPTH, by_id, canonical, equal, members},
    syntax::{Kind, Node, Parsed, escape_token},
};

/// A value that is not what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// JSON pointer (RFC 6901): in the text after, or in the text before where the value is gone.
    pub pointer: String,
    /// What was there; none for an addition.
    pub before: Option<Value>,
    /// What is there; none for a removal.
    pub after: Option<Value>,
}

/// The changes that lead from one text to another, as small as may be: objects by key, arrays whose elements all have an
/// `id` by that, other arrays by position. Spelling, order of keys and formatting do not count.
#[must_use]
pub fn diff(before: &Parsed, after: &Parsed) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut differ = Differ {
        changes: &mut changes,
    };
    differ.values("", before.root(), after.root(), DEPTH);
    changes
}

struct Differ<'c> {
    changes: &'c mut Vec<Change>,
}

impl Differ<'_> {
    fn values(
        &mut self,
        pointer: &str,
        before: Option<Node<'_>>,
        after: Option<Node<'_>>,
        depth: usize,
    ) {
        if let (Some(before), Some(after)) = (before, after) {
            if equal(before, after) {
                return;
            }
            match (before.kind(), after.kind()) {
                (Kind::Object, Kind::Object) if depth > 0 => {
                    return self.objects(pointer, before, after, depth - 1);
                }
                (Kind::Array, Kind::Array) if depth > 0 => {
                    return self.arrays(pointer, before, after, depth - 1);
                }
                _ => {}
            }
        } else if before.is_none() && after.is_none() {
            return;
        }
        let (before, after) = (
            before.map(|node| node.to_value()),
            after.map(|node| node.to_value()),
        );
        self.changes.push(Change {
            pointer: pointer.to_owned(),
            before,
            after,
        });
    }

    fn objects(&mut self, pointer: &str, before: Node<'_>, after: Node<'_>, depth: usize) {
        let (old, new) = (members(before), members(after));
        let mut done = BTreeSet::new();
        for member in before.members().chain(after.members()) {
            let name = member.name();
            if done.insert(name.clone()) {
                let inner = format!("{pointer}/{}", escape_token(&name));
                let old = old.get(&name).and_then(|member| member.value());
                let new = new.get(&name).and_then(|member| member.value());
                self.values(&inner, old, new, depth);
            }
        }
    }

    fn arrays(&mut self, pointer: &str, before: Node<'_>, after: Node<'_>, depth: usize) {
        if let (Some(old), Some(new)) = (by_id(before), by_id(after)) {
            let places: HashMap<&str, usize> = new
                .iter()
                .enumerate()
                .map(|(n, (id, _))| (id.as_str(), n))
                .collect();
            let known: BTreeSet<&str> = old.iter().map(|(id, _)| id.as_str()).collect();
            for (index, (id, node)) in old.iter().enumerate() {
                let place = places.get(id.as_str()).copied();
                let pointer = format!("{pointer}/{}", place.unwrap_or(index));
                self.values(
                    &pointer,
                    Some(*node),
                    place.map(|place| new[place].1),
                    depth,
                );
            }
            for (index, (id, node)) in new.iter().enumerate() {
                if !known.contains(id.as_str()) {
                    self.values(&format!("{pointer}/{index}"), None, Some(*node), depth);
                }
            }
            return;
        }
        let (old, new): (Vec<_>, Vec<_>) =
            (before.elements().collect(), after.elements().collect());
        let texts = |nodes: &[Node<'_>]| {
            nodes
                .iter()
                .map(|node| canonical(*node))
                .collect::<Vec<_>>()
        };
        for op in capture_diff_slices(Algorithm::Myers, &texts(&old), &texts(&new)) {
            if matches!(op, DiffOp::Equal { .. }) {
                continue;
            }
            let (gone, come) = (op.old_range(), op.new_range());
            for n in 0..gone.len().max(come.len()) {
                let (b, a) = (gone.start + n, come.start + n);
                let (b, a) = ((b < gone.end).then_some(b), (a < come.end).then_some(a));
                let pointer = format!("{pointer}/{}", a.or(b).unwrap_or_default());
                self.values(&pointer, b.map(|b| old[b]), a.map(|a| new[a]), depth);
            }
        }
    }
}
