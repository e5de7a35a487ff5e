//! The spec as a whole, as the checks across entries see it.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::HashSet,
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Context, ids, is_draft};
use crate::spec::{
    format::Refers,
    model::{Entry, EntryKind, Model, Word},
    syntax::{Node, Parsed},
};

/// The whole spec.
pub(super) struct SpecView<'a> {
    pub parsed: &'a Parsed,
    pub root: Option<Node<'a>>,
    pub model: &'a Model,
    pub context: &'a Context,
    /// `meta.status` is `draft` or `introspected`.
    pub draft: bool,
    /// Words that did-you-mean may still compare: a spec full of mistakes must not cost minutes.
    comparisons: Cell<usize>,
    driven: OnceCell<HashSet<&'a str>>,
    listed: OnceCell<HashSet<&'a str>>,
    /// The number of the last new expression that was given away.
    new_expressions: Cell<u64>,
    wanted: OnceCell<FxHashSet<&'a Word>>,
    only_wanted: RefCell<FxHashMap<EntryKind, Option<&'a str>>>,
    /// The next free ids that were asked for.
    free: RefCell<FxHashMap<EntryKind, Option<String>>>,
    /// The next id of a kind to be given away, where one was.
    given: RefCell<FxHashMap<EntryKind, String>>,
    /// How many of the listed expressions were given away, or passed over.
    given_expressions: Cell<usize>,
}

const COMPARISONS: usize = 100_000;

impl<'a> SpecView<'a> {
    pub fn new(parsed: &'a Parsed, model: &'a Model, context: &'a Context) -> Self {
        let root = parsed.root();
        let draft = root.is_some_and(is_draft);
        Self {
            parsed,
            root,
            model,
            context,
            draft,
            comparisons: Cell::new(COMPARISONS),
            driven: OnceCell::new(),
            listed: OnceCell::new(),
            new_expressions: Cell::new(0),
            wanted: OnceCell::new(),
            only_wanted: RefCell::default(),
            free: RefCell::default(),
            given: RefCell::default(),
            given_expressions: Cell::new(0),
        }
    }

    /// The value below these keys.
    pub fn get(&self, keys: &[&str]) -> Option<Node<'a>> {
        keys.iter().try_fold(self.root?, |node, key| node.get(key))
    }

    pub fn pointer(&self, entry: &Entry, rest: &str) -> String {
        self.model.pointer(entry) + rest
    }

    /// The NX expressions that variables drive.
    pub fn driven(&self) -> &HashSet<&'a str> {
        self.driven.get_or_init(|| {
            let variables = self.model.list(EntryKind::Variable).iter();
            variables
                .filter_map(|entry| Some(&*entry.facts.reference(Refers::Expression)?.text))
                .collect()
        })
    }

    /// An expression name that neither a variable nor the introspection has, each time another.
    pub fn give_new_expression(&self) -> String {
        let listed = self.listed.get_or_init(|| {
            let listed = self.model.list(EntryKind::Expression).iter();
            listed.filter_map(Entry::name).collect()
        });
        loop {
            self.new_expressions.set(self.new_expressions.get() + 1);
            let name = format!("expression_{}", self.new_expressions.get());
            if !self.driven().contains(name.as_str()) && !listed.contains(name.as_str()) {
                return name;
            }
        }
    }

    /// The id for a new entry of a kind: [`ids::next_free`], or one behind it where somebody means another entry by that.
    pub fn next_free(&self, kind: EntryKind) -> Option<String> {
        let mut free = self.free.borrow_mut();
        free.entry(kind)
            .or_insert_with(|| {
                let first = ids::next_free(self.model, kind, None)?;
                counted(&first).find(|id| self.is_unused(id))
            })
            .clone()
    }

    /// An id for an entry that lacks one, each time another: all may be inserted at once. The only one that lacks it gets
    /// the only one that somebody refers to.
    pub fn give_id(&self, kind: EntryKind) -> Option<String> {
        let mut wanted = self.only_wanted.borrow_mut();
        let wanted = *wanted
            .entry(kind)
            .or_insert_with(|| self.find_only_wanted(kind));
        if let Some(wanted) = wanted {
            return Some(wanted.to_owned());
        }
        let next = self.given.borrow().get(&kind).cloned();
        let next = next.or_else(|| self.next_free(kind))?;
        let mut ids = counted(&next).filter(|id| self.is_unused(id));
        let id = ids.next()?;
        if let Some(next) = ids.next() {
            self.given.borrow_mut().insert(kind, next);
        }
        Some(id)
    }

    /// Nothing has this id, and nobody refers to it.
    fn is_unused(&self, id: &str) -> bool {
        let id = Word::new(id);
        self.model.node(&id).is_none() && !self.wanted().contains(&id)
    }

    /// Ids that somebody refers to and nothing has.
    fn wanted(&self) -> &FxHashSet<&'a Word> {
        self.wanted.get_or_init(|| {
            let entries = self.model.entries().iter();
            let refs = entries.flat_map(|entry| entry.facts.refs());
            refs.filter(|(refers, word)| {
                matches!(refers, Refers::Extractor | Refers::Stage | Refers::Node)
                    && self.model.node(word).is_none()
            })
            .map(|(_, word)| word)
            .collect()
        })
    }

    /// The id that the only entry of this kind without one is referred to by.
    fn find_only_wanted(&self, kind: EntryKind) -> Option<&'a str> {
        let prefix = kind.id_prefix()?;
        let list = self.model.list(kind).iter();
        let lacking = list.filter(|entry| entry.facts.id.is_none());
        if !self.model.ids_known(kind) || lacking.count() != 1 {
            return None;
        }
        let is_number =
            |digits: &str| digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let wanted = self.wanted().iter().map(|word| &*word.text);
        let mut wanted = wanted.filter(|id| id.strip_prefix(prefix).is_some_and(is_number));
        let only = wanted.next()?;
        wanted.next().is_none().then_some(only)
    }

    /// A listed expression that no variable drives, each time another.
    pub fn give_expression(&self) -> Option<&'a str> {
        let listed = self.model.list(EntryKind::Expression);
        let names = listed.iter().enumerate().skip(self.given_expressions.get());
        let mut free = names.filter_map(|(index, entry)| Some((index, entry.name()?)));
        let (index, name) = free.find(|(_, name)| !self.driven().contains(name))?;
        self.given_expressions.set(index + 1);
        Some(name)
    }

    /// Did you mean one of these?
    pub fn nearest<'w>(&self, word: &str, among: impl Iterator<Item = &'w str>) -> Option<&'w str> {
        let left = self.comparisons.get();
        let mut compared = 0;
        let found = super::nearest(word, among.take(left).inspect(|_| compared += 1));
        self.comparisons.set(left - compared);
        found
    }
}

/// This id, and those of higher numbers.
fn counted(first: &str) -> impl Iterator<Item = String> + use<> {
    let digits = first.trim_start_matches(|c: char| !c.is_ascii_digit());
    let (prefix, width) = (first[..first.len() - digits.len()].to_owned(), digits.len());
    let number = digits.parse::<u64>().ok().into_iter();
    number
        .flat_map(|number| number..=u64::MAX)
        .map(move |number| format!("{prefix}{number:0width$}"))
}
