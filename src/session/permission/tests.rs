//! The table of what is asked, over a real folder with real links.

use serde_json::json;

use super::*;

struct Folder {
    _temp: tempfile::TempDir,
    root: PathBuf,
    outside: PathBuf,
}

fn folder() -> Folder {
    let temp = tempfile::tempdir().expect("a folder");
    let base = temp.path().canonicalize().expect("a folder");
    let (root, outside) = (base.join("root"), base.join("outside"));
    for folder in [
        root.join("studies/beam"),
        root.join(".atomizer"),
        root.join(".git"),
        outside.clone(),
    ] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    std::fs::write(root.join("studies/beam/atomizer_spec.json"), "{}").expect("a file");
    std::fs::write(outside.join("secret"), "s").expect("a file");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, root.join("studies/way_out")).expect("a link");
        std::os::unix::fs::symlink(outside.join("not_yet"), root.join("studies/dangling"))
            .expect("a link");
    }
    Folder {
        _temp: temp,
        root,
        outside,
    }
}

fn judge(
    folder: &Folder,
    mode: Mode,
    tools: &[&str],
    session: &[Rule],
    tool: &str,
    input: Value,
) -> Verdict {
    let user_tools: Vec<Rule> = tools.iter().map(|tool| Rule::parse(tool)).collect();
    let power = PowerPermissions::Ask;
    Policy {
        mode,
        power,
        user_tools: &user_tools,
        session,
        root: &folder.root,
    }
    .judge(tool, &input)
}

fn file(path: impl AsRef<Path>) -> Value {
    json!({"file_path": path.as_ref()})
}

#[test]
fn user_mode_reads_inside_the_root_and_asks_for_all_else() {
    let folder = folder();
    let judge = |tool, input| judge(&folder, Mode::User, &["Read"], &[], tool, input);
    let spec = folder.root.join("studies/beam/atomizer_spec.json");
    assert_eq!(judge("Read", file(&spec)), Verdict::Allow);
    assert_eq!(
        judge("Read", file("studies/beam/atomizer_spec.json")),
        Verdict::Allow
    );
    for (tool, input) in [
        ("Edit", file(&spec)),
        ("Write", file(folder.root.join("studies/new.txt"))),
        (
            "NotebookEdit",
            json!({"notebook_path": folder.root.join("a.ipynb")}),
        ),
        ("Bash", json!({"command": "ls"})),
        ("Bash", json!({"command": "git status"})),
        ("Task", json!({"prompt": "x"})),
        ("WebFetch", json!({"url": "https://example.com"})),
        ("mcp__x__y", json!({})),
        ("ToolOf2031", json!({"file_path": spec})),
        ("Read", file(folder.outside.join("secret"))),
        ("Read", file(folder.root.join("../outside/secret"))),
        ("Read", json!({})),
        ("Read", json!({"file_path": 7})),
    ] {
        assert_eq!(judge(tool, input.clone()), Verdict::Ask, "{tool} {input}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_root_is_outside() {
    let folder = folder();
    for mode in [Mode::User, Mode::Power] {
        for path in [
            "studies/way_out/secret",
            "studies/way_out/new",
            "studies/dangling",
            "studies/way_out/../x",
        ] {
            let verdict = judge(&folder, mode, &["Read"], &[], "Read", file(path));
            assert_eq!(verdict, Verdict::Ask, "{path}");
        }
    }
}

#[test]
fn power_mode_edits_inside_the_root_and_asks_for_every_shell_command() {
    let folder = folder();
    let judge = |tool, input| judge(&folder, Mode::Power, &["Read", "Bash"], &[], tool, input);
    for tool in ["Read", "Edit", "Write"] {
        assert_eq!(
            judge(tool, file("studies/beam/atomizer_spec.json")),
            Verdict::Allow,
            "{tool}"
        );
        assert_eq!(
            judge(tool, file("studies/beam/not/there/yet")),
            Verdict::Allow,
            "{tool}"
        );
        assert_eq!(
            judge(tool, file(folder.outside.join("secret"))),
            Verdict::Ask,
            "{tool}"
        );
    }
    assert_eq!(judge("Bash", json!({"command": "ls"})), Verdict::Ask);
}

#[test]
fn the_conversations_are_never_claudes_and_hooks_are_asked_for() {
    let folder = folder();
    for mode in [Mode::User, Mode::Power] {
        for tool in ["Read", "Write"] {
            let verdict = judge(
                &folder,
                mode,
                &["Read"],
                &[],
                tool,
                file(".atomizer/atomizer.db"),
            );
            assert!(matches!(verdict, Verdict::Deny(_)), "{tool} {verdict:?}");
        }
        let everything = [Rule::parse("Write")];
        for path in [
            ".git/hooks/pre-commit",
            ".claude/settings.json",
            ".mcp.json",
            "studies/beam/.git/config",
        ] {
            assert_eq!(
                judge(&folder, mode, &[], &everything, "Write", file(path)),
                Verdict::Ask,
                "{path}"
            );
        }
    }
}

#[test]
fn skipping_permissions_asks_nothing() {
    let folder = folder();
    let power = PowerPermissions::Skip;
    let policy = Policy {
        mode: Mode::Power,
        power,
        user_tools: &[],
        session: &[],
        root: &folder.root,
    };
    assert_eq!(
        policy.judge("Bash", &json!({"command": "rm -r /"})),
        Verdict::Allow
    );
    let policy = Policy {
        mode: Mode::User,
        ..policy
    };
    assert_eq!(
        policy.judge("Bash", &json!({"command": "ls"})),
        Verdict::Ask
    );
}

#[test]
fn a_command_pattern_covers_that_program_alone() {
    let folder = folder();
    let judge = |command: &str| {
        judge(
            &folder,
            Mode::User,
            &["Bash(python:*)"],
            &[],
            "Bash",
            json!({"command": command}),
        )
    };
    assert_eq!(judge("python"), Verdict::Allow);
    assert_eq!(judge("python run.py --fast"), Verdict::Allow);
    for command in [
        "python3 run.py",
        "pythonx",
        "ls",
        "python a.py; rm -rf studies",
        "python a.py && rm x",
        "python a.py | sh",
        "python $(rm x)",
        "python `rm x`",
        "python a.py > studies/beam/atomizer_spec.json",
        "python a.py\nrm x",
        "PATH=. python a.py",
    ] {
        assert_eq!(judge(command), Verdict::Ask, "{command}");
    }
}

#[test]
fn for_this_session_covers_the_same_tool_inside_the_root() {
    let folder = folder();
    let rules = session_rules("Edit", &file("studies/beam/atomizer_spec.json"), &[]);
    let judge = |tool, path: &Path| judge(&folder, Mode::User, &[], &rules, tool, file(path));
    assert_eq!(judge("Edit", &folder.root.join("other")), Verdict::Allow);
    assert_eq!(judge("Write", &folder.root.join("other")), Verdict::Ask);
    assert_eq!(judge("Edit", &folder.outside.join("secret")), Verdict::Ask);
}

#[test]
fn for_this_session_covers_the_command_or_what_claude_suggests() {
    let input = json!({"command": "npm test && echo done"});
    let own: Vec<String> = session_rules("Bash", &input, &[])
        .iter()
        .map(Rule::to_string)
        .collect();
    assert_eq!(own, ["Bash(npm test && echo done)"]);
    let suggested = session_rules(
        "Bash",
        &input,
        &["Bash(npm test:*)".into(), "Bash".into(), "Read(/x)".into()],
    );
    assert_eq!(suggested, [Rule::parse("Bash(npm test:*)")]);

    let folder = folder();
    let rules = session_rules("Bash", &input, &[]);
    let judge = |command: &str| {
        judge(
            &folder,
            Mode::User,
            &[],
            &rules,
            "Bash",
            json!({"command": command}),
        )
    };
    assert_eq!(judge("npm test && echo done"), Verdict::Allow);
    assert_eq!(judge("npm test && echo done; rm x"), Verdict::Ask);
}

#[test]
fn rules_may_name_folders_domains_and_servers() {
    let folder = folder();
    let judge = |rule, tool, input| judge(&folder, Mode::User, &[rule], &[], tool, input);
    assert_eq!(
        judge("Edit(studies/**)", "Edit", file("studies/beam/x")),
        Verdict::Allow
    );
    assert_eq!(
        judge("Edit(studies/**)", "Edit", file("studies2/x")),
        Verdict::Ask
    );
    assert_eq!(
        judge("Edit(studies/**)", "Edit", file("studies/../x")),
        Verdict::Ask
    );
    assert_eq!(
        judge(
            "WebFetch(domain:a.org)",
            "WebFetch",
            json!({"url": "https://a.org/x"})
        ),
        Verdict::Allow
    );
    assert_eq!(
        judge(
            "WebFetch(domain:a.org)",
            "WebFetch",
            json!({"url": "https://a.org.evil.com"})
        ),
        Verdict::Ask
    );
    assert_eq!(
        judge("mcp__atomizer", "mcp__atomizer__list", json!({})),
        Verdict::Allow
    );
    assert_eq!(
        judge("mcp__atomizer", "mcp__atomizers__list", json!({})),
        Verdict::Ask
    );
}
