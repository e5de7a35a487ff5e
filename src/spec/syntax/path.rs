//! Where a cursor stands in the tree.

use super::{
    Kind, Member, Node, Parsed,
    green::{Item, Value},
    pointer,
};

/// One step from a container to something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To a member.
    Key(String),
    /// To an element.
    Index(usize),
}

impl Step {
    /// The key, or the index in digits: a token of a JSON pointer, not escaped.
    #[must_use]
    pub fn token(&self) -> String {
        match self {
            Step::Key(name) => name.clone(),
            Step::Index(index) => index.to_string(),
        }
    }
}

/// What a cursor touches.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// A key: in it or at one of its ends. The path leads to the object.
    Key(Member<'a>),
    /// Behind a key, before its value, and no colon is there yet. The path leads to the object.
    BeforeColon(Member<'a>),
    /// A value, or behind a colon where one is missing. The path leads to it.
    Value(Option<Node<'a>>),
    /// Between the entries of an object or array, or outside everything: a new entry could begin here. The path leads to
    /// the container.
    Between,
}

/// The way from the root to a place in the text.
#[derive(Debug, Clone)]
pub struct Path<'a> {
    /// From the root on.
    pub steps: Vec<Step>,
    /// What is there.
    pub place: Place<'a>,
    /// The innermost container around the place.
    pub container: Option<Node<'a>>,
    /// The entries of that container that begin before the place (for an array: the index a new element here would have).
    pub index: usize,
}

impl Path<'_> {
    /// The steps as a JSON pointer.
    #[must_use]
    pub fn pointer(&self) -> String {
        pointer(self.steps.iter().map(Step::token))
    }
}

impl Parsed {
    /// What is at byte `offset`. At the border of two things the one that is a key or a scalar is meant.
    #[must_use]
    pub fn path_at(&self, offset: usize) -> Path<'_> {
        let mut path = Path {
            steps: Vec::new(),
            place: Place::Between,
            container: None,
            index: 0,
        };
        let Some(root) = self.root() else { return path };
        let range = root.range();
        if offset < range.start || offset > range.end {
            return path;
        }
        let mut node = root;
        loop {
            let range = node.range();
            let inside = range.start < offset && (offset < range.end || !node.is_closed());
            if !matches!(node.kind(), Kind::Object | Kind::Array) || !inside {
                if matches!(node.kind(), Kind::Object | Kind::Array) && offset == range.end {
                    // Behind a closing bracket: outside.
                    path.steps.pop();
                    return path;
                }
                path.place = Place::Value(Some(node));
                return path;
            }
            path.container = Some(node);
            match self.place_in(node, offset, &mut path) {
                Some(inner) => node = inner,
                None => return path,
            }
        }
    }

    /// Finds the place among the entries of `node`; gives the value to go on with, its step taken.
    fn place_in<'a>(
        &'a self,
        node: Node<'a>,
        offset: usize,
        path: &mut Path<'a>,
    ) -> Option<Node<'a>> {
        let object = node.kind() == Kind::Object;
        path.index = 0;
        path.place = Place::Between;
        for (at, item) in node.items() {
            if at > offset {
                break;
            }
            let value = Node::value(self.text(), item, at);
            let end = at + item.len as usize;
            if let Some(place) = in_item(self, object, at, item, offset) {
                match place {
                    Place::Value(value) => {
                        let name = Member::new(self.text(), item, at).name().into_owned();
                        path.steps.push(if object {
                            Step::Key(name)
                        } else {
                            Step::Index(path.index)
                        });
                        path.place = Place::Value(value);
                        return value;
                    }
                    place => path.place = place,
                }
                return None;
            }
            if value.is_some() || item.key_len > 0 {
                path.index += 1;
            }
            if offset < end {
                break;
            }
        }
        None
    }
}

/// What of an item the cursor touches, if anything.
fn in_item<'a>(
    parsed: &'a Parsed,
    object: bool,
    at: usize,
    item: &'a Item,
    offset: usize,
) -> Option<Place<'a>> {
    let text = parsed.text();
    let member = Member::new(text, item, at);
    let key_end = at + item.key_len as usize;
    let value_at = at + item.value_at as usize;
    if object && item.key_len > 0 && (at..=key_end).contains(&offset) {
        return Some(Place::Key(member));
    }
    let value = Node::value(text, item, at);
    if let Some(value) = value {
        let range = value.range();
        let behind =
            matches!(item.value, Value::Container(_)) && offset == range.end && value.is_closed();
        if (range.start..=range.end).contains(&offset) && !behind {
            return Some(Place::Value(Some(value)));
        }
    }
    if !object || item.key_len == 0 {
        return None;
    }
    let colon_at = if item.colon {
        let gap = text.slice(key_end..value_at);
        gap.find(':').map(|n| key_end + n)
    } else {
        None
    };
    match (colon_at, value) {
        (Some(colon), _) if offset <= colon => Some(Place::BeforeColon(member)),
        (Some(_), Some(_)) if offset < value_at => Some(Place::Value(value)),
        // Behind the colon, up to what follows on another line or to the comma.
        (Some(colon), None) => {
            let gap = text.slice(colon + 1..at + item.len as usize);
            let reach = colon + 1 + gap.find([',', '\n', '\r']).unwrap_or(gap.len());
            (offset <= reach).then_some(Place::Value(None))
        }
        (None, Some(_)) if offset < value_at => Some(Place::BeforeColon(member)),
        (None, None) => {
            let gap = text.slice(key_end..at + item.len as usize);
            let reach = key_end + gap.find([',', '\n', '\r']).unwrap_or(gap.len());
            (offset <= reach).then_some(Place::BeforeColon(member))
        }
        _ => None,
    }
}
