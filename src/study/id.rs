//! Study ids: one folder name, or `topic/name`, below `studies/`.

use std::{fmt, path::PathBuf, str::FromStr};

use super::error::StudyError;

/// Where drafts lie, below `studies/`.
pub(super) const INBOX: &str = "_inbox";
/// What a draft's id begins with.
pub(super) const DRAFT: &str = "draft_";
/// The folders of a study; no study itself bears such a name.
pub(super) const SETUP: &str = "1_setup";
pub(super) const OWN_FOLDERS: [&str; 3] = [SETUP, "2_iterations", "3_results"];

/// The id of a study: `name`, `topic/name`, or `draft_name` for a draft in `_inbox`. One study has one id:
/// `_inbox/draft_x` is read as `draft_x`, and `x/1_setup` as `x`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StudyId(String);

impl StudyId {
    /// Reads an id that came from outside; what could name anything but a folder below `studies/` is refused.
    pub fn parse(id: &str) -> Result<Self, StudyError> {
        let refuse = |reason| {
            Err(StudyError::InvalidId {
                id: id.chars().take(200).collect(),
                reason,
            })
        };
        let parts: Vec<&str> = id.split('/').collect();
        for part in &parts {
            if let Some(reason) = wrong(part) {
                return refuse(reason);
            }
        }
        match parts[..] {
            [name] if OWN_FOLDERS.contains(&name) => refuse("that is a folder inside a study"),
            [name] => Ok(Self(name.into())),
            [INBOX, name] if name.starts_with(DRAFT) => Ok(Self(name.into())),
            [name, SETUP] => Self::parse(name),
            [_, name] if OWN_FOLDERS.contains(&name) => refuse("that is a folder inside a study"),
            [_, _] => Ok(Self(id.into())),
            [topic, name, SETUP] => Self::parse(&format!("{topic}/{name}")),
            _ => refuse("it has more than a topic and a name"),
        }
    }

    /// As it is written on the wire, with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// It begins with `draft_`.
    pub fn is_draft(&self) -> bool {
        self.0.starts_with(DRAFT)
    }

    /// The folders, relative to `studies/`, in which this study's spec is looked for, in order.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let mut homes = Vec::with_capacity(2);
        if self.is_draft() && !self.0.contains('/') {
            homes.push(PathBuf::from(INBOX).join(&self.0));
        }
        homes.push(self.0.split('/').collect());
        homes
            .into_iter()
            .flat_map(|home: PathBuf| [home.clone(), home.join(SETUP)])
            .collect()
    }
}

/// What is wrong with one folder name of an id. `\` and `:` are refused on every platform, so that an id means the
/// same on each: elsewhere they separate folders, name drives and alternate streams. Windows drops dots and spaces
/// at the end, which would make `..  ` climb.
fn wrong(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        Some("a name is empty (absolute paths are refused)")
    } else if part == "." || part == ".." {
        Some("`.` and `..` are refused")
    } else if part.contains('\\') {
        Some("`\\` is refused, `/` separates topic and name")
    } else if part.contains(':') {
        Some("`:` is refused")
    } else if part.chars().any(char::is_control) {
        Some("control characters are refused")
    } else if part.ends_with(['.', ' ']) || part.starts_with(' ') {
        Some("a name neither begins with a space nor ends with a space or dot")
    } else if part.len() > 255 {
        Some("a name has at most 255 bytes")
    } else {
        None
    }
}

impl fmt::Display for StudyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StudyId {
    type Err = StudyError;
    fn from_str(id: &str) -> Result<Self, StudyError> {
        Self::parse(id)
    }
}
