//! May Claude use this tool? Decided from mode, settings, and what the user has said in this session; what is not
//! decided here is asked.
//!
//! Claude is started so that it asks us for everything (see [`crate::claude::args`]): its own idea of what is harmless
//! (`ls`, files of its working folder) counts for nothing here.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::{config::PowerPermissions, types::Mode};

/// What is to be done about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Claude may.
    Allow,
    /// Claude may not, and is told why.
    Deny(String),
    /// The user decides.
    Ask,
}

/// A rule as Claude's own settings write them: `Read`, `Bash(python:*)`, `Read(studies/**)`, `mcp__server`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    tool: String,
    content: Option<String>,
}

/// What decides, for one question.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// The session's.
    pub mode: Mode,
    /// What power mode asks for.
    pub power: PowerPermissions,
    /// `claude.userTools`, for user mode.
    pub user_tools: &'a [Rule],
    /// What the user allowed for this session.
    pub session: &'a [Rule],
    /// The Atomizer root, canonical; also Claude's working folder.
    pub root: &'a Path,
}

/// Where a tool would work.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// It names no file.
    None,
    /// Below the root.
    Inside(PathBuf),
    /// In `.atomizer/`: conversations and their secrets.
    Private,
    /// Below the root, where a file decides what programs run.
    Sensitive,
    /// Anywhere else.
    Outside,
}

/// Folders and files below the root that decide what programs run: an edit there is more than an edit.
const SENSITIVE: &[&str] = &[".claude", ".git", ".mcp.json", ".vscode", ".envrc"];

impl Rule {
    /// Reads a rule; any text is one.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((tool, "*" | "**" | "")) => Self {
                tool: tool.trim().into(),
                content: None,
            },
            Some((tool, content)) => Self {
                tool: tool.trim().into(),
                content: Some(content.trim().into()),
            },
            None => Self {
                tool: text.into(),
                content: None,
            },
        }
    }

    fn fits(&self, tool: &str, input: &Value, root: &Path) -> bool {
        // `mcp__server` stands for all tools of that server.
        let named = self.tool == tool
            || (self.tool.starts_with("mcp__")
                && tool
                    .strip_prefix(&self.tool)
                    .is_some_and(|rest| rest.starts_with("__")));
        named
            && self.content.as_deref().is_none_or(|content| match tool {
                "Bash" => command_fits(content, text(input, "command")),
                "WebFetch" => domain_fits(content, text(input, "url")),
                _ => path_fits(content, input, root),
            })
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.content {
            Some(content) => write!(f, "{}({content})", self.tool),
            None => f.write_str(&self.tool),
        }
    }
}

impl Policy<'_> {
    /// Decides one question.
    pub fn judge(&self, tool: &str, input: &Value) -> Verdict {
        if self.mode == Mode::Power && self.power == PowerPermissions::Skip {
            return Verdict::Allow;
        }
        let place = place(tool, input, self.root);
        if place == Place::Private {
            return Verdict::Deny(
                "`.atomizer/` holds the conversations of this root and is not for Claude".into(),
            );
        }
        let rules = |rules: &[Rule]| rules.iter().any(|rule| rule.fits(tool, input, self.root));
        let unasked = match place {
            Place::Outside => false,
            Place::Sensitive => reads_only(tool) && self.own_tools(tool, &rules),
            _ => rules(self.session) || self.own_tools(tool, &rules),
        };
        if unasked {
            Verdict::Allow
        } else {
            Verdict::Ask
        }
    }

    fn own_tools(&self, tool: &str, rules: &dyn Fn(&[Rule]) -> bool) -> bool {
        match self.mode {
            Mode::User => rules(self.user_tools),
            Mode::Power => matches!(tool, "Read" | "Edit" | "MultiEdit" | "Write"),
        }
    }
}

/// The rules that "for this session" stands for: the same tool inside the root; for shell commands what Claude
/// suggests, else the same command.
pub fn session_rules(tool: &str, input: &Value, suggested: &[String]) -> Vec<Rule> {
    if tool != "Bash" {
        return vec![Rule {
            tool: tool.into(),
            content: None,
        }];
    }
    let suggested: Vec<Rule> = suggested
        .iter()
        .map(|rule| Rule::parse(rule))
        // A suggestion without a command would be every command.
        .filter(|rule| rule.tool == "Bash" && rule.content.is_some())
        .collect();
    if suggested.is_empty() {
        vec![Rule {
            tool: tool.into(),
            content: Some(text(input, "command").into()),
        }]
    } else {
        suggested
    }
}

/// The file that a tool would change, made absolute.
pub fn written_file(tool: &str, input: &Value, root: &Path) -> Option<PathBuf> {
    if !matches!(tool, "Edit" | "MultiEdit" | "Write" | "NotebookEdit") {
        return None;
    }
    named_path(tool, input).map(|path| root.join(path))
}

fn reads_only(tool: &str) -> bool {
    matches!(tool, "Read" | "Glob" | "Grep" | "LS" | "NotebookRead")
}

fn named_path<'a>(tool: &str, input: &'a Value) -> Option<&'a str> {
    let key = match tool {
        "Read" | "Edit" | "MultiEdit" | "Write" => "file_path",
        "NotebookEdit" | "NotebookRead" => "notebook_path",
        "Glob" | "Grep" | "LS" => "path",
        _ => return None,
    };
    input.get(key)?.as_str()
}

fn place(tool: &str, input: &Value, root: &Path) -> Place {
    match (named_path(tool, input), tool) {
        (Some(path), _) => place_of(&root.join(path), root),
        // Their pattern may lead anywhere.
        (None, "Glob") => place_of(&root.join(text(input, "pattern")), root),
        (None, "Grep" | "LS") => Place::Inside(root.to_owned()),
        (None, "Read" | "Edit" | "MultiEdit" | "Write" | "NotebookEdit" | "NotebookRead") => {
            Place::Outside
        }
        (None, _) => Place::None,
    }
}

/// Where a path really leads, symbolic links followed as far as it exists.
fn place_of(path: &Path, root: &Path) -> Place {
    let Some(real) = resolve(path) else {
        return Place::Outside;
    };
    let studies = root.join("studies");
    // `studies` itself may be a link to another disk.
    let inside = real
        .strip_prefix(root)
        .ok()
        .map(Path::to_owned)
        .or_else(|| {
            let below = real.strip_prefix(studies.canonicalize().ok()?).ok()?;
            Some(Path::new("studies").join(below))
        });
    let Some(inside) = inside else {
        return Place::Outside;
    };
    let mut names = inside.components().map(|component| component.as_os_str());
    match names.next() {
        Some(first) if first == ".atomizer" => Place::Private,
        Some(first) if SENSITIVE.iter().any(|name| first == *name) => Place::Sensitive,
        _ if names.any(|name| name == ".git" || name == ".claude") => Place::Sensitive,
        _ => Place::Inside(real),
    }
}

/// Absolute, with links resolved as far as it exists; `None` where `..` follows what does not exist.
fn resolve(path: &Path) -> Option<PathBuf> {
    let mut missing = Vec::new();
    let mut existing = path;
    loop {
        if let Ok(found) = existing.canonicalize() {
            return Some(
                missing
                    .iter()
                    .rev()
                    .fold(found, |path, name| path.join(name)),
            );
        }
        // A link that leads nowhere would be followed by a write.
        if existing.is_symlink() {
            return None;
        }
        match existing.components().next_back()? {
            Component::Normal(name) => missing.push(name.to_owned()),
            _ => return None,
        }
        existing = existing.parent()?;
    }
}

/// `python:*` is any command that begins with the word `python`; without `:*` it is this very command. What joins,
/// redirects or substitutes commands could hide another one, and fits no pattern.
fn command_fits(pattern: &str, command: &str) -> bool {
    let command = command.trim();
    match pattern
        .strip_suffix(":*")
        .or_else(|| pattern.strip_suffix(" *"))
    {
        None => pattern == command,
        Some(prefix) => {
            !command.contains([
                '\n', '\r', ';', '&', '|', '`', '$', '<', '>', '(', ')', '{', '}',
            ]) && command
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        }
    }
}

fn domain_fits(pattern: &str, url: &str) -> bool {
    let host = url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(String::from));
    pattern
        .strip_prefix("domain:")
        .is_some_and(|domain| host.as_deref() == Some(domain))
}

/// `folder/**` or a file, relative to the root unless absolute.
fn path_fits(pattern: &str, input: &Value, root: &Path) -> bool {
    let Some(path) = ["file_path", "notebook_path", "path"]
        .iter()
        .find_map(|key| input.get(key)?.as_str())
    else {
        return false;
    };
    let Some(path) = resolve(&root.join(path)) else {
        return false;
    };
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    match pattern.strip_suffix("/**") {
        Some(folder) => path.starts_with(root.join(folder)),
        None => path == root.join(pattern),
    }
}

fn text<'a>(input: &'a Value, key: &str) -> &'a str {
    input.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
