//! The entries of an object or array of mine, some of them gone, some come, as text edits with the commas right.

use std::ops::Range;

use super::layout::Layout;
use crate::{
    spec::syntax::Node,
    text::{Edit, apply},
};

/// An entry of mine.
pub(super) struct Entry {
    range: Range<usize>,
    /// Mine added it: neither base nor theirs has it.
    own: bool,
    /// Theirs removed it.
    pub gone: bool,
    /// What changes inside.
    pub edits: Vec<Edit>,
}

impl Entry {
    pub fn mine(range: Range<usize>, in_base: bool, in_theirs: bool) -> Self {
        Entry {
            range,
            own: !in_base && !in_theirs,
            gone: false,
            edits: Vec::new(),
        }
    }
}

/// An entry of theirs to come into mine.
#[derive(Clone)]
struct New<'a> {
    value: Node<'a>,
    range: Range<usize>,
}

/// The entries of a container.
pub(super) struct List<'a> {
    container: Node<'a>,
    pub entries: Vec<Entry>,
    /// What comes before all entries of mine.
    first: Vec<New<'a>>,
    /// What comes after an entry of mine, by its index, in order.
    after: Vec<(usize, New<'a>)>,
    /// The indices of mine's entries in the order they shall have.
    order: Option<Vec<usize>>,
}

/// An entry of the result.
enum Part<'a> {
    Mine(usize),
    New(New<'a>),
}

impl<'a> List<'a> {
    pub fn new(container: Node<'a>) -> Self {
        List {
            container,
            entries: Vec::new(),
            first: Vec::new(),
            after: Vec::new(),
            order: None,
        }
    }

    /// Puts an entry of theirs after mine's entry `index` (and after what has been put there before, and what mine added
    /// there itself), or before all.
    pub fn insert_after(&mut self, index: Option<usize>, value: Node<'a>, range: Range<usize>) {
        match index {
            Some(index) => self.after.push((index, New { value, range })),
            None => self.first.push(New { value, range }),
        }
    }

    /// Gives some entries of mine another order; the others stay where they are.
    pub fn reorder(&mut self, sequence: &[usize]) {
        let mut places = sequence.to_vec();
        places.sort_unstable();
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        for (place, index) in places.into_iter().zip(sequence) {
            order[place] = *index;
        }
        self.order = Some(order);
    }

    /// The entries of the result, in order.
    fn parts(&mut self) -> Vec<Part<'a>> {
        let order = self
            .order
            .clone()
            .unwrap_or_else(|| (0..self.entries.len()).collect());
        let mut after: Vec<Vec<New<'a>>> = vec![Vec::new(); self.entries.len()];
        for (index, new) in self.after.drain(..) {
            after[index].push(new);
        }
        let mut parts = Vec::new();
        let mut waiting = std::mem::take(&mut self.first);
        // With nothing in common, mine comes first.
        let late = self.entries.iter().all(|entry| entry.own || entry.gone);
        for index in order {
            let entry = &self.entries[index];
            if !entry.own && !late {
                parts.extend(waiting.drain(..).map(Part::New));
            }
            if !entry.gone {
                parts.push(Part::Mine(index));
            }
            waiting.append(&mut after[index]);
        }
        parts.extend(waiting.into_iter().map(Part::New));
        parts
    }

    /// The edits, in order.
    pub fn edits(mut self, layout: &Layout) -> Vec<Edit> {
        let parts = self.parts();
        if self.order.is_some() {
            return vec![self.rewrite(&parts, layout)];
        }
        let mut edits = Vec::new();
        let mut previous: Option<usize> = None;
        let mut new: Vec<&New<'a>> = Vec::new();
        for part in &parts {
            match part {
                Part::New(entry) => new.push(entry),
                Part::Mine(index) => {
                    edits.extend(self.gap(previous, Some(*index), &new, layout));
                    edits.extend(self.entries[*index].edits.iter().cloned());
                    new.clear();
                    previous = Some(*index);
                }
            }
        }
        edits.extend(self.gap(previous, None, &new, layout));
        edits
    }

    /// The edit between two entries that stay next to each other, or between one and a bracket, if there is one.
    fn gap(
        &self,
        previous: Option<usize>,
        next: Option<usize>,
        new: &[&New<'a>],
        layout: &Layout,
    ) -> Option<Edit> {
        let count = self.entries.len();
        let gone = previous.map_or(0, |n| n + 1)..next.unwrap_or(count);
        if gone.is_empty() && new.is_empty() {
            return None;
        }
        let lead = self.lead(layout);
        let texts: Vec<String> = new
            .iter()
            .map(|entry| layout.adapt(entry.value, entry.range.clone(), layout.indent_of(&lead)))
            .collect();
        Some(match (previous, next) {
            (Some(previous), _) => {
                let start = self.entries[previous].range.end;
                let end = if gone.is_empty() {
                    start
                } else {
                    self.entries[gone.end - 1].range.end
                };
                let insert = texts
                    .iter()
                    .flat_map(|text| [",", lead.as_str(), text.as_str()])
                    .collect();
                Edit {
                    range: start..end,
                    insert,
                }
            }
            (None, Some(next)) => {
                let end = self.entries[next].range.start;
                let start = if gone.is_empty() {
                    end
                } else {
                    self.entries[0].range.start
                };
                let insert = texts
                    .iter()
                    .flat_map(|text| [text.as_str(), ",", lead.as_str()])
                    .collect();
                Edit {
                    range: start..end,
                    insert,
                }
            }
            (None, None) if texts.is_empty() || count == 0 => {
                let range = self.container.range();
                let inside = range.start + 1..range.end - 1;
                if texts.is_empty() {
                    Edit {
                        range: inside,
                        insert: String::new(),
                    }
                } else {
                    let close = layout.closing(range.start, &lead);
                    Edit {
                        range: inside,
                        insert: format!(
                            "{}{}{close}",
                            self.open(layout, &lead),
                            texts.join(&format!(",{lead}"))
                        ),
                    }
                }
            }
            (None, None) => {
                let range = self.entries[0].range.start..self.entries[count - 1].range.end;
                Edit {
                    range,
                    insert: texts.join(&format!(",{lead}")),
                }
            }
        })
    }

    /// The whole list anew, from its first entry to its last.
    fn rewrite(&self, parts: &[Part<'a>], layout: &Layout) -> Edit {
        let lead = self.lead(layout);
        let texts: Vec<String> = parts
            .iter()
            .map(|part| match part {
                Part::New(entry) => {
                    layout.adapt(entry.value, entry.range.clone(), layout.indent_of(&lead))
                }
                Part::Mine(index) => {
                    let Entry { range, edits, .. } = &self.entries[*index];
                    let inner: Vec<Edit> = edits
                        .iter()
                        .map(|edit| Edit {
                            range: edit.range.start - range.start..edit.range.end - range.start,
                            insert: edit.insert.clone(),
                        })
                        .collect();
                    apply(layout.mine(range.clone()), &inner)
                }
            })
            .collect();
        let range = self.entries[0].range.start..self.entries[self.entries.len() - 1].range.end;
        Edit {
            range,
            insert: texts.join(&format!(",{lead}")),
        }
    }

    /// What stands between a comma of this list and the next entry.
    fn lead(&self, layout: &Layout) -> String {
        match self.entries.as_slice() {
            [first, second, ..] => {
                let gap = layout.mine(first.range.end..second.range.start);
                gap.split_once(',').map_or("", |(_, lead)| lead).to_owned()
            }
            [only] => {
                let gap = layout.mine(self.container.range().start + 1..only.range.start);
                if gap.contains(['\n', '\r']) {
                    gap.to_owned()
                } else {
                    layout.space().to_owned()
                }
            }
            [] => layout.lead_inside(self.container.range().start),
        }
    }

    /// What stands between the opening bracket and the first entry of a list that had none.
    fn open<'l>(&self, _: &Layout, lead: &'l str) -> &'l str {
        if lead.contains(['\n', '\r']) {
            lead
        } else {
            ""
        }
    }
}
