//! Checking again after an edit.
//!
//! What is found in an entry by itself is kept with places relative to it, and looked for again only when its text has changed.
//! What depends on other entries is looked for every time, from the facts that the model keeps: that is one pass over
//! the entries with a few table look-ups each.

use std::sync::Arc;

use super::{
    Code, Context, Finding, TABLE,
    shape::is_known_somewhere,
    table::Run,
    walk::{self, Out, Raw, SpecView},
};
use crate::spec::{
    model::{Entry, EntryKind, Model},
    syntax::{Node, Parsed},
};

/// Findings in one entry by itself, as if it began at 0.
type Own = Arc<Vec<Raw>>;

/// Checks the versions of one document, each for the price of what changed since the one before.
#[derive(Default)]
pub struct Checker {
    model: Model,
    own: Vec<Own>,
}

impl Checker {
    /// Knows nothing yet: its first check looks at everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The model of the spec that was checked last.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// All findings, in the order of their places: the same as [`check`](super::check) gives.
    pub fn check(&mut self, parsed: &Parsed, context: &Context) -> Vec<Finding> {
        let (model, kept) = self.model.update(parsed);
        let mut nodes = Nodes::new(parsed, &model);
        let nothing = Own::default();
        let own = model
            .entries()
            .iter()
            .zip(&kept)
            .map(|(entry, kept)| match kept {
                Some(old) => self.own[*old].clone(),
                None => nodes.of(entry).map_or_else(
                    || nothing.clone(),
                    |node| check_entry(node, entry, &model, &nothing),
                ),
            });
        self.own = own.collect();
        drop(nodes);
        self.model = model;
        self.assemble(parsed, context)
    }

    fn assemble(&self, parsed: &Parsed, context: &Context) -> Vec<Finding> {
        let spec = SpecView::new(parsed, &self.model, context);
        let mut findings = Vec::new();
        for (entry, own) in self.model.entries().iter().zip(&self.own) {
            for raw in own.iter() {
                findings.extend(finish(&spec, Some(entry), raw.clone()));
            }
        }
        let mut out = Out::new();
        for check in TABLE {
            out.begin(check.code);
            match check.run {
                Run::Text(run) => run(parsed, &mut out),
                Run::Spec(run) if !is_off(context, check.code) => run(&spec, &mut out),
                _ => {}
            }
        }
        walk::check_frame(&spec, &mut out);
        findings.extend(
            out.found
                .into_iter()
                .filter_map(|raw| finish(&spec, None, raw)),
        );
        let mut out = Out::new();
        for check in TABLE {
            if let Run::Last(run) = check.run {
                out.begin(check.code);
                run(&spec, &findings, &mut out);
            }
        }
        findings.extend(
            out.found
                .into_iter()
                .filter_map(|raw| finish(&spec, None, raw)),
        );
        findings.sort_by(|a, b| {
            (a.range.start, a.range.end, a.code, &a.message).cmp(&(
                b.range.start,
                b.range.end,
                b.code,
                &b.message,
            ))
        });
        findings
    }
}

fn is_off(context: &Context, code: Code) -> bool {
    context.severities.get(&code) == Some(&None)
}

/// Looks at one entry by itself.
fn check_entry(node: Node<'_>, entry: &Entry, model: &Model, nothing: &Own) -> Own {
    let mut out = Out::new();
    let home = model.home_of(entry);
    let shape = if entry.kind == EntryKind::Part {
        Some(home.shape)
    } else {
        home.shape.items.as_deref()
    };
    if let Some(shape) = shape {
        walk::check_entry(node, entry.kind, shape, &entry.facts, &mut out);
    }
    if out.found.is_empty() {
        return nothing.clone();
    }
    out.found
        .iter_mut()
        .for_each(|raw| raw.shift(entry.start, 0));
    Arc::new(out.found)
}

/// Makes a finding of what a check reported: with its place in the text, its severity by the settings, and its fixes.
fn finish(spec: &SpecView<'_>, entry: Option<&Entry>, mut raw: Raw) -> Option<Finding> {
    let drawn_in = raw.finding.code == Code::UnknownProperty
        && spec.root.is_some_and(|root| !root.is_balanced());
    if drawn_in
        && raw
            .finding
            .pointer
            .rsplit('/')
            .next()
            .is_some_and(is_known_somewhere)
    {
        return None;
    }
    let row = raw.finding.code.row();
    // A severity that the check itself has lowered (for a draft) stays, unless the finding is turned off.
    let lowered = raw.finding.severity != row.severity;
    match spec.context.severities.get(&row.code) {
        Some(None) => return None,
        Some(Some(severity)) if !lowered => raw.finding.severity = *severity,
        _ => {}
    }
    let mut prefix = String::new();
    if let Some(entry) = entry {
        if raw.top && spec.model.home_of(entry).loose {
            return None;
        }
        prefix = spec.model.pointer(entry);
        raw.shift(0, entry.start);
        raw.finding.pointer.insert_str(0, &prefix);
        let key = spec.model.home_of(entry).key.clone();
        if let Some(key) = key.filter(|_| raw.at_key && entry.kind == EntryKind::Part) {
            raw.finding.range = key;
        }
    }
    if let Some(fix) = raw
        .insert
        .as_ref()
        .and_then(|insert| insert.fix(spec, entry, &prefix))
    {
        raw.finding.fixes.push(fix);
    }
    Some(raw.finding)
}

/// Finds the nodes of entries, which come in the order of the text.
struct Nodes<'a> {
    parsed: &'a Parsed,
    model: &'a Model,
    list: Option<(usize, usize, Box<dyn Iterator<Item = Node<'a>> + 'a>)>,
}

impl<'a> Nodes<'a> {
    fn new(parsed: &'a Parsed, model: &'a Model) -> Self {
        Self {
            parsed,
            model,
            list: None,
        }
    }

    fn of(&mut self, entry: &Entry) -> Option<Node<'a>> {
        let home = self.model.home_of(entry);
        if home.kind == EntryKind::Part {
            let root = self.parsed.root();
            return root
                .filter(|_| home.pointer.is_empty())
                .or_else(|| self.by_place(home.pointer.as_str(), entry.start));
        }
        let home_start = home.range.start;
        let (start, next, elements) = match &mut self.list {
            Some(list) if list.0 == home_start && list.1 <= entry.index => list,
            list => {
                let node = self.parsed.node_at_pointer(&home.pointer)?;
                list.insert((home_start, 0, Box::new(node.elements())))
            }
        };
        debug_assert_eq!(*start, home_start);
        let node = elements.nth(entry.index - *next);
        *next = entry.index + 1;
        node
    }

    /// The value of a member: of several of one name the one that stands there.
    fn by_place(&self, pointer: &str, start: usize) -> Option<Node<'a>> {
        let (parent, _) = pointer.rsplit_once('/')?;
        let parent = self.parsed.node_at_pointer(parent)?;
        parent
            .members()
            .filter_map(|member| member.value())
            .find(|node| node.range().start == start)
    }
}
