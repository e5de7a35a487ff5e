//! A list of objects that lost its `[`, as shows when its second element comes, or its end.

use super::{Parser, Partial, Reuse};
use crate::spec::syntax::{
    error::Trouble,
    green::{Item, Shape},
    scan::Found,
};

impl<R: Reuse> Parser<'_, R> {
    /// The parser stands in an object, at something that follows the elements of a list: the member before, whose value
    /// is an object, is a list that lost its `[`. Its value becomes the first element, and the parser stands behind it.
    ///
    /// `}` of an object in a list may be lost as well. Of lists whose brackets are lost the lines are indented deeper than
    /// the member, or as the member where they end.
    pub(super) fn begin_lost_list(&mut self) -> bool {
        let Some(first) = self.loose().last() else {
            return false;
        };
        if !first.colon || first.key_len == 0 || first.value.shape() != Some(Shape::Object) {
            return false;
        }
        let (start, at) = (self.pos - first.len as usize, first.value_at as usize);
        if !self.is_in_list_of(start) {
            return false;
        }
        let Some(first) = self.items.pop() else {
            return false;
        };
        self.unbalance();
        let (item, element) = split(first, start);
        self.top().partial = Some(item);
        self.pos = start + at;
        let lost = Found {
            at: self.pos,
            len: 1,
            trouble: Trouble::MissingOpener,
        };
        self.push_frame(Shape::Array, self.pos, vec![lost]);
        self.unbalance();
        self.pos += element.len as usize;
        self.push_item(element);
        true
    }

    /// The parser stands where a list goes on, or ends, whose key is at `member`: see [`Self::begin_lost_list`].
    fn is_in_list_of(&mut self, member: usize) -> bool {
        let level = self.frames.len() - 1;
        let ends = self.src.at(self.pos) == Some(b']');
        match (self.indent(self.pos, true), self.indent(member, true)) {
            (Some(here), Some(member)) => here == member && ends || here > member && !ends,
            _ => !ends && self.around(level) != Shape::Array,
        }
    }
}

/// The member at `start` without its value, to be read on, and its value as an element.
fn split(member: Item, start: usize) -> (Partial, Item) {
    let at = member.value_at;
    let (before, behind): (Vec<_>, Vec<_>) = member
        .faults
        .map(|faults| *faults)
        .unwrap_or_default()
        .into_iter()
        .partition(|fault| fault.at < at);
    let mut item = Partial::new(start);
    item.key_len = member.key_len as usize;
    item.value_at = start + at as usize;
    item.colon = true;
    item.faults = before
        .into_iter()
        .map(|fault| Found {
            at: start + fault.at as usize,
            len: fault.len as usize,
            trouble: fault.trouble,
        })
        .collect();
    let behind: Vec<_> = behind
        .into_iter()
        .map(|mut fault| {
            fault.at -= at;
            fault
        })
        .collect();
    let element = Item {
        id: member.id,
        key_len: 0,
        value_at: 0,
        value: member.value,
        len: member.len - at,
        comma: member.comma,
        colon: false,
        faults: (!behind.is_empty()).then(|| Box::new(behind)),
    };
    (item, element)
}
