//! The tree as one reads it: nodes with their places.

use std::{borrow::Cow, ops::Range};

use serde_json::Value as Json;

use super::{
    Kind,
    green::{Container, Item, Shape, Value},
    plain,
    string::{self, Escapes},
};
use crate::text::Text;

/// Nesting beyond which [`Node::to_value`] gives `null`: as deep as serde_json reads; its values are dropped by recursion.
const DEPTH: usize = 128;

/// A value or a key, with its place. Copy it freely.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    text: &'a Text,
    item: &'a Item,
    start: usize,
    key: bool,
}

/// A member of an object: a key and what belongs to it.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    text: &'a Text,
    item: &'a Item,
    start: usize,
}

/// Reads what is in nodes for as long as somebody looks at it: for whoever looks at all of a long text, most of which is
/// not read before it is asked for, and then kept. Keep one for many nodes.
#[derive(Default)]
pub struct Reader(plain::Stack);

/// A node with what is in it, see [`Reader`].
pub struct Held<'a> {
    node: Node<'a>,
    read: Option<Item>,
}

impl Reader {
    /// `node`, with what is in it.
    #[must_use]
    pub fn hold<'a>(&mut self, node: Node<'a>) -> Held<'a> {
        let read = match &node.item.value {
            Value::Unread(unread) if !node.key && unread.known().is_none() => Some(Item {
                value: Value::Container(unread.read(&mut self.0)),
                ..node.item.clone()
            }),
            _ => None,
        };
        Held { node, read }
    }
}

impl Held<'_> {
    /// The node; the same but that it does not live as long.
    #[must_use]
    pub fn node(&self) -> Node<'_> {
        match &self.read {
            Some(item) => Node { item, ..self.node },
            None => self.node,
        }
    }
}

impl<'a> Node<'a> {
    /// The value of the item that begins at `at`.
    pub(super) fn value(text: &'a Text, item: &'a Item, at: usize) -> Option<Self> {
        let start = at + item.value_at as usize;
        (!matches!(item.value, Value::Missing)).then_some(Node {
            text,
            item,
            start,
            key: false,
        })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.item.value {
            _ if self.key => Kind::String,
            Value::Scalar { kind, .. } => *kind,
            Value::Missing => Kind::Error,
            value if value.shape() == Some(Shape::Object) => Kind::Object,
            _ => Kind::Array,
        }
    }

    /// Where it is: bytes of the document, quotes and brackets included.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let len = if self.key {
            self.item.key_len
        } else {
            self.item.value.len()
        };
        self.start..self.start + len as usize
    }

    /// Its text as it is written.
    #[must_use]
    pub fn raw(&self) -> Cow<'a, str> {
        self.text.slice(self.range())
    }

    /// Identity: two nodes with the same one have the same text and structure, wherever they stand and in whatever
    /// version of the document. Never used again for something else, so it may serve as a cache key for ever.
    #[must_use]
    pub fn green_id(&self) -> usize {
        let id = match self.item.value.container_id() {
            Some(id) if !self.key => id,
            _ => self.item.id + u64::from(!self.key),
        };
        id as usize
    }

    /// No syntax error in it: for a scalar, in its text; for a container, in its own list of entries (those inside an
    /// entry do not count, unless a bracket is lost). Of a container that is not intact nobody may say what it lacks.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        if self.key {
            self.item.has_whole_key()
        } else {
            self.item.value.is_intact()
        }
    }

    /// No syntax error in it or in anything it holds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        if self.is_container() {
            self.item.value.error_count() == 0
        } else {
            self.is_intact()
        }
    }

    /// Brackets match in it and in all that it holds. Where they do not, what stands in it, and in what, is a guess.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.key || self.item.value.is_balanced()
    }

    fn is_container(&self) -> bool {
        !self.key && self.item.value.shape().is_some()
    }

    fn container(&self) -> Option<&'a Container> {
        if self.key {
            None
        } else {
            self.item.value.container().map(|container| &**container)
        }
    }

    /// It ends in its closing bracket, or has none to end in.
    pub(in crate::spec) fn is_closed(&self) -> bool {
        !self.is_container() || self.item.value.tail() > 0
    }

    /// The entries of an array or object, with the gaps where one is missing.
    pub(super) fn items(&self) -> impl Iterator<Item = (usize, &'a Item)> + use<'a> {
        let start = self.start;
        self.container()
            .into_iter()
            .flat_map(|container| container.items())
            .map(move |(at, item)| (start + at, item))
    }

    /// The members of an object, in the order of the text; none for anything else. A name may come twice.
    pub fn members(&self) -> impl Iterator<Item = Member<'a>> + use<'a> {
        let text = self.text;
        let is_object = self.kind() == Kind::Object;
        self.items()
            .filter(move |(_, item)| is_object && item.key_len > 0)
            .map(move |(start, item)| Member { text, item, start })
    }

    /// The members of an object with their names, for whoever needs those more than once.
    #[must_use]
    pub fn named_members(&self) -> Vec<(Cow<'a, str>, Member<'a>)> {
        let most = match self.kind() {
            Kind::Object => self.most_items(),
            _ => return Vec::new(),
        };
        let mut named = Vec::with_capacity(most);
        named.extend(self.members().map(|member| (member.name(), member)));
        named
    }

    /// No fewer than its members or elements: room for them.
    pub(in crate::spec) fn most_items(&self) -> usize {
        self.container().map_or(0, |container| container.count)
    }

    /// The elements of an array, in order; none for anything else.
    pub fn elements(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let text = self.text;
        let is_array = self.kind() == Kind::Array;
        self.items()
            .filter(move |_| is_array)
            .filter_map(move |(at, item)| Node::value(text, item, at))
    }

    /// The entries of an array or object.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.kind() {
            Kind::Object => self.members().count(),
            Kind::Array if self.is_intact() => {
                self.container().map_or(0, |container| container.count)
            }
            _ => self.elements().count(),
        }
    }

    /// No entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of the member of this name; of several the last, as serde_json takes it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Node<'a>> {
        self.member(name)?.value()
    }

    /// The member of this name; of several the last, as serde_json takes it.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Member<'a>> {
        self.members().filter(|member| member.is_named(name)).last()
    }

    /// The element at `index` of an array.
    #[must_use]
    pub fn element(&self, index: usize) -> Option<Node<'a>> {
        if self.kind() == Kind::Array && self.is_intact() {
            let (at, item) = self.container()?.nth(index)?;
            return Node::value(self.text, item, self.start + at);
        }
        self.elements().nth(index)
    }

    /// The text a string stands for: without quotes, escapes resolved. Half a surrogate pair is U+FFFD, a backslash that
    /// escapes nothing stays. None for anything but a string.
    #[must_use]
    pub fn as_str(&self) -> Option<Cow<'a, str>> {
        (self.kind() == Kind::String).then(|| string::unescape(self.raw()))
    }

    /// How places in [`Node::as_str`] map to places in the document.
    #[must_use]
    pub fn escapes(&self) -> Escapes {
        Escapes::new(&self.raw(), self.start)
    }

    /// The number as serde_json reads it.
    #[must_use]
    pub fn as_number(&self) -> Option<serde_json::Number> {
        if self.kind() != Kind::Number {
            return None;
        }
        serde_json::from_str(&self.raw()).ok()
    }

    /// The number as a double.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if self.kind() != Kind::Number {
            return None;
        }
        self.raw().parse().ok()
    }

    /// `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// The value as serde_json has it: of a key that comes twice the last, at the place of the first. What is missing or
    /// not JSON is `null`, and so is what is nested more than 128 levels deep.
    #[must_use]
    pub fn to_value(&self) -> Json {
        self.value_within(DEPTH)
    }

    fn value_within(self, depth: usize) -> Json {
        match self.kind() {
            _ if depth == 0 => Json::Null,
            Kind::Object => {
                let member = |member: Member<'a>| {
                    let value = member
                        .value()
                        .map_or(Json::Null, |value| value.value_within(depth - 1));
                    (member.name().into_owned(), value)
                };
                Json::Object(self.members().map(member).collect())
            }
            Kind::Array => Json::Array(
                self.elements()
                    .map(|element| element.value_within(depth - 1))
                    .collect(),
            ),
            Kind::String => Json::String(self.as_str().unwrap_or_default().into_owned()),
            Kind::Number => self.as_number().map_or(Json::Null, Json::Number),
            Kind::True => Json::Bool(true),
            Kind::False => Json::Bool(false),
            Kind::Null | Kind::Error => Json::Null,
        }
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}@{:?}", self.kind(), self.range())
    }
}

impl<'a> Member<'a> {
    pub(super) fn new(text: &'a Text, item: &'a Item, start: usize) -> Self {
        Member { text, item, start }
    }

    /// The key, a string.
    #[must_use]
    pub fn key(&self) -> Node<'a> {
        Node {
            text: self.text,
            item: self.item,
            start: self.start,
            key: true,
        }
    }

    /// The key's text, escapes resolved.
    #[must_use]
    pub fn name(&self) -> Cow<'a, str> {
        string::unescape(self.text.slice(self.key().range()))
    }

    /// Whether the key's text is `name`.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        // A key is at least as long as its text, and a plain one is two quotes longer.
        self.item.key_len as usize >= name.len() && self.name() == name
    }

    /// The value, unless it is missing.
    #[must_use]
    pub fn value(&self) -> Option<Node<'a>> {
        Node::value(self.text, self.item, self.start)
    }

    /// From the key's start to the value's end (the key's or the colon's, where there is no value).
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let end = self
            .value()
            .map_or_else(|| self.key().range().end, |value| value.range().end);
        self.start..end
    }
}

impl std::fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{:?}", self.name(), self.range())
    }
}
