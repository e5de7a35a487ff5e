//! The settings of the contract: read from `initializationOptions` and `workspace/configuration`, checked, with
//! their defaults where something is absent or wrong.
//!
//! Invariant: a wrong setting is told once, by its key and with what would be right, and costs only itself.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::{Map, Value};

use crate::{
    session::{
        SessionConfig,
        config::{Offer, PowerPermissions, ProcessMode},
    },
    spec::checks::{Code, Severity, nearest},
};

/// Everything a user can set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// `root`; `None`: found above the workspace folder or the open spec.
    pub root: Option<PathBuf>,
    /// `claude.*`, `sessions.*`, `storage.*`, `chat.*`, `canvas.*`.
    pub session: SessionConfig,
    /// `check.<code>`; `None` as value: off.
    pub severities: BTreeMap<Code, Option<Severity>>,
}

/// Why a value is not taken; without the key, which the caller knows.
type Refusal = String;

type Setter = fn(&mut Settings, &Value) -> Result<(), Refusal>;

/// One row for each setting: its key and what a value does.
const TABLE: &[(&str, Setter)] = &[
    ("root", |s, v| {
        set(
            &mut s.root,
            string(v).map(|it| (!it.is_empty()).then(|| PathBuf::from(it))),
        )
    }),
    ("claude.command", |s, v| {
        set(&mut s.session.claude.command, command(v))
    }),
    ("claude.extraArgs", |s, v| {
        set(&mut s.session.claude.extra_args, strings(v))
    }),
    ("claude.model", |s, v| {
        set(
            &mut s.session.claude.model,
            string(v).map(|it| (!it.is_empty()).then(|| it.to_owned())),
        )
    }),
    ("claude.process", |s, v| {
        let choices = [
            ("perSession", ProcessMode::PerSession),
            ("perTurn", ProcessMode::PerTurn),
        ];
        set(&mut s.session.claude.process, choice(v, &choices))
    }),
    ("claude.idleMinutes", |s, v| {
        set(&mut s.session.claude.idle, duration(v, 60.0))
    }),
    ("claude.timeoutSeconds", |s, v| {
        set(&mut s.session.claude.timeout, duration(v, 1.0))
    }),
    ("claude.maxConcurrentTurns", |s, v| {
        set(&mut s.session.claude.max_concurrent_turns, count(v, 1))
    }),
    ("claude.userTools", |s, v| {
        set(&mut s.session.claude.user_tools, strings(v))
    }),
    ("claude.powerPermissions", |s, v| {
        let choices = [
            ("ask", PowerPermissions::Ask),
            ("skip", PowerPermissions::Skip),
        ];
        set(&mut s.session.claude.power_permissions, choice(v, &choices))
    }),
    ("claude.permissionTimeoutSeconds", |s, v| {
        set(&mut s.session.claude.permission_timeout, duration(v, 1.0))
    }),
    ("sessions.idleMinutes", |s, v| {
        set(&mut s.session.session_idle, duration(v, 60.0))
    }),
    ("sessions.emptyRetentionHours", |s, v| {
        set(&mut s.session.empty_retention, duration(v, 3600.0))
    }),
    ("sessions.historyLimit", |s, v| {
        set(&mut s.session.history_limit, count(v, 0))
    }),
    ("storage.path", |s, v| {
        set(
            &mut s.session.storage_path,
            string(v).map(|it| (!it.is_empty()).then(|| PathBuf::from(it))),
        )
    }),
    ("storage.keepSnapshotsDays", |s, v| {
        set(&mut s.session.keep_snapshots, duration(v, 86400.0))
    }),
    ("chat.fixIntroducedErrors", |s, v| {
        set(&mut s.session.fix_introduced_errors, choice(v, &OFFERS))
    }),
    ("canvas.applyModifications", |s, v| {
        set(&mut s.session.apply_modifications, choice(v, &OFFERS))
    }),
];

const OFFERS: [(&str, Offer); 3] = [
    ("ask", Offer::Ask),
    ("auto", Offer::Auto),
    ("off", Offer::Off),
];

/// Settings of the extensions, which send their whole section; not ours, but no mistake either.
const OF_THE_CLIENT: &[&str] = &["server", "trace", "chat.window", "editor"];

impl Settings {
    /// Reads a nested object such as `{"claude": {"model": "opus"}}`. Null and absent mean the default. The second
    /// part lists what was not understood, a sentence each.
    pub fn read(value: &Value) -> (Settings, Vec<String>) {
        let mut settings = Settings::default();
        let mut problems = Vec::new();
        match value {
            Value::Null => {}
            Value::Object(map) => settings.read_object("", map, &mut problems),
            other => problems.push(format!(
                "the settings of atomizer must be an object, not {}",
                shown(other)
            )),
        }
        (settings, problems)
    }

    fn read_object(&mut self, prefix: &str, map: &Map<String, Value>, problems: &mut Vec<String>) {
        for (key, value) in map {
            let key = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            if let Some(code) = key.strip_prefix("check.") {
                self.read_severity(code, value, problems);
            } else if let Some((_, setter)) = TABLE.iter().find(|(name, _)| *name == key) {
                if value.is_null() {
                    continue;
                }
                if let Err(refusal) = setter(self, value) {
                    problems.push(format!(
                        "atomizer.{key} {refusal}, not {}; its default is used",
                        shown(value)
                    ));
                }
            } else if is_group(&key) {
                match value {
                    Value::Object(inner) => self.read_object(&key, inner, problems),
                    Value::Null => {}
                    other => problems.push(format!(
                        "atomizer.{key} must be an object, not {}",
                        shown(other)
                    )),
                }
            } else if !OF_THE_CLIENT.contains(&key.as_str()) {
                problems.push(unknown(&key));
            }
        }
    }

    fn read_severity(&mut self, code: &str, value: &Value, problems: &mut Vec<String>) {
        let Some(known) = Code::from_name(code) else {
            let names = Code::all().map(|code| code.name());
            let hint = nearest(code, names).map(|it| format!("; did you mean check.{it}?"));
            problems.push(format!(
                "atomizer.check.{code} is no check{}",
                hint.unwrap_or_default()
            ));
            return;
        };
        let severity = match value.as_str() {
            Some("off") => None,
            Some("hint") => Some(Severity::Hint),
            Some("information") => Some(Severity::Information),
            Some("warning") => Some(Severity::Warning),
            Some("error") => Some(Severity::Error),
            _ if matches!(value, Value::Null | Value::Bool(true)) || value == "on" => return,
            _ if value == &Value::Bool(false) => None,
            _ => {
                let right = "off, hint, information, warning or error";
                let told = format!(
                    "atomizer.check.{code} must be {right}, not {}; its default is used",
                    shown(value)
                );
                problems.push(told);
                return;
            }
        };
        self.severities.insert(known, severity);
    }
}

fn is_group(key: &str) -> bool {
    key == "check"
        || TABLE.iter().any(|(name, _)| {
            name.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with('.'))
        })
}

fn unknown(key: &str) -> String {
    let names = TABLE.iter().map(|(name, _)| *name);
    let hint = nearest(key, names).map(|it| format!("; did you mean atomizer.{it}?"));
    format!("atomizer.{key} is no setting{}", hint.unwrap_or_default())
}

/// The later settings over the earlier, key by key.
pub fn merged(earlier: &Value, later: &Value) -> Value {
    match (earlier, later) {
        (earlier, Value::Null) => earlier.clone(),
        (Value::Object(earlier), Value::Object(later)) => {
            let mut all = earlier.clone();
            for (key, value) in later {
                let before = all.get(key).unwrap_or(&Value::Null);
                let value = merged(before, value);
                all.insert(key.clone(), value);
            }
            Value::Object(all)
        }
        (_, later) => later.clone(),
    }
}

fn set<T>(place: &mut T, value: Result<T, Refusal>) -> Result<(), Refusal> {
    *place = value?;
    Ok(())
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 60 {
        format!("{}…", text.chars().take(60).collect::<String>())
    } else {
        text
    }
}

fn string(value: &Value) -> Result<&str, Refusal> {
    value.as_str().ok_or_else(|| "must be a string".into())
}

fn strings(value: &Value) -> Result<Vec<String>, Refusal> {
    let refusal = || Refusal::from("must be an array of strings");
    let items = value.as_array().ok_or_else(refusal)?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or_else(refusal))
        .collect()
}

fn command(value: &Value) -> Result<Vec<String>, Refusal> {
    let refusal = "must be the name of a program, or an array of the program and its arguments";
    let words = match value {
        Value::String(program) => vec![program.clone()],
        other => strings(other).map_err(|_| refusal.to_owned())?,
    };
    match words.first() {
        Some(program) if !program.trim().is_empty() => Ok(words),
        _ => Err(refusal.into()),
    }
}

fn choice<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, Refusal> {
    let found = choices
        .iter()
        .find(|(name, _)| value.as_str() == Some(name));
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<String> = choices
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        format!("must be {}", names.join(" or "))
    })
}

/// A number of units of `seconds`; it may have a fraction. A hundred years are the most, so that no sum of times
/// overflows.
fn duration(value: &Value, seconds: f64) -> Result<Duration, Refusal> {
    let most = (100.0 * 366.0 * 86400.0 / seconds).floor();
    match value.as_f64() {
        Some(number) if number > most => Err(format!("must be at most {most}")),
        Some(number) if number > 0.0 => Ok(Duration::from_secs_f64(number * seconds)),
        _ => Err("must be a number above 0".into()),
    }
}

fn count(value: &Value, least: usize) -> Result<usize, Refusal> {
    let whole = value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && *number >= least as f64 && *number < 1e9);
    whole
        .map(|number| number as usize)
        .ok_or_else(|| format!("must be a whole number from {least} on"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_right_is_taken_and_fractions_are_allowed() {
        let (settings, problems) = Settings::read(&json!({
            "claude": {"command": ["node", "claude.js"], "idleMinutes": 0.5, "process": "perTurn", "model": null},
            "check": {"unused-extractor": "off", "low-budget": "warning"}
        }));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(settings.session.claude.command, ["node", "claude.js"]);
        assert_eq!(settings.session.claude.idle, Duration::from_secs(30));
        assert_eq!(settings.session.claude.process, ProcessMode::PerTurn);
        assert_eq!(
            settings
                .severities
                .values()
                .copied()
                .collect::<Vec<_>>()
                .len(),
            2
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_its_key_and_costs_only_itself() {
        let (settings, problems) = Settings::read(&json!({
            "claude": {"timeoutSeconds": "soon", "comand": "x", "maxConcurrentTurns": 2},
            "check": {"low-buget": "off"},
            "colour": 1
        }));
        assert_eq!(
            problems,
            [
                "atomizer.claude.timeoutSeconds must be a number above 0, not \"soon\"; its default is used",
                "atomizer.claude.comand is no setting; did you mean atomizer.claude.command?",
                "atomizer.check.low-buget is no check; did you mean check.low-budget?",
                "atomizer.colour is no setting",
            ]
        );
        assert_eq!(settings.session.claude.timeout, Duration::from_secs(300));
        assert_eq!(settings.session.claude.max_concurrent_turns, 2);
    }

    #[test]
    fn a_time_of_more_than_a_hundred_years_is_refused_with_the_limit() {
        let (settings, problems) = Settings::read(&json!({
            "storage": {"keepSnapshotsDays": 36601},
            "sessions": {"emptyRetentionHours": 878400}
        }));
        assert_eq!(
            problems,
            [
                "atomizer.storage.keepSnapshotsDays must be at most 36600, not 36601; its default is used"
            ]
        );
        assert_eq!(
            settings.session.empty_retention,
            Duration::from_secs(100 * 366 * 86400)
        );
    }

    #[test]
    fn later_settings_win_key_by_key() {
        let both = merged(
            &json!({"claude": {"model": "a", "process": "perTurn"}}),
            &json!({"claude": {"model": "b", "process": null}, "root": null}),
        );
        assert_eq!(
            both,
            json!({"claude": {"model": "b", "process": "perTurn"}, "root": null})
        );
    }
}
