//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use super::{Kind, Node, Parsed};

/// A key as a pointer's token: `~` is `~0`, `/` is `~1`.
#[must_use]
pub fn escape_token(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}

/// The key that a pointer's token stands for.
#[must_use]
pub fn unescape_token(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// The pointer made of these tokens, not yet escaped.
pub fn pointer<S: AsRef<str>>(tokens: impl IntoIterator<Item = S>) -> String {
    let mut pointer = String::new();
    for token in tokens {
        pointer.push('/');
        pointer.push_str(&escape_token(token.as_ref()));
    }
    pointer
}

impl Parsed {
    /// The value that a JSON pointer leads to; the root for an empty one.
    #[must_use]
    pub fn node_at_pointer(&self, pointer: &str) -> Option<Node<'_>> {
        let mut node = self.root()?;
        if pointer.is_empty() {
            return Some(node);
        }
        for token in pointer.strip_prefix('/')?.split('/') {
            node = match node.kind() {
                Kind::Object => node.get(&unescape_token(token))?,
                Kind::Array => node.element(index(token)?)?,
                _ => return None,
            };
        }
        Some(node)
    }
}

/// An array index: digits, without a leading zero.
fn index(token: &str) -> Option<usize> {
    if token.len() > 1 && token.starts_with('0') || !token.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    token.parse().ok()
}
