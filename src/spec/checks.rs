//! Placeholder of the interface until the real one lands.
#![allow(missing_docs, clippy::default_constructed_unit_structs)]
use super::syntax::Parsed;
use std::collections::BTreeMap;
use std::ops::Range;
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(&'static str);
impl Code {
    pub fn name(self) -> &'static str {
        self.0
    }
    pub fn from_name(_: &str) -> Option<Code> {
        None
    }
    pub fn all() -> impl Iterator<Item = Code> {
        [].into_iter()
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Information,
    Hint,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    Unnecessary,
}
#[derive(Debug, Clone)]
pub struct Related {
    pub range: Range<usize>,
    pub message: String,
}
#[derive(Debug, Clone)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    pub range: Range<usize>,
    pub related: Vec<Related>,
    pub tags: Vec<Tag>,
    pub pointer: String,
}
#[derive(Default)]
pub struct Files;
impl Files {
    pub fn insert(&mut self, _: String, _: bool, _: Option<String>) {}
}
#[derive(Default)]
pub struct Context {
    pub severities: BTreeMap<Code, Option<Severity>>,
    pub files: Files,
    pub study_folder_name: Option<String>,
}
#[derive(Default)]
pub struct Checker;
impl Checker {
    pub fn check(&mut self, _: &Parsed, _: &Context) -> Vec<Finding> {
        vec![]
    }
}
pub struct Need {
    pub path: String,
    pub md5: bool,
}
pub fn needed_files(_: &Parsed) -> Vec<Need> {
    vec![]
}
pub struct Gate {
    pub name: &'static str,
    pub passed: bool,
    pub reasons: Vec<String>,
}
pub fn gates(_: &Parsed, _: &[Finding]) -> Vec<Gate> {
    vec![]
}
