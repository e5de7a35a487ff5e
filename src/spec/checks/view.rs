//! The spec as a whole, as the checks across entries see it.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::HashSet,
};

use rustc_hash::FxHashMap;

use super::{Context, ids};
use crate::spec::{
    format::Refers,
    model::{Entry, EntryKind, Model},
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
    new_expression: OnceCell<String>,
    /// The next free ids that were asked for.
    free: RefCell<FxHashMap<EntryKind, Option<String>>>,
}

const COMPARISONS: usize = 100_000;

impl<'a> SpecView<'a> {
    pub fn new(parsed: &'a Parsed, model: &'a Model, context: &'a Context) -> Self {
        let root = parsed.root();
        let status = root.and_then(|root| root.get("meta")?.get("status")?.as_str());
        let draft = matches!(status.as_deref(), Some("draft" | "introspected"));
        Self {
            parsed,
            root,
            model,
            context,
            draft,
            comparisons: Cell::new(COMPARISONS),
            driven: OnceCell::new(),
            new_expression: OnceCell::new(),
            free: RefCell::default(),
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

    /// An expression name that neither a variable nor the introspection has.
    pub fn new_expression(&self) -> &str {
        self.new_expression.get_or_init(|| {
            let listed = self.model.list(EntryKind::Expression).iter();
            let listed: HashSet<&str> = listed.filter_map(Entry::name).collect();
            (1..)
                .map(|number: u64| format!("expression_{number}"))
                .find(|name| {
                    !self.driven().contains(name.as_str()) && !listed.contains(name.as_str())
                })
                .unwrap_or_default()
        })
    }

    /// The id for a new entry of a kind: [`ids::next_free`], looked for once.
    pub fn next_free(&self, kind: EntryKind) -> Option<String> {
        let mut free = self.free.borrow_mut();
        free.entry(kind)
            .or_insert_with(|| ids::next_free(self.model, kind, None))
            .clone()
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
