//! What stands before the document's value and has no business there.

use super::{Parser, Reuse};
use crate::spec::syntax::{error::Trouble, scan::Found};

/// Longer text before a document's object is not passed over.
const PROSE: usize = 4096;

impl<R: Reuse> Parser<'_, R> {
    /// Where words before the document's object end: a sentence, or the fence that chats put around code. A number or a
    /// word alone may be all that the document is meant to hold.
    pub(super) fn prose(&mut self) -> Option<usize> {
        let mut end = self.pos;
        for at in self.pos..self.pos + PROSE {
            match self.src.at(at)? {
                b'{' if at > self.pos => return Some(end),
                b'{' | b'[' | b'"' => return None,
                b' ' | b'\t' | b'\n' | b'\r' => {}
                _ => end = at + 1,
            }
        }
        None
    }

    /// Text before the value that means nothing.
    pub(super) fn document_junk(&mut self, end: usize, trouble: Trouble) {
        let at = self.pos;
        let mut faults = vec![Found {
            at,
            len: end - at,
            trouble,
        }];
        (self.pos, _) = self.src.trivia(end, &mut faults);
        let first = self.pos;
        let top = self.top();
        match top.faults.last_mut() {
            // However much of it there is, one mistake is enough to tell of it.
            Some(last) if last.trouble == trouble && trouble == Trouble::Junk => {
                last.len = end - last.at;
                top.faults.extend(faults.drain(1..));
            }
            _ => top.faults.append(&mut faults),
        }
        top.first = first;
    }
}
