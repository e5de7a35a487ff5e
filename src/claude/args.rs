//! Its command line. Never holds text of the user: a shim for Windows would let a shell read it.

use serde_json::json;

/// Tools whose use claude itself may think harmless, or allows by settings of its own: asking for all of them makes
/// our permission policy the only judge. Names that a version does not know do no harm.
const ASKED: &[&str] = &[
    "Agent",
    "Bash",
    "CronCreate",
    "CronDelete",
    "Edit",
    "EnterWorktree",
    "ExitWorktree",
    "Glob",
    "Grep",
    "LS",
    "Monitor",
    "MultiEdit",
    "NotebookEdit",
    "Read",
    "ScheduleWakeup",
    "SendMessage",
    "Skill",
    "Task",
    "WebFetch",
    "WebSearch",
    "Workflow",
    "Write",
];

/// Tools that need a terminal of claude's own to be of use.
const DENIED: &[&str] = &["AskUserQuestion", "EnterPlanMode"];

/// What a program is started with. Two equal ones are interchangeable: a live program is restarted when this changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program and its own first arguments; never empty.
    pub command: Vec<String>,
    /// Model name or alias.
    pub model: Option<String>,
    /// `--dangerously-skip-permissions`: what we are not asked for goes unasked.
    pub skip_permissions: bool,
    /// A file with MCP servers.
    pub mcp_config: Option<std::path::PathBuf>,
    /// The user's own arguments, appended.
    pub extra: Vec<String>,
}

impl CommandLine {
    /// All arguments behind the program, `resume` being claude's own id of the conversation to take up again.
    pub fn arguments(&self, resume: Option<&str>) -> Vec<String> {
        let mut args: Vec<String> = self.command.iter().skip(1).cloned().collect();
        let fixed = "--print --output-format stream-json --verbose --include-partial-messages \
                     --input-format stream-json --permission-prompt-tool stdio";
        args.extend(fixed.split_whitespace().map(String::from));
        args.push(if self.skip_permissions {
            "--dangerously-skip-permissions".into()
        } else {
            // The user's own settings may name a laxer mode.
            "--permission-mode=default".into()
        });
        // Where permissions are skipped, too: the answer is a yes then, but a change of mode counts from the next tool
        // on, and what Claude writes is compared with what he saw.
        let settings = json!({"permissions": {"ask": ASKED, "deny": DENIED}});
        args.push(format!("--settings={settings}"));
        if let Some(model) = &self.model {
            args.push(format!("--model={model}"));
        }
        if let Some(path) = &self.mcp_config {
            args.push(format!("--mcp-config={}", path.display()));
        }
        if let Some(id) = resume {
            args.push(format!("--resume={id}"));
        }
        args.extend(self.extra.iter().cloned());
        args
    }

    /// The program's name or path.
    pub fn program(&self) -> &str {
        self.command.first().map_or("claude", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> CommandLine {
        CommandLine {
            command: vec!["claude".into()],
            model: None,
            skip_permissions: false,
            mcp_config: None,
            extra: Vec::new(),
        }
    }

    #[test]
    fn values_are_one_token_with_their_flag() {
        let line = CommandLine {
            model: Some("opus".into()),
            mcp_config: Some("/r/.atomizer/mcp/a.json".into()),
            ..plain()
        };
        let args = line.arguments(Some("0213339c-b75b-4fac-baf8-9f0db6922cb5"));
        assert!(args.contains(&"--model=opus".to_owned()));
        assert!(args.contains(&"--mcp-config=/r/.atomizer/mcp/a.json".to_owned()));
        assert!(args.contains(&"--resume=0213339c-b75b-4fac-baf8-9f0db6922cb5".to_owned()));
    }

    #[test]
    fn the_users_arguments_come_last_and_the_commands_own_first() {
        let line = CommandLine {
            command: vec!["npx".into(), "claude".into()],
            extra: vec!["--add-dir".into(), "/data".into()],
            ..plain()
        };
        let args = line.arguments(None);
        assert_eq!(line.program(), "npx");
        assert_eq!(args.first().map(String::as_str), Some("claude"));
        assert_eq!(args[args.len() - 2..], ["--add-dir", "/data"]);
    }

    #[test]
    fn shell_and_files_are_asked_for_whatever_claudes_own_settings_say() {
        let args = plain().arguments(None).join(" ");
        for tool in ["\"Bash\"", "\"Read\"", "\"Edit\"", "\"Write\""] {
            assert!(args.contains(tool), "{tool} in {args}");
        }
        assert!(args.contains("--permission-mode=default"));
    }

    #[test]
    fn where_permissions_are_skipped_a_change_of_mode_can_still_count() {
        let args = CommandLine {
            skip_permissions: true,
            ..plain()
        }
        .arguments(None);
        assert!(args.contains(&"--dangerously-skip-permissions".to_owned()));
        assert!(args.iter().any(|arg| arg.starts_with("--settings")));
        assert!(!args.iter().any(|arg| arg.starts_with("--permission-mode")));
    }
}
