//! The ways over a spec that the checks are led: value by value, entry by entry, or the whole at once.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use rustc_hash::FxHashMap;

pub(super) use super::out::{Out, Raw};
use super::{
    Code, TABLE,
    numbers::Numbers,
    table::{Run, ValueCheck},
    view::SpecView,
};
use crate::spec::{
    format::{ExtractorType, Shape, ValueKind},
    model::{Detail, EntryKind, Facts, Fresh, VariableKind},
    syntax::{Kind, Member, Node, pointer},
};

/// Members of an object beyond which looking over all of them takes longer than a table.
pub(super) const MANY: usize = 32;

/// What the neighbours of a value say about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    pub kind: EntryKind,
    /// The type of the variable that the value is in; none where that is no type.
    pub variable: Option<VariableKind>,
    /// The type of the extractor that the value is in.
    pub extractor: Option<ExtractorType>,
    /// The study is a draft.
    pub draft: bool,
}

/// The way to a value.
#[derive(Clone, Copy)]
pub(super) enum Way<'a, 'v> {
    /// It is where the walk begins.
    Start(&'v str),
    Key(&'v Visit<'a, 'v>, &'v str),
    Index(&'v Visit<'a, 'v>, usize),
    /// Deep in something that the format says nothing about.
    Deep(&'v Visit<'a, 'v>, &'v [Frame<'a>]),
}

/// A value, and what the format says about it.
pub(super) struct Visit<'a, 'v> {
    pub node: Node<'a>,
    pub shape: &'static Shape,
    /// Its key, if that is in reach.
    pub key: Option<Range<usize>>,
    pub scope: Scope,
    /// It is of a kind that the format allows, and whole.
    pub fits: bool,
    /// The members of an object with their names.
    pub members: Vec<(Cow<'a, str>, Member<'a>)>,
    /// Of many members, the last of each name.
    last: Option<FxHashMap<Cow<'a, str>, usize>>,
    /// Of few members: no two have the same name.
    pub distinct: bool,
    /// It is the value of the entry itself, not something in it.
    pub top: bool,
    way: Way<'a, 'v>,
}

impl<'a, 'v> Visit<'a, 'v> {
    pub fn new(
        node: Node<'a>,
        shape: &'static Shape,
        key: Option<Range<usize>>,
        scope: Scope,
        way: Way<'a, 'v>,
    ) -> Self {
        Self::with_members(node, node.named_members(), shape, key, scope, way)
    }

    /// The same, where its members are known.
    fn with_members(
        node: Node<'a>,
        members: Vec<(Cow<'a, str>, Member<'a>)>,
        shape: &'static Shape,
        key: Option<Range<usize>>,
        scope: Scope,
        way: Way<'a, 'v>,
    ) -> Self {
        let last = (members.len() > MANY).then(|| {
            let names = members.iter().map(|(name, _)| name.clone());
            names.zip(0..).collect()
        });
        let distinct = last.is_none()
            && members
                .iter()
                .enumerate()
                .all(|(index, (name, _))| members[..index].iter().all(|(other, _)| other != name));
        let fits = fits(node, shape);
        let top = matches!(way, Way::Start(_));
        Self {
            node,
            shape,
            key,
            scope,
            fits,
            members,
            last,
            distinct,
            top,
            way,
        }
    }

    /// JSON pointer from where the walk began.
    pub fn pointer(&self) -> String {
        match self.way {
            Way::Start(pointer) => pointer.to_owned(),
            Way::Key(up, key) => up.pointer() + &pointer([key]),
            Way::Index(up, index) => format!("{}/{index}", up.pointer()),
            Way::Deep(up, frames) => {
                up.pointer() + &pointer(frames.iter().map(|frame| frame.step.to_string()))
            }
        }
    }

    pub fn pointer_to(&self, key: &str) -> String {
        self.pointer() + &pointer([key])
    }

    pub fn has(&self, key: &str) -> bool {
        match &self.last {
            Some(last) => last.contains_key(key),
            None => self.members.iter().any(|(name, _)| name == key),
        }
    }

    /// A member of the same name comes after the one at `index`, and counts instead.
    fn is_shadowed(&self, index: usize) -> bool {
        let (name, _) = &self.members[index];
        match &self.last {
            _ if self.distinct => false,
            Some(last) => last.get(name) != Some(&index),
            None => self.members[index + 1..]
                .iter()
                .any(|(other, _)| other == name),
        }
    }

    /// A bracket is lost in it or just around it, so that what it is, and what is in it, is a guess.
    fn is_loose(&self) -> bool {
        let above = match self.way {
            Way::Start(_) => None,
            Way::Key(up, _) | Way::Index(up, _) | Way::Deep(up, _) => Some(up),
        };
        !self.node.is_balanced() || above.is_some_and(|above| !above.node.is_balanced())
    }

    /// Reports at the key of this object, or at its brace where it has none.
    pub fn report<'o>(&self, out: &'o mut Out, message: impl Into<String>) -> &'o mut Raw {
        let brace = self.node.range().start;
        let range = self.key.clone().unwrap_or(brace..brace + 1);
        let raw = out.report(range, self.pointer(), message);
        raw.at_key = self.top && self.key.is_none();
        raw
    }
}

/// Whether a value is of a kind that the format allows.
pub(super) fn fits(node: Node<'_>, shape: &Shape) -> bool {
    shape.kinds.is_empty() || shape.kinds.iter().any(|kind| is_of(node, *kind))
}

/// Nothing can be said of a value: it is of the right kind, and that is all that the format asks of it.
fn is_plain(node: Node<'_>, shape: &Shape) -> bool {
    shape.is_bare
        && matches!(
            node.kind(),
            Kind::String | Kind::Number | Kind::True | Kind::False
        )
        && fits(node, shape)
}

/// Whether a value is of a kind. A whole number may be written with a point.
pub(super) fn is_of(node: Node<'_>, kind: ValueKind) -> bool {
    match (node.kind(), kind) {
        (Kind::Object, ValueKind::Object)
        | (Kind::Array, ValueKind::Array)
        | (Kind::String, ValueKind::String)
        | (Kind::Number, ValueKind::Number)
        | (Kind::True | Kind::False, ValueKind::Boolean) => true,
        (Kind::Number, ValueKind::Integer) => {
            node.as_f64().is_some_and(|value| value.fract() == 0.0)
        }
        _ => false,
    }
}

/// A step down in something that the format says nothing about.
pub(super) enum Step<'a> {
    Key(Cow<'a, str>),
    Index(usize),
}

impl std::fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

/// A container on the way down, and what is still to be visited in it.
pub(super) struct Frame<'a> {
    step: Step<'a>,
    rest: Box<dyn Iterator<Item = (Step<'a>, Node<'a>)> + 'a>,
}

impl<'a> Frame<'a> {
    fn new(step: Step<'a>, node: Node<'a>) -> Self {
        let rest: Box<dyn Iterator<Item = (Step<'a>, Node<'a>)>> = match node.kind() {
            Kind::Object => Box::new(
                node.members()
                    .filter_map(|member| Some((Step::Key(member.name()), member.value()?))),
            ),
            _ => Box::new(
                node.elements()
                    .enumerate()
                    .map(|(index, node)| (Step::Index(index), node)),
            ),
        };
        Self { step, rest }
    }
}

/// The checks of values.
static VALUE_CHECKS: LazyLock<Vec<(Code, ValueCheck)>> = LazyLock::new(|| {
    let of_values = TABLE.iter().filter_map(|check| match check.run {
        Run::Value(run) => Some((check.code, run)),
        _ => None,
    });
    of_values.collect()
});

/// Runs the checks of values on one, not on what is in it.
pub(super) fn visit(visit: &Visit<'_, '_>, out: &mut Out) {
    if visit.is_loose() {
        return;
    }
    out.top = visit.top;
    for (code, run) in VALUE_CHECKS.iter() {
        out.begin(*code);
        run(visit, out);
    }
    out.top = false;
}

/// Runs the checks of values on one and on all in it.
pub(super) fn walk(here: &Visit<'_, '_>, out: &mut Out) {
    visit(here, out);
    for (index, node) in here.node.elements().enumerate() {
        match here.shape.items.as_deref() {
            Some(items) if is_plain(node, items) => {}
            Some(items) => walk(
                &Visit::new(node, items, None, here.scope, Way::Index(here, index)),
                out,
            ),
            None => walk_unknown(here, Step::Index(index), node, out),
        }
    }
    let mut next = 0;
    for (index, (name, member)) in here.members.iter().enumerate() {
        let Some(node) = member.value() else { continue };
        match child(here, &mut next, name).filter(|_| !here.is_shadowed(index)) {
            Some(shape) if is_plain(node, shape) => {}
            Some(shape) => {
                let key = Some(member.key().range());
                walk(
                    &Visit::new(node, shape, key, here.scope, Way::Key(here, name)),
                    out,
                );
            }
            None => walk_unknown(here, Step::Key(name.clone()), node, out),
        }
    }
}

/// What the format says about a member, its neighbours considered; see [`Shape::next_key`].
fn child(here: &Visit<'_, '_>, next: &mut usize, name: &str) -> Option<&'static Shape> {
    let shape = here.shape.next_key(next, name);
    match (here.scope.kind, name) {
        (EntryKind::Extractor, "config") if here.top => match here.scope.extractor {
            Some(extractor) => shape.map(|_| Shape::config(extractor)),
            None => shape,
        },
        (EntryKind::Variable, "baseline") if here.top => match here.scope.variable {
            Some(VariableKind::Continuous | VariableKind::Integer) => {
                Some(Shape::numeric_baseline())
            }
            _ => shape,
        },
        _ => shape,
    }
}

/// Visits the objects in something that the format says nothing about. Without recursion: it may be nested without limit.
fn walk_unknown<'a>(above: &Visit<'a, '_>, step: Step<'a>, node: Node<'a>, out: &mut Out) {
    let mut frames = Vec::new();
    let mut next = Some((step, node));
    loop {
        if let Some((step, node)) = next
            .take()
            .filter(|(_, node)| matches!(node.kind(), Kind::Object | Kind::Array))
        {
            frames.push(Frame::new(step, node));
            visit_unknown(above, node, &frames, out);
        }
        let Some(top) = frames.last_mut() else { return };
        next = top.rest.next();
        if next.is_none() {
            frames.pop();
        }
    }
}

fn visit_unknown<'a>(above: &Visit<'a, '_>, node: Node<'a>, frames: &[Frame<'a>], out: &mut Out) {
    if node.kind() == Kind::Object {
        visit(
            &Visit::new(
                node,
                Shape::any(),
                None,
                above.scope,
                Way::Deep(above, frames),
            ),
            out,
        );
    }
}

/// One entry, for checks that look at it alone.
pub(super) struct EntryView<'a> {
    pub node: Node<'a>,
    pub kind: EntryKind,
    pub facts: &'a Facts,
    pub members: Vec<(Cow<'a, str>, Member<'a>)>,
    /// The numbers of a variable.
    pub numbers: Numbers<'a>,
}

impl<'a> EntryView<'a> {
    fn new(
        node: Node<'a>,
        kind: EntryKind,
        facts: &'a Facts,
        members: Vec<(Cow<'a, str>, Member<'a>)>,
    ) -> Self {
        let numbers = if kind == EntryKind::Variable {
            Numbers::of(&members)
        } else {
            Numbers::default()
        };
        Self {
            node,
            kind,
            facts,
            members,
            numbers,
        }
    }

    pub fn member(&self, key: &str) -> Option<Member<'a>> {
        self.members
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, member)| *member)
    }

    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        self.member(key)?.value()
    }

    pub fn variable(&self) -> Option<VariableKind> {
        match self.facts.detail() {
            Detail::Variable { kind, .. } => *kind,
            _ => None,
        }
    }
}

/// Runs the checks of single entries, values included, on one. The places are those of the text, pointers begin at the entry.
pub(super) fn check_entry(entry: Fresh<'_>, shape: &'static Shape, out: &mut Out) {
    let Fresh {
        node,
        kind,
        facts,
        members,
        ..
    } = entry;
    let variable = match facts.detail() {
        Detail::Variable { kind, .. } => *kind,
        _ => None,
    };
    let scope = Scope {
        kind,
        variable,
        extractor: facts.extractor_type(),
        draft: false,
    };
    let visit = Visit::with_members(node, members, shape, None, scope, Way::Start(""));
    walk(&visit, out);
    // No check looks at entries of other kinds alone.
    if !matches!(kind, EntryKind::Variable | EntryKind::Extractor) || node.kind() != Kind::Object {
        return;
    }
    let view = EntryView::new(node, kind, facts, visit.members);
    for check in TABLE {
        if let Run::Entry(run) = check.run {
            out.begin(check.code);
            run(&view, out);
        }
    }
}

/// Visits the objects and lists that hold the entries, without the entries.
pub(super) fn check_frame(spec: &SpecView<'_>, out: &mut Out) {
    let Some(root) = spec.root.filter(|root| root.kind() == Kind::Object) else {
        return;
    };
    let scope = Scope {
        kind: EntryKind::Part,
        variable: None,
        extractor: None,
        draft: spec.draft,
    };
    frame(
        &Visit::new(root, Shape::spec(), None, scope, Way::Start("")),
        out,
    );
}

fn frame(here: &Visit<'_, '_>, out: &mut Out) {
    visit(here, out);
    for (index, (name, member)) in here.members.iter().enumerate() {
        let (Some(node), Some(shape)) = (member.value(), here.shape.key(name)) else {
            continue;
        };
        if !matches!(node.kind(), Kind::Array | Kind::Object) || here.is_shadowed(index) {
            continue;
        }
        let pointer = here.pointer_to(name);
        let inner = Visit::new(
            node,
            shape,
            Some(member.key().range()),
            here.scope,
            Way::Key(here, name),
        );
        match node.kind() {
            Kind::Array if EntryKind::of_list(&pointer).is_some() => visit(&inner, out),
            Kind::Object if EntryKind::holds_lists(&pointer) => frame(&inner, out),
            _ => {}
        }
    }
}
