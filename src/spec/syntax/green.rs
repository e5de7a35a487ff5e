//! The immutable tree underneath. Nothing in it knows its place, only lengths, so an edit leaves all but the path to the
//! changed container as it is, shared with the tree before.
//!
//! The text itself stays in the rope. A container's children are [`Item`]s without gaps between them: an item reaches from
//! its first token to the first token after it (its comma and the blanks behind included). They are kept in chunks, so that
//! an edit in a list of 100,000 copies one chunk and the list of chunks, not the list.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{Kind, error::Fault, plain::Unread};

/// Items in a chunk at most.
pub(super) const CHUNK: usize = 64;
/// Trees less high than this may be dropped by recursion.
const SHALLOW: u32 = 64;

/// What holds items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The file: what is before the value, the value, what is after it.
    Document,
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

/// A member of an object, an element of an array, or what stands where one should be.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Identity of the key; that of a scalar value is `id + 1`.
    pub id: u64,
    /// Length of the key with its quotes, which begins where the item begins; 0 if there is none.
    pub key_len: u32,
    /// Where the value begins, from the item's start.
    pub value_at: u32,
    /// The value, if any.
    pub value: Value,
    /// Length up to the next item or the closing bracket.
    pub len: u32,
    /// Ends in a comma.
    pub comma: bool,
    /// A colon stands between key and value (or where the value should be).
    pub colon: bool,
    /// Errors in the item itself, not in the container it may hold; from the item's start.
    #[allow(clippy::box_collection)] // one word where there are none, as almost always
    pub faults: Option<Box<Vec<Fault>>>,
}

/// The value of an item.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// None: a hole, or a key without a value, or something else entirely.
    Missing,
    /// A string, number, literal, or an error of this length. `whole`: no error in it.
    Scalar { kind: Kind, len: u32, whole: bool },
    /// An object or array.
    Container(Arc<Container>),
    /// An object or array that is plainly JSON, and not read yet.
    Unread(Arc<Unread>),
}

impl Value {
    pub fn len(&self) -> u32 {
        match self {
            Value::Missing => 0,
            Value::Scalar { len, .. } => *len,
            Value::Container(container) => container.len,
            Value::Unread(unread) => unread.len,
        }
    }

    /// The object or array, read now if it was not.
    pub fn container(&self) -> Option<&Arc<Container>> {
        match self {
            Value::Container(container) => Some(container),
            Value::Unread(unread) => Some(unread.container()),
            _ => None,
        }
    }

    /// The container, if the parser read it. What is unread has no errors, and its brackets match.
    fn container_read(&self) -> Option<&Container> {
        match self {
            Value::Container(container) => Some(container),
            _ => None,
        }
    }

    /// What an object or array is.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Value::Container(container) => Some(container.shape),
            Value::Unread(unread) => Some(unread.shape()),
            _ => None,
        }
    }

    /// Identity of an object or array.
    pub fn container_id(&self) -> Option<u64> {
        match self {
            Value::Container(container) => Some(container.id),
            Value::Unread(unread) => Some(unread.id),
            _ => None,
        }
    }

    /// Levels of containers in it, itself included.
    fn height(&self) -> u32 {
        match self {
            Value::Unread(unread) => unread.height,
            value => value.container_read().map_or(0, |c| c.height),
        }
    }

    /// Errors in an object or array and in all that it holds.
    pub fn error_count(&self) -> u32 {
        self.container_read().map_or(0, |c| c.error_count)
    }

    /// Brackets match in it.
    pub fn is_balanced(&self) -> bool {
        self.container_read().is_none_or(|c| c.balanced)
    }

    /// Its reading took account of text beyond it.
    pub fn is_far(&self) -> bool {
        self.container_read().is_some_and(|c| c.far)
    }

    /// No error in it, if it is a scalar; in the list of its entries, if it is an object or array.
    pub fn is_intact(&self) -> bool {
        match self {
            Value::Missing => false,
            Value::Scalar { whole, .. } => *whole,
            Value::Container(container) => !container.cut && container.balanced,
            Value::Unread(_) => true,
        }
    }

    /// Length of an object's or array's closing bracket; 0 if it is missing.
    pub fn tail(&self) -> u32 {
        match self {
            Value::Unread(_) => 1,
            value => value.container_read().map_or(0, |c| c.tail),
        }
    }
}

impl Item {
    /// Puts another container in the place of the one it holds.
    fn replace_container(&mut self, value: Arc<Container>) {
        let old = self.value.len();
        let end = self.value_at + old;
        if let Some(faults) = &mut self.faults {
            for fault in faults.iter_mut().filter(|fault| fault.at >= end) {
                fault.at = fault.at - old + value.len;
            }
        }
        self.len = self.len - old + value.len;
        self.value = Value::Container(value);
    }

    /// No error in its key.
    pub fn has_whole_key(&self) -> bool {
        let faults = self.faults.iter().flat_map(|faults| faults.iter());
        self.key_len > 0
            && !faults
                .into_iter()
                .any(|fault| fault.is_in_key(self.key_len))
    }

    /// An error in it leaves open which members its container has.
    fn is_cut(&self) -> bool {
        let in_key = self.key_len > 0 && !self.has_whole_key();
        let faults = self.faults.as_ref();
        in_key || faults.is_some_and(|faults| faults.iter().any(Fault::cuts))
    }

    /// Errors in it and in all that it holds.
    pub fn error_count(&self) -> u32 {
        self.faults.as_ref().map_or(0, |f| f.len() as u32) + self.value.error_count()
    }
}

/// An object, an array, or the whole document.
#[derive(Debug)]
pub(super) struct Container {
    pub id: u64,
    pub shape: Shape,
    /// Length in all.
    pub len: u32,
    /// Where the first item begins: the opening bracket and the blanks after it.
    pub head: u32,
    /// Length of the closing bracket; 0 if it is missing (and in a document).
    pub tail: u32,
    /// Errors that belong to no item, from the container's start.
    pub faults: Vec<Fault>,
    /// Brackets match, in it and in all that it holds, and no guess about what encloses it went into the reading: the
    /// same text gives the same tree anywhere.
    pub balanced: bool,
    /// A reading in it, or in what it holds, took account of text beyond the item read: it may be another when that changes.
    pub far: bool,
    /// Errors in it and in all that it holds.
    pub error_count: u32,
    /// An error in its own list of members: nobody may claim that one is missing.
    pub cut: bool,
    /// Levels of containers in it, itself included.
    pub height: u32,
    /// Items in all.
    pub count: usize,
    pub chunks: Vec<Chunk>,
}

/// Some neighbouring items and their sums.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub items: Arc<[Item]>,
    pub len: u32,
    pub error_count: u32,
    pub height: u32,
    pub balanced: bool,
    pub far: bool,
    pub cut: bool,
}

impl Chunk {
    /// Of items of this length and height, without an error in them, whose brackets match.
    pub fn whole(items: Arc<[Item]>, len: u32, height: u32) -> Self {
        Chunk {
            items,
            len,
            error_count: 0,
            height,
            balanced: true,
            far: false,
            cut: false,
        }
    }

    pub fn new(items: Arc<[Item]>) -> Self {
        let mut chunk = Chunk::whole(Arc::default(), 0, 0);
        for item in &*items {
            chunk.len += item.len;
            chunk.error_count += item.error_count();
            chunk.cut |= item.is_cut();
            chunk.height = chunk.height.max(item.value.height());
            chunk.balanced &= item.value.is_balanced();
            chunk.far |= item.value.is_far();
        }
        chunk.items = items;
        chunk
    }
}

/// What a container is made from.
pub(super) struct Parts {
    pub shape: Shape,
    pub head: u32,
    pub tail: u32,
    pub faults: Vec<Fault>,
    pub balanced: bool,
    pub far: bool,
    pub chunks: Vec<Chunk>,
}

impl Parts {
    /// Nothing as yet.
    pub fn of(shape: Shape) -> Self {
        Parts {
            shape,
            head: 0,
            tail: 0,
            faults: Vec::new(),
            balanced: true,
            far: false,
            chunks: Vec::new(),
        }
    }
}

impl Container {
    pub fn new(id: u64, parts: Parts) -> Self {
        let Parts {
            shape,
            head,
            tail,
            faults,
            balanced,
            far,
            chunks,
        } = parts;
        let mut container = Container {
            id,
            shape,
            len: head + tail,
            head,
            tail,
            balanced,
            far,
            error_count: faults.len() as u32,
            cut: !balanced || faults.iter().any(Fault::cuts),
            faults,
            height: 0,
            count: 0,
            chunks,
        };
        for chunk in &container.chunks {
            container.len += chunk.len;
            container.error_count += chunk.error_count;
            container.height = container.height.max(chunk.height);
            container.balanced &= chunk.balanced;
            container.far |= chunk.far;
            container.cut |= chunk.cut;
            container.count += chunk.items.len();
        }
        container.height += 1;
        container
    }

    /// All items with where they begin, from the container's start.
    pub fn items(&self) -> impl Iterator<Item = (usize, &Item)> + Clone {
        let mut at = self.head as usize;
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.items.iter())
            .map(move |item| {
                let start = at;
                at += item.len as usize;
                (start, item)
            })
    }

    /// The item at `index` and where it begins.
    pub fn nth(&self, mut index: usize) -> Option<(usize, &Item)> {
        let mut at = self.head as usize;
        for chunk in &self.chunks {
            if index < chunk.items.len() {
                at += chunk.items[..index]
                    .iter()
                    .map(|item| item.len as usize)
                    .sum::<usize>();
                return Some((at, &chunk.items[index]));
            }
            index -= chunk.items.len();
            at += chunk.len as usize;
        }
        None
    }

    /// The item that holds the byte at `offset` (from the container's start).
    pub fn locate(&self, offset: usize) -> Option<Spot> {
        let mut spot = Spot {
            chunk: 0,
            inner: 0,
            at: self.head as usize,
        };
        spot.advance(self, offset);
        (spot.at <= offset && spot.item(self).is_some()).then_some(spot)
    }

    /// This container with another value in place of that of the item at `spot`.
    pub fn with_value(&self, id: u64, spot: Spot, value: Arc<Container>) -> Container {
        let mut chunks = self.chunks.clone();
        let mut items = self.chunks[spot.chunk].items.to_vec();
        items[spot.inner].replace_container(value);
        chunks[spot.chunk] = Chunk::new(items.into());
        let Container {
            shape,
            head,
            tail,
            balanced,
            far,
            ..
        } = *self;
        Container::new(
            id,
            Parts {
                shape,
                head,
                tail,
                faults: self.faults.clone(),
                balanced,
                far,
                chunks,
            },
        )
    }
}

/// A place among a container's items.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub chunk: usize,
    /// The item's index in its chunk.
    pub inner: usize,
    /// Where the item begins, from the container's start.
    pub at: usize,
}

impl Spot {
    /// The item there; none behind the last.
    pub fn item<'a>(&self, container: &'a Container) -> Option<&'a Item> {
        container.chunks.get(self.chunk)?.items.get(self.inner)
    }

    /// To the next item.
    pub fn next(&mut self, container: &Container) {
        let Some(item) = self.item(container) else {
            return;
        };
        self.at += item.len as usize;
        self.inner += 1;
        if self.inner == container.chunks[self.chunk].items.len() {
            (self.chunk, self.inner) = (self.chunk + 1, 0);
        }
    }

    /// To the item before, if there is one.
    pub fn previous<'a>(&self, container: &'a Container) -> Option<(Spot, &'a Item)> {
        let (chunk, inner) = match self.inner.checked_sub(1) {
            Some(inner) => (self.chunk, inner),
            None => {
                let chunk = self.chunk.checked_sub(1)?;
                (chunk, container.chunks[chunk].items.len() - 1)
            }
        };
        let item = &container.chunks[chunk].items[inner];
        Some((
            Spot {
                chunk,
                inner,
                at: self.at - item.len as usize,
            },
            item,
        ))
    }

    /// On to the first item that ends after `offset`.
    pub fn advance(&mut self, container: &Container, offset: usize) {
        while let Some(chunk) = container.chunks.get(self.chunk) {
            if self.inner == 0 && self.at + chunk.len as usize <= offset {
                self.at += chunk.len as usize;
                self.chunk += 1;
            } else if self.at + chunk.items[self.inner].len as usize <= offset {
                self.next(container);
            } else {
                return;
            }
        }
    }
}

/// A tree a million levels high must not overflow the stack when it goes: its containers are taken apart one by one.
impl Drop for Container {
    fn drop(&mut self) {
        if self.height < SHALLOW {
            return;
        }
        let mut doomed = std::mem::take(&mut self.chunks);
        while let Some(mut chunk) = doomed.pop() {
            for item in Arc::get_mut(&mut chunk.items).into_iter().flatten() {
                if let Value::Container(container) =
                    std::mem::replace(&mut item.value, Value::Missing)
                    && let Some(mut container) = Arc::into_inner(container)
                {
                    doomed.append(&mut container.chunks);
                }
            }
        }
    }
}

/// Hands out identities: no two nodes ever made have the same.
#[derive(Default)]
pub(super) struct Ids {
    next: u64,
    end: u64,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Ids {
    const BLOCK: u64 = 256;

    /// `count` identities in a row (at most a block); the first of them.
    pub fn take(&mut self, count: u64) -> u64 {
        if self.next + count > self.end {
            self.next = NEXT_ID.fetch_add(Self::BLOCK, Ordering::Relaxed);
            self.end = self.next + Self::BLOCK;
        }
        let id = self.next;
        self.next += count;
        id
    }
}
