//! `textDocument/completion`: keys with skeletons of their values, words, ids, units – what could stand at the cursor.
//!
//! - `site`: what the cursor touches, and which text an item replaces
//! - `values`: what could stand at a place
//! - `skeleton`: a value to begin with
//! - `items`: both together, as LSP has it
//!
//! Documentation is resolved lazily: `data` says what an item is, and [`resolve`] writes about it.

mod fitting;
mod items;
mod site;
mod skeleton;
#[cfg(test)]
mod tests;
mod values;

use std::{borrow::Cow, ops::Range};

use lsp_types::{CompletionItem, CompletionList, CompletionResponse, Position, Url};
use rustc_hash::FxHashSet;

pub use self::skeleton::{free_candidates, free_id};
use self::{
    items::Writer,
    site::{Site, What},
};
use super::{
    Snapshot,
    hover::{card, key_documentation, of_word},
    markdown::documentation,
    place::{node_at, required, shape_at},
};
use crate::spec::{
    format::Shape,
    model::{EntryKind, Symbol},
    syntax::Step,
};

/// Items at most; of more only those that fit what is typed are given, and the client is told to ask again.
const MOST: usize = 300;

/// What could stand at the position; `None` where nothing is known to.
pub fn completion(snapshot: &Snapshot, position: Position) -> Option<CompletionResponse> {
    let offset = snapshot.offset(position);
    let site = Site::at(snapshot, offset)?;
    let writer = Writer::new(snapshot, &site);
    let mut candidates = match &site.what {
        What::Key { object, member } => keys(snapshot, object, member.as_deref()),
        What::Value { steps } => {
            let mut values = values::values(snapshot, steps);
            let others = others(snapshot, steps, &site.word.outer());
            values.retain(|candidate| !candidate.is_one_of(&others));
            values
        }
        What::Document => values::documents(),
    };
    candidates.retain(|candidate| writer.fits(candidate));
    let is_incomplete = candidates.len() > MOST;
    if is_incomplete {
        let typed = snapshot.text().slice(site.typed(offset)).to_lowercase();
        candidates.retain(|candidate| candidate.label.to_lowercase().contains(typed.trim()));
        candidates.truncate(MOST);
    }
    let items: Vec<CompletionItem> = candidates
        .into_iter()
        .enumerate()
        .map(|(index, candidate)| writer.item(index, candidate))
        .collect();
    Some(CompletionResponse::List(CompletionList {
        is_incomplete,
        items,
    }))
}

/// Something that could stand at the cursor.
struct Candidate {
    label: String,
    detail: Option<String>,
    kind: lsp_types::CompletionItemKind,
    write: Write,
    about: Option<About>,
}

impl Candidate {
    fn is_one_of(&self, words: &FxHashSet<Cow<'_, str>>) -> bool {
        matches!(&self.write, Write::Word(word) if words.contains(&**word))
    }
}

/// The words of a list but for the one that is written `here`: none of them is wanted twice.
fn others<'a>(
    snapshot: &'a Snapshot,
    steps: &[Step],
    here: &Range<usize>,
) -> FxHashSet<Cow<'a, str>> {
    let list = match steps.split_last() {
        Some((Step::Index(_), list)) => node_at(&snapshot.parsed, list),
        _ => None,
    };
    list.into_iter()
        .flat_map(|list| list.elements())
        .filter(|element| element.range().start != here.start)
        .filter_map(|element| element.as_str())
        .collect()
}

/// How it is written.
enum Write {
    /// A string.
    Word(String),
    /// A number, `true`, `false`.
    Literal(String),
    /// A value to go on from.
    Skeleton(skeleton::Skeleton),
    /// A key, and a value to go on from.
    Key(String, skeleton::Skeleton),
}

/// The document that an item is for, and what the item is about, for [`resolve`]; kept in the item's `data`. Lists
/// rather than objects, which take longer to make.
#[derive(serde::Serialize, serde::Deserialize)]
struct Data(Url, About);

/// What an item is.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
enum About {
    /// A key of the object at a place.
    Key(Vec<Token>, String),
    /// A word of the enumeration for a place.
    Word(Vec<Token>, String),
    /// An id.
    Id(String),
    /// A subcase.
    Subcase(String),
    /// An NX expression.
    Expression(String),
    /// An output of the extractor with an id.
    Output(String, String),
}

/// A step of a path, as JSON has it.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Token {
    Index(usize),
    Key(String),
}

fn tokens(steps: &[Step]) -> Vec<Token> {
    let token = |step: &Step| match step {
        Step::Key(key) => Token::Key(key.clone()),
        Step::Index(index) => Token::Index(*index),
    };
    steps.iter().map(token).collect()
}

fn steps(tokens: &[Token]) -> Vec<Step> {
    let step = |token: &Token| match token {
        Token::Key(key) => Step::Key(key.clone()),
        Token::Index(index) => Step::Index(*index),
    };
    tokens.iter().map(step).collect()
}

/// The keys that the object lacks, those it must have first.
fn keys(snapshot: &Snapshot, object: &[Step], own: Option<&str>) -> Vec<Candidate> {
    let Some(shape) = shape_at(&snapshot.parsed, object) else {
        return Vec::new();
    };
    let node = node_at(&snapshot.parsed, object);
    let present: Vec<String> = node
        .into_iter()
        .flat_map(|node| node.members())
        .map(|member| member.name().into_owned())
        .filter(|name| Some(name.as_str()) != own)
        .collect();
    let needed = required(shape, object, node);
    let lacking = shape
        .properties
        .iter()
        .filter(|property| !present.contains(&property.name));
    let mut keys: Vec<(bool, &str, &Shape)> = lacking
        .map(|property| {
            let optional = !needed.contains(&property.name);
            (optional, property.name.as_str(), &property.shape)
        })
        .collect();
    keys.sort_by_key(|(optional, ..)| *optional);
    keys.into_iter()
        .map(|(optional, key, shape)| key_candidate(snapshot, object, key, shape, optional))
        .collect()
}

fn key_candidate(
    snapshot: &Snapshot,
    object: &[Step],
    key: &str,
    shape: &Shape,
    optional: bool,
) -> Candidate {
    let steps: Vec<Step> = object
        .iter()
        .cloned()
        .chain([Step::Key(key.to_owned())])
        .collect();
    let kinds: Vec<&str> = shape.kinds.iter().map(|kind| kind.words()).collect();
    let kinds = if shape.values.is_empty() {
        kinds.join(" or ")
    } else {
        "a word".into()
    };
    let detail = if optional {
        kinds
    } else {
        format!("{kinds}, required")
    };
    Candidate {
        label: key.to_owned(),
        detail: Some(detail),
        kind: lsp_types::CompletionItemKind::PROPERTY,
        write: Write::Key(key.to_owned(), skeleton::of_value(snapshot, &steps)),
        about: Some(About::Key(tokens(object), key.to_owned())),
    }
}

/// The document that an item is for.
pub fn document_of(item: &CompletionItem) -> Option<Url> {
    data_of(item).map(|Data(uri, _)| uri)
}

fn data_of(item: &CompletionItem) -> Option<Data> {
    serde_json::from_value(item.data.clone()?).ok()
}

/// The item with its documentation.
pub fn resolve(snapshot: &Snapshot, mut item: CompletionItem) -> CompletionItem {
    if let Some(text) = data_of(&item).and_then(|Data(_, it)| about(snapshot, &it)) {
        item.documentation = Some(documentation(text, snapshot.traits.markdown_docs));
    }
    item
}

fn about(snapshot: &Snapshot, about: &About) -> Option<String> {
    let of_symbol = |symbol: Symbol| {
        let definition = snapshot.model().definition(&symbol)?;
        card(snapshot, &symbol, &definition)
    };
    match about {
        About::Key(object, key) => {
            let object = steps(object);
            let shape = shape_at(&snapshot.parsed, &object)?;
            let needed = required(shape, &object, node_at(&snapshot.parsed, &object));
            Some(key_documentation(
                key,
                shape.key(key)?,
                needed.contains(key),
            ))
        }
        About::Word(value, word) => {
            let value = steps(value);
            let shape = shape_at(&snapshot.parsed, &value)?;
            let named = shape.values.iter().find(|named| named.name == *word)?;
            Some(of_word(&value, word, &named.description))
        }
        About::Id(id) => of_symbol(Symbol::Id(id.clone())),
        About::Subcase(id) => of_symbol(Symbol::Subcase(id.clone())),
        About::Expression(name) => of_symbol(Symbol::Expression(name.clone())),
        About::Output(extractor, name) => of_symbol(Symbol::Output {
            extractor: extractor.clone(),
            name: name.clone(),
        }),
    }
}

/// The list that an entry at these steps would be in.
fn list_of(steps: &[Step]) -> Option<EntryKind> {
    super::place::entry_kind(steps)
}
