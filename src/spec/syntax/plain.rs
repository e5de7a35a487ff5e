//! Objects and arrays that are plainly JSON (RFC 8259), as nearly all are: skimmed, and read only when somebody asks for
//! what is in them.
//!
//! [`skim`] goes over one and keeps no more than its outline, several times as fast as the parser makes a tree and without
//! memory for one. What is in any way doubtful it leaves to the parser: so what it takes is what the parser would take
//! without a fault, balanced and not far, the same tree wherever it stands, and [`read`] can give that tree later.

use std::sync::{Arc, OnceLock};

use super::{
    Kind,
    green::{CHUNK, Chunk, Container, Ids, Item, Parts, Shape, Value},
    scan::{is_word, spaces},
};
use crate::text::Flat;

/// Longer ones are left to the parser, which reads them by parts: what is asked for should be there at once.
const LONGEST: usize = 64 * 1024;
/// Containers in containers at most.
const DEEPEST: u32 = 16;
/// As many items as one chunk may hold.
const MOST: usize = 2 * CHUNK;
/// A number of so many characters, with an exponent of two digits at most, is one that a double can be.
const DIGITS: usize = 100;

/// What may not stand in a string, or not by itself.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        special[control] = true;
        control += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special
};

/// A container that was only skimmed. It is balanced, not far, and without an error.
#[derive(Debug)]
pub(super) struct Unread {
    /// Identity, as that of the container it is.
    pub id: u64,
    text: Arc<Piece>,
    at: u32,
    /// Length in all.
    pub len: u32,
    /// Levels of containers in it, itself included.
    pub height: u32,
    read: OnceLock<Arc<Container>>,
}

/// A text that containers stand in. Each thread that skims has its own, for the counter in it.
#[derive(Debug)]
pub(super) struct Piece(pub Arc<Flat>);

impl Unread {
    /// The container that begins at `at`; none if it is for the parser.
    pub fn skim(text: &Arc<Piece>, at: usize, ids: &mut Ids) -> Option<Self> {
        let (len, height, ()) = Reader::new(&text.0, at, Outlines).all()?;
        Some(Self {
            id: ids.take(1),
            text: text.clone(),
            at: u32::try_from(at).ok()?,
            len: u32::try_from(len).ok()?,
            height,
            read: OnceLock::new(),
        })
    }

    pub fn shape(&self) -> Shape {
        match self.text.0.as_bytes().get(self.at as usize) {
            Some(b'{') => Shape::Object,
            _ => Shape::Array,
        }
    }

    /// What it is, read and kept.
    pub fn container(&self) -> &Arc<Container> {
        self.read.get_or_init(|| self.read(&mut Stack::default()))
    }

    /// What it is, if it was read and kept.
    pub fn known(&self) -> Option<&Arc<Container>> {
        self.read.get()
    }

    /// What it is, read and not kept.
    pub fn read(&self, stack: &mut Stack) -> Arc<Container> {
        let reader = Reader::new(&self.text.0, self.at as usize, Trees { stack, id: self.id });
        match reader.all() {
            Some((_, _, container)) => container,
            // Cannot be: it was skimmed. But lengths must hold whatever happens.
            None => Arc::new(Container::new(
                self.id,
                Parts {
                    head: self.len,
                    ..Parts::of(self.shape())
                },
            )),
        }
    }
}

/// What is made of the containers read.
trait Make {
    /// What becomes of a container.
    type Made;

    /// Where the items of a container begin that is read from here on.
    fn begin(&self) -> usize;
    /// A member or an element, up to its value's end.
    fn item(&mut self, token: Token, value: Read<Self::Made>);
    /// The comma and the blanks behind the last item are read, too.
    fn item_ends(&mut self, len: usize, comma: bool);
    /// Ends a container; `outermost`: no other is around it.
    fn end(&mut self, frame: Frame, outermost: bool) -> Self::Made;
}

/// Where the parts of an item are.
#[derive(Clone, Copy)]
struct Token {
    key_len: usize,
    /// From the item's start.
    value_at: usize,
}

/// The value of an item.
enum Read<C> {
    Scalar { kind: Kind, len: usize },
    Container(C),
}

/// What a container is made from.
struct Frame {
    shape: Shape,
    head: usize,
    /// Where its items begin.
    base: usize,
    /// Length of its items.
    len: usize,
    /// Levels of containers in its items.
    height: u32,
}

/// Makes nothing.
struct Outlines;

impl Make for Outlines {
    type Made = ();

    fn begin(&self) -> usize {
        0
    }

    fn item(&mut self, _: Token, _: Read<()>) {}

    fn item_ends(&mut self, _: usize, _: bool) {}

    fn end(&mut self, _: Frame, _: bool) {}
}

/// What reading takes, for whoever reads many.
#[derive(Default)]
pub(super) struct Stack {
    ids: Ids,
    items: Vec<Item>,
}

/// Makes the tree.
struct Trees<'a> {
    stack: &'a mut Stack,
    /// Of the outermost container.
    id: u64,
}

impl Make for Trees<'_> {
    type Made = Arc<Container>;

    fn begin(&self) -> usize {
        self.stack.items.len()
    }

    fn item(&mut self, token: Token, value: Read<Arc<Container>>) {
        let value = match value {
            Read::Scalar { kind, len } => Value::Scalar {
                kind,
                len: len as u32,
                whole: true,
            },
            Read::Container(container) => Value::Container(container),
        };
        let id = self.stack.ids.take(2);
        self.stack.items.push(Item {
            id,
            key_len: token.key_len as u32,
            value_at: token.value_at as u32,
            value,
            len: 0,
            comma: false,
            colon: token.key_len > 0,
            faults: None,
        });
    }

    fn item_ends(&mut self, len: usize, comma: bool) {
        if let Some(item) = self.stack.items.last_mut() {
            (item.len, item.comma) = (len as u32, comma);
        }
    }

    fn end(&mut self, frame: Frame, outermost: bool) -> Arc<Container> {
        let mut parts = Parts {
            head: frame.head as u32,
            tail: 1,
            ..Parts::of(frame.shape)
        };
        if self.stack.items.len() > frame.base {
            let items = self.stack.items.drain(frame.base..).collect();
            parts.chunks = vec![Chunk::whole(items, frame.len as u32, frame.height)];
        }
        let id = if outermost {
            self.id
        } else {
            self.stack.ids.take(1)
        };
        Arc::new(Container::new(id, parts))
    }
}

struct Reader<'a, M> {
    bytes: &'a [u8],
    start: usize,
    pos: usize,
    make: M,
}

impl<'a, M: Make> Reader<'a, M> {
    fn new(text: &'a str, start: usize, make: M) -> Self {
        let bytes = text.as_bytes();
        Self {
            bytes: &bytes[..bytes.len().min(start + LONGEST)],
            start,
            pos: start,
            make,
        }
    }

    /// The container at the start: its length, its height, and what became of it.
    fn all(mut self) -> Option<(usize, u32, M::Made)> {
        let (made, height) = self.container(DEEPEST)?;
        Some((self.pos - self.start, height, made))
    }

    #[inline]
    fn at(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.at()? == byte).then(|| self.pos += 1)
    }

    /// The container that begins here, and its height.
    fn container(&mut self, depth: u32) -> Option<(M::Made, u32)> {
        let start = self.pos;
        let (shape, closer) = match self.at()? {
            b'{' => (Shape::Object, b'}'),
            b'[' => (Shape::Array, b']'),
            _ => return None,
        };
        self.pos += 1;
        self.blanks();
        let first = self.pos;
        let base = self.make.begin();
        let (mut count, mut height) = (0, 0);
        while count > 0 || self.at()? != closer {
            if count == MOST {
                return None;
            }
            count += 1;
            let start = self.pos;
            height = self.item(shape, depth)?.max(height);
            self.blanks();
            let comma = self.at()? == b',';
            if comma {
                self.pos += 1;
                self.blanks();
            }
            self.make.item_ends(self.pos - start, comma);
            if !comma {
                break;
            }
        }
        let frame = Frame {
            shape,
            head: first - start,
            base,
            len: self.pos - first,
            height,
        };
        self.take(closer)?;
        Some((self.make.end(frame, depth == DEEPEST), height + 1))
    }

    /// A member or an element, up to its value's end; the height of its value.
    fn item(&mut self, shape: Shape, depth: u32) -> Option<u32> {
        let start = self.pos;
        let mut token = Token {
            key_len: 0,
            value_at: 0,
        };
        if shape == Shape::Object {
            self.string()?;
            token.key_len = self.pos - start;
            self.blanks();
            self.take(b':')?;
            self.blanks();
            token.value_at = self.pos - start;
        }
        let value = self.pos;
        let kind = match self.at()? {
            b'"' => {
                self.string()?;
                Kind::String
            }
            b'{' | b'[' => {
                let (made, height) =
                    self.container(depth.checked_sub(1).filter(|left| *left > 0)?)?;
                self.make.item(token, Read::Container(made));
                return Some(height);
            }
            b't' => self.literal(b"true", Kind::True)?,
            b'f' => self.literal(b"false", Kind::False)?,
            b'n' => self.literal(b"null", Kind::Null)?,
            _ => self.number()?,
        };
        let len = self.pos - value;
        self.make.item(token, Read::Scalar { kind, len });
        Some(0)
    }

    #[inline]
    fn blanks(&mut self) {
        loop {
            match self.at() {
                Some(b' ') => self.pos += spaces(&self.bytes[self.pos..]),
                Some(b'\n' | b'\r' | b'\t') => self.pos += 1,
                _ => return,
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            let rest = &self.bytes[self.pos..];
            self.pos += rest.iter().position(|byte| SPECIAL[*byte as usize])?;
            match self.bytes[self.pos] {
                b'"' => {
                    self.pos += 1;
                    return Some(());
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        let long = match self.bytes.get(self.pos + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 0,
            b'u' => {
                let digits = self.bytes.get(self.pos + 2..self.pos + 6)?;
                // Half a surrogate pair is a mistake, and which is one the parser knows.
                let is_half = matches!(digits, [b'd' | b'D', b'8'..=u8::MAX, ..]);
                if is_half || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                4
            }
            _ => return None,
        };
        self.pos += 2 + long;
        Some(())
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Option<Kind> {
        let found = self.bytes[self.pos..].starts_with(word);
        self.pos += word.len();
        (found && !self.at().is_some_and(is_word)).then_some(kind)
    }

    fn number(&mut self) -> Option<Kind> {
        let start = self.pos;
        if self.at()? == b'-' {
            self.pos += 1;
        }
        match self.at()? {
            b'0' => self.pos += 1,
            _ => drop(self.digits()?),
        }
        if self.at()? == b'.' {
            self.pos += 1;
            self.digits()?;
        }
        if matches!(self.at()?, b'e' | b'E') {
            self.pos += 1;
            if matches!(self.at()?, b'+' | b'-') {
                self.pos += 1;
            }
            if self.digits()? > 2 {
                return None;
            }
        }
        let ends = !self.at().is_some_and(is_word) && self.pos - start <= DIGITS;
        ends.then_some(Kind::Number)
    }

    /// At least one; how many.
    fn digits(&mut self) -> Option<usize> {
        let rest = &self.bytes[self.pos..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.pos += digits;
        (digits > 0).then_some(digits)
    }
}
