//! What the rest of the spec asks about one entry, read from it once and kept as long as its text stays the same.
//!
//! A large spec has tens of thousands of entries, and memory that was never touched before costs more than what is written
//! there: so these are small, and what few kinds of entries have stands elsewhere.

use std::borrow::Cow;

use super::{EntryKind, Number, Span, Word};
use crate::spec::{
    format::{ExtractorType, Refers},
    syntax::{Kind, Member, Node},
};

/// What the rest of the spec asks about one entry.
#[derive(Debug, Default)]
pub struct Facts {
    len: u32,
    /// No syntax error cuts through it, so that what is not there is missing.
    pub intact: bool,
    /// There is a syntax error somewhere in it.
    pub damaged: bool,
    /// `enabled` is `false`.
    pub disabled: bool,
    /// A syntax error may have taken its id (or an expression's name): nobody may say that there is no entry of some id.
    pub id_lost: bool,
    /// Its `id` (a subcase's number as text).
    pub id: Option<Word>,
    /// Its `name`.
    pub name: Option<Word>,
    /// Its `units`.
    pub units: Option<Word>,
    more: Option<Box<More>>,
}

/// What only some entries have.
#[derive(Debug)]
struct More {
    refs: Vec<(Refers, Word)>,
    detail: Detail,
}

/// What entries of one kind have beside.
#[derive(Debug, Default)]
pub enum Detail {
    /// Nothing that others ask about.
    #[default]
    Plain,
    /// A design variable.
    Variable {
        /// `type`; `continuous` when absent, none when it is no type or a syntax error may have taken it.
        kind: Option<VariableKind>,
        /// Where its `type` stands.
        kind_at: Option<Span>,
    },
    /// An extractor.
    Extractor {
        /// `type`, if it is one.
        kind: Option<ExtractorType>,
        /// Its outputs in order.
        outputs: Vec<Output>,
        /// All its outputs are known: the list is there, and no syntax error hides any of it.
        whole: bool,
    },
    /// An objective.
    Objective {
        /// `weight`.
        weight: Option<Number>,
    },
    /// A constraint.
    Constraint {
        /// `type` is `hard`, or absent and not taken by a syntax error.
        hard: bool,
        /// `operator`, if it is one.
        operator: Option<Comparison>,
        /// `threshold`.
        threshold: Option<Number>,
    },
}

impl Detail {
    fn means(&self, other: &Self) -> bool {
        let value = |number: &Option<Number>| number.as_ref().map(|number| number.value);
        match (self, other) {
            (Self::Plain, Self::Plain) => true,
            (Self::Variable { kind, .. }, Self::Variable { kind: other, .. }) => kind == other,
            (
                Self::Extractor {
                    kind,
                    outputs,
                    whole,
                },
                Self::Extractor {
                    kind: other_kind,
                    outputs: other_outputs,
                    whole: other_whole,
                },
            ) => (kind, outputs, whole) == (other_kind, other_outputs, other_whole),
            (Self::Objective { weight }, Self::Objective { weight: other }) => {
                value(weight) == value(other)
            }
            (
                Self::Constraint {
                    hard,
                    operator,
                    threshold,
                },
                Self::Constraint {
                    hard: other_hard,
                    operator: other_operator,
                    threshold: other_threshold,
                },
            ) => {
                (hard, operator, value(threshold))
                    == (other_hard, other_operator, value(other_threshold))
            }
            _ => false,
        }
    }
}

/// The type of a design variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableKind {
    /// Any number.
    Continuous,
    /// Whole numbers.
    Integer,
    /// One of its choices.
    Categorical,
}

impl VariableKind {
    /// The type of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "continuous" => Some(Self::Continuous),
            "integer" => Some(Self::Integer),
            "categorical" => Some(Self::Categorical),
            _ => None,
        }
    }
}

/// How an output is compared to a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `==`
    Equal,
}

impl Comparison {
    /// All, in the format's order.
    pub const ALL: [Self; 5] = [
        Self::AtMost,
        Self::AtLeast,
        Self::Less,
        Self::Greater,
        Self::Equal,
    ];

    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::Greater => ">",
            Self::Equal => "==",
        }
    }

    /// The one that is written so.
    #[must_use]
    pub fn named(sign: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|comparison| comparison.sign() == sign)
    }
}

/// One output of an extractor.
#[derive(Debug, PartialEq, Eq)]
pub struct Output {
    /// `name`.
    pub name: Option<Word>,
    /// `units`.
    pub units: Option<Word>,
}

/// Reads an entry with these members.
pub(super) fn read(
    kind: EntryKind,
    node: Node<'_>,
    members: &[(Cow<'_, str>, Member<'_>)],
) -> Facts {
    let reader = Reader {
        start: node.range().start,
    };
    let mut facts = Facts {
        len: u32::try_from(node.range().len()).unwrap_or(u32::MAX),
        intact: node.is_intact(),
        damaged: !node.is_valid(),
        ..Facts::default()
    };
    let detail = match kind {
        EntryKind::Variable => Detail::Variable {
            kind: Some(VariableKind::Continuous),
            kind_at: None,
        },
        EntryKind::Extractor => Detail::Extractor {
            kind: None,
            outputs: Vec::new(),
            whole: false,
        },
        EntryKind::Objective => Detail::Objective { weight: None },
        EntryKind::Constraint => Detail::Constraint {
            hard: true,
            operator: None,
            threshold: None,
        },
        EntryKind::Part => return facts,
        _ => Detail::Plain,
    };
    let mut more = More {
        refs: Vec::new(),
        detail,
    };
    for (name, member) in members {
        if let Some(value) = member.value() {
            reader.member(kind, &mut facts, &mut more, name, value);
        }
    }
    let mut values = members
        .iter()
        .filter(|(_, member)| member.value().is_some());
    if !facts.intact && !values.any(|(name, _)| name == "type") {
        // Its `type` may be what the syntax error has taken: no default stands for it.
        match &mut more.detail {
            Detail::Variable { kind, .. } => *kind = None,
            Detail::Constraint { hard, .. } => *hard = false,
            _ => {}
        }
    }
    let names_it = if kind == EntryKind::Expression {
        &facts.name
    } else {
        &facts.id
    };
    facts.id_lost = names_it.is_none() && facts.damaged;
    let is_plain = more.refs.is_empty() && matches!(more.detail, Detail::Plain);
    facts.more = (!is_plain).then(|| Box::new(more));
    facts
}

struct Reader {
    start: usize,
}

impl Reader {
    fn span(&self, node: Node<'_>) -> Span {
        let range = node.range();
        Span::new(range.start - self.start..range.end - self.start)
    }

    fn word(&self, node: Node<'_>) -> Option<Word> {
        let text = node.as_str().filter(|_| node.is_intact())?;
        Some(Word::at(&text, self.span(node)))
    }

    fn number(&self, node: Node<'_>) -> Option<Number> {
        let value = node.as_f64().filter(|_| node.is_intact());
        value.map(|value| Number {
            value,
            at: self.span(node),
        })
    }

    /// A whole number as text, so that 3 and 3.0 are the same subcase.
    fn whole(&self, node: Node<'_>) -> Option<Word> {
        let value = node
            .as_f64()
            .filter(|value| node.is_intact() && value.fract() == 0.0)?;
        Some(Word::at(&value.to_string(), self.span(node)))
    }

    fn member(
        &self,
        kind: EntryKind,
        facts: &mut Facts,
        more: &mut More,
        key: &str,
        value: Node<'_>,
    ) {
        match key {
            "id" if kind == EntryKind::Subcase => facts.id = self.whole(value),
            "id" => facts.id = self.word(value),
            "name" => facts.name = self.word(value),
            "enabled" => facts.disabled = value.as_bool() == Some(false),
            "units" => facts.units = self.word(value),
            _ => match &mut more.detail {
                Detail::Variable { kind, kind_at } => match key {
                    "type" => {
                        *kind = value.as_str().and_then(|name| VariableKind::named(&name));
                        *kind_at = Some(self.span(value));
                    }
                    "expression_name" => {
                        refer(&mut more.refs, Refers::Expression, self.word(value))
                    }
                    _ => {}
                },
                Detail::Extractor { .. } => self.extractor(more, key, value),
                Detail::Objective { weight } if key == "weight" => *weight = self.number(value),
                Detail::Constraint {
                    hard,
                    operator,
                    threshold,
                } if key != "source" => match key {
                    "type" => *hard = value.as_str().is_some_and(|kind| kind == "hard"),
                    "operator" => {
                        *operator = value.as_str().and_then(|sign| Comparison::named(&sign))
                    }
                    "threshold" => *threshold = self.number(value),
                    _ => {}
                },
                Detail::Objective { .. } | Detail::Constraint { .. } => {
                    if key == "source" && value.kind() == Kind::Object {
                        refer(
                            &mut more.refs,
                            Refers::Extractor,
                            value.get("extractor_id").and_then(|id| self.word(id)),
                        );
                        refer(
                            &mut more.refs,
                            Refers::Output,
                            value.get("output_name").and_then(|name| self.word(name)),
                        );
                    }
                }
                Detail::Plain => match (kind, key) {
                    (EntryKind::Transition, "from" | "to") => more
                        .refs
                        .extend(self.word(value).map(|word| (Refers::Stage, word))),
                    (EntryKind::Edge, "source" | "target") => more
                        .refs
                        .extend(self.word(value).map(|word| (Refers::Node, word))),
                    (EntryKind::Group, "node_ids") if value.kind() == Kind::Array => {
                        more.refs = value
                            .elements()
                            .filter_map(|node| Some((Refers::Node, self.word(node)?)))
                            .collect();
                    }
                    _ => {}
                },
            },
        }
    }

    fn extractor(&self, more: &mut More, key: &str, value: Node<'_>) {
        let Detail::Extractor {
            kind,
            outputs,
            whole,
        } = &mut more.detail
        else {
            return;
        };
        match (key, value.kind()) {
            ("type", _) => *kind = value.as_str().and_then(|name| ExtractorType::named(&name)),
            ("config", Kind::Object) => {
                for member in value.members() {
                    let Some(value) = member.value() else {
                        continue;
                    };
                    match &*member.name() {
                        "subcase" | "reference_subcase" => {
                            more.refs
                                .extend(self.whole(value).map(|word| (Refers::Subcase, word)));
                        }
                        "expression_name" => {
                            refer(&mut more.refs, Refers::Expression, self.word(value))
                        }
                        "csv_path" => refer(&mut more.refs, Refers::File, self.word(value)),
                        _ => {}
                    }
                }
            }
            ("outputs", Kind::Array) => {
                *whole = value.is_intact();
                outputs.clear();
                for node in value.elements().filter(|node| node.kind() == Kind::Object) {
                    let mut output = Output {
                        name: None,
                        units: None,
                    };
                    for member in node.members() {
                        let Some(value) = member.value() else {
                            continue;
                        };
                        match &*member.name() {
                            "name" => output.name = self.word(value),
                            "units" => output.units = self.word(value),
                            "subcase" => more
                                .refs
                                .extend(self.whole(value).map(|word| (Refers::Subcase, word))),
                            _ => {}
                        }
                    }
                    *whole &= output.name.is_some() || node.is_valid();
                    outputs.push(output);
                }
            }
            _ => {}
        }
    }
}

/// Sets the one reference of that sort.
fn refer(refs: &mut Vec<(Refers, Word)>, refers: Refers, word: Option<Word>) {
    refs.retain(|(other, _)| *other != refers);
    refs.extend(word.map(|word| (refers, word)));
}

impl Facts {
    /// Length of its text.
    #[must_use]
    pub fn text_len(&self) -> usize {
        self.len as usize
    }

    /// What it refers to, in the order of the text; of an objective or constraint the extractor and its output.
    #[must_use]
    pub fn refs(&self) -> &[(Refers, Word)] {
        self.more.as_ref().map_or(&[], |more| &more.refs)
    }

    /// What its kind has beside.
    #[must_use]
    pub fn detail(&self) -> &Detail {
        static PLAIN: Detail = Detail::Plain;
        self.more.as_ref().map_or(&PLAIN, |more| &more.detail)
    }

    /// They mean the same to the checks of the whole spec, wherever in the entry they stand. Names aside, but for
    /// expressions; units count only where something is compared in them.
    pub(super) fn means(&self, other: &Self) -> bool {
        let plain = |facts: &Self| (facts.intact, facts.damaged, facts.id_lost, facts.disabled);
        let is_plain = |facts: &Self| matches!(facts.detail(), Detail::Plain);
        let is_goal = |facts: &Self| {
            matches!(
                facts.detail(),
                Detail::Objective { .. } | Detail::Constraint { .. }
            )
        };
        plain(self) == plain(other)
            && (&self.id, self.refs()) == (&other.id, other.refs())
            && (!is_plain(self) || self.name == other.name)
            && (!is_goal(self) || self.units == other.units)
            && self.detail().means(other.detail())
    }

    /// The one reference of that sort.
    #[must_use]
    pub fn reference(&self, refers: Refers) -> Option<&Word> {
        self.refs()
            .iter()
            .find(|(other, _)| *other == refers)
            .map(|(_, word)| word)
    }

    /// All references of that sort.
    pub fn references(&self, refers: Refers) -> impl Iterator<Item = &Word> {
        self.refs()
            .iter()
            .filter(move |(other, _)| *other == refers)
            .map(|(_, word)| word)
    }

    /// The outputs of an extractor.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        match self.detail() {
            Detail::Extractor { outputs, .. } => outputs,
            _ => &[],
        }
    }

    /// The type of an extractor, if it is one.
    #[must_use]
    pub fn extractor_type(&self) -> Option<ExtractorType> {
        match self.detail() {
            Detail::Extractor { kind, .. } => *kind,
            _ => None,
        }
    }
}
