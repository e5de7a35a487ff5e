//! Checking again after an edit.
//!
//! What is found in an entry by itself is kept with places relative to it, and looked for again only when its text has changed.
//! What the entries say together is looked for again when what changed means something to other entries, from the facts that
//! the model keeps; else it is moved to where its places are now.

use std::sync::Arc;

use super::{
    Code, Context, Finding, TABLE,
    shape::is_known_somewhere,
    table::Run,
    view::SpecView,
    walk::{self, Out, Raw},
};
use crate::spec::{
    model::{Entry, EntryKind, Fresh, Model, Origin, Steady, Update},
    syntax::Parsed,
};

/// Findings in one entry by itself, as if it began at 0; none if there are none.
type Own = Option<Arc<Vec<Raw>>>;

/// Checks the versions of one document, each for the price of what changed since the one before.
#[derive(Default)]
pub struct Checker {
    model: Model,
    own: Vec<Own>,
    across: Option<Across>,
}

/// What the entries say together, and for what context.
struct Across {
    found: Vec<Raw>,
    context: Context,
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

    /// Looks at what is new in the entries of a spec: the larger part of [`Self::check`], for which nothing need be
    /// known but the text.
    pub fn read(&mut self, parsed: &Parsed) {
        let flattened = (self.model.entries().is_empty()).then(|| parsed.flattened());
        let parsed = flattened.as_ref().unwrap_or(parsed);
        let Update {
            model,
            origins,
            steady,
        } = std::mem::take(&mut self.model).update_looking(parsed, check_entry);
        let own = origins.into_iter().map(|origin| match origin {
            Origin::Kept(old) => self.own[old].take(),
            Origin::Read(own) => own,
        });
        (self.model, self.own) = (model, own.collect());
        let across = self.across.take();
        self.across = across.and_then(|across| across.follow(&steady?));
    }

    /// All findings, in the order of their places: the same as [`check`](super::check) gives.
    pub fn check(&mut self, parsed: &Parsed, context: &Context) -> Vec<Finding> {
        self.read(parsed);
        let spec = SpecView::new(parsed, &self.model, context);
        let across = self.across.take();
        let across = across
            .filter(|across| across.context == *context)
            .unwrap_or_else(|| Across::of(&spec));
        let findings = assemble(&spec, &self.own, &across.found);
        self.across = Some(across);
        findings
    }
}

impl Across {
    /// Looks at the spec as a whole.
    fn of(spec: &SpecView<'_>) -> Self {
        let mut out = Out::new();
        for check in TABLE {
            if let Run::Spec(run) = check.run
                && spec.context.severities.get(&check.code) != Some(&None)
            {
                out.begin(check.code);
                run(spec, &mut out);
            }
        }
        Self {
            found: out.found,
            context: spec.context.clone(),
        }
    }

    /// The same after an edit that changed nothing for others; none where that cannot be said.
    fn follow(mut self, steady: &Steady) -> Option<Self> {
        let tells_names = |raw: &Raw| {
            use Code::{
                AlgorithmVariableMismatch, ContradictoryConstraints, DuplicateId, DuplicateName,
                UnknownExtractor,
            };
            let telling = [
                AlgorithmVariableMismatch,
                ContradictoryConstraints,
                DuplicateId,
                DuplicateName,
                UnknownExtractor,
            ];
            telling.contains(&raw.finding.code)
        };
        if steady.renamed && self.found.iter().any(tells_names) {
            return None;
        }
        let places = self.found.iter_mut().flat_map(Raw::places);
        for place in places {
            *place = steady.follow(place.start)?..steady.follow(place.end)?;
        }
        Some(self)
    }
}

/// All findings of a spec: of its text, of its entries by themselves and together, of the objects that hold them.
fn assemble(spec: &SpecView<'_>, own: &[Own], across: &[Raw]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (entry, own) in spec.model.entries().iter().zip(own) {
        for raw in own.iter().flat_map(|own| own.iter()) {
            findings.extend(finish(spec, Some(entry), raw.clone()));
        }
    }
    let mut out = Out::new();
    for check in TABLE {
        if let Run::Text(run) = check.run {
            out.begin(check.code);
            run(spec.parsed, &mut out);
        }
    }
    walk::check_frame(spec, &mut out);
    let others = across.iter().cloned().chain(out.found);
    findings.extend(others.filter_map(|raw| finish(spec, None, raw)));
    let mut out = Out::new();
    for check in TABLE {
        if let Run::Last(run) = check.run {
            out.begin(check.code);
            run(spec, &findings, &mut out);
        }
    }
    findings.extend(
        out.found
            .into_iter()
            .filter_map(|raw| finish(spec, None, raw)),
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

/// Looks at one entry by itself.
fn check_entry(entry: Fresh<'_>) -> Own {
    let (shape, start) = (entry.shape?, entry.node.range().start);
    let mut out = Out::new();
    walk::check_entry(entry, shape, &mut out);
    if out.found.is_empty() {
        return None;
    }
    out.found.iter_mut().for_each(|raw| raw.shift(start, 0));
    Some(Arc::new(out.found))
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
