//! Files that the spec names. They are looked at by others; here is asked what they found.

use std::collections::HashMap;

use super::{edits, view::SpecView, walk::Out};
use crate::spec::{
    format::Refers,
    model::{EntryKind, Model},
    syntax::{Node, Parsed},
};

/// A file to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileNeed {
    /// Its path as the spec has it: relative to the folder of the spec, or of the study where that does not exist, or absolute;
    /// `/` and `\` both separate.
    pub path: String,
    /// Its MD5 is asked for.
    pub md5: bool,
}

/// What was found of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileFact {
    /// It is there.
    pub exists: bool,
    /// Its MD5 in hexadecimal digits, where it was asked for and could be read.
    pub md5: Option<String>,
}

/// What was found of the files that a spec names. Nothing is claimed of a file that is not in here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts(HashMap<String, FileFact>);

impl Facts {
    /// What was found of a file: its path as the spec has it, whether it is there, and its MD5 where that was asked for.
    pub fn insert(&mut self, path: String, exists: bool, md5: Option<String>) {
        self.0.insert(path, FileFact { exists, md5 });
    }

    /// What was found of the file of this path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&FileFact> {
        self.0.get(path)
    }
}

/// The paths of `model`, in the order of the format.
const PATHS: [(&str, [&str; 3]); 4] = [
    ("/model/nx_part/path", ["model", "nx_part", "path"]),
    (
        "/model/nx_part/idealized_part",
        ["model", "nx_part", "idealized_part"],
    ),
    ("/model/fem/path", ["model", "fem", "path"]),
    ("/model/sim/path", ["model", "sim", "path"]),
];

/// The files that the checks need to know about. An empty path names none.
#[must_use]
pub fn needed_files(parsed: &Parsed) -> Vec<FileNeed> {
    let value = |keys: &[&str]| {
        keys.iter()
            .try_fold(parsed.root()?, |node, key| node.get(key))
    };
    let mut needed: Vec<FileNeed> = Vec::new();
    let mut need = |path: String, md5: bool| match needed.iter_mut().find(|need| need.path == path)
    {
        _ if path.is_empty() => {}
        Some(need) => need.md5 |= md5,
        None => needed.push(FileNeed { path, md5 }),
    };
    for (pointer, keys) in PATHS {
        if let Some(path) = value(&keys).and_then(|node| node.as_str()) {
            let md5 = pointer == PATHS[0].0 && value(&["model", "nx_part", "hash"]).is_some();
            need(path.into_owned(), md5);
        }
    }
    let extractors = value(&["extractors"]);
    for extractor in extractors.iter().flat_map(Node::elements) {
        if let Some(path) = extractor
            .get("config")
            .and_then(|config| config.get("csv_path")?.as_str())
        {
            need(path.into_owned(), false);
        }
    }
    needed
}

pub(super) fn missing_model_file(spec: &SpecView<'_>, out: &mut Out) {
    let is_missing = |path: &str| {
        !path.is_empty()
            && spec
                .context
                .files
                .get(path)
                .is_some_and(|fact| !fact.exists)
    };
    for (pointer, keys) in PATHS {
        let Some(node) = spec.get(&keys) else {
            continue;
        };
        let path = node.as_str().filter(|_| node.is_intact());
        if let Some(path) = path.filter(|path| is_missing(path)) {
            out.report(node.range(), pointer.into(), not_there(&path));
        }
    }
    let model: &Model = spec.model;
    for extractor in model.list(EntryKind::Extractor) {
        if let Some(path) = extractor
            .facts
            .reference(Refers::File)
            .filter(|path| is_missing(&path.text))
        {
            let pointer = spec.pointer(extractor, "/config/csv_path");
            out.report(extractor.place(&path.at), pointer, not_there(&path.text));
        }
    }
}

fn not_there(path: &str) -> String {
    if path.contains(char::is_control) {
        let shown = path.escape_debug();
        return format!(
            "there is no file `{shown}`: in JSON a backslash begins an escape; write `\\\\` or `/` between folders"
        );
    }
    let drive = path.as_bytes().get(1) == Some(&b':');
    if drive || path.starts_with(['/', '\\']) {
        return format!("there is no file `{path}`");
    }
    format!("there is no file `{path}` in the folder of the spec, nor in that of the study")
}

pub(super) fn hash_mismatch(spec: &SpecView<'_>, out: &mut Out) {
    let (Some(path), Some(node)) = (
        spec.get(&PATHS[0].1),
        spec.get(&["model", "nx_part", "hash"]),
    ) else {
        return;
    };
    let (Some(path), Some(hash)) = (path.as_str(), node.as_str().filter(|_| node.is_intact()))
    else {
        return;
    };
    let Some(actual) = spec
        .context
        .files
        .get(&path)
        .and_then(|fact| fact.md5.as_ref())
    else {
        return;
    };
    let well_formed = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !well_formed || hash.eq_ignore_ascii_case(actual) {
        return;
    }
    let message = format!(
        "`{path}` has the MD5 {actual}, not {hash}: the part has changed since the study was set up"
    );
    out.report(node.range(), "/model/nx_part/hash".into(), message)
        .change_to(edits::string(actual), false);
}
