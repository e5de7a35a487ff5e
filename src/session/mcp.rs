//! The dashboard's own MCP server (`atomizer-tools`, Node), offered to Claude where it is installed: a configuration
//! file for each session that has a program, named on its command line, and gone with it.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{private, types::Mode};
use crate::study::Root;

/// A session's MCP configuration file; removed when this is dropped.
#[derive(Debug)]
pub struct McpConfig {
    path: PathBuf,
}

impl McpConfig {
    /// Writes it to `.atomizer/mcp/<session>.json` (0600 on Unix), over one of another mode or of a dead server.
    /// `None`: the dashboard's server is not installed under this root. `session_id` is of the right form
    /// ([`super::id::is_session_id`]).
    pub fn write(root: &Root, session_id: &str, mode: Mode) -> io::Result<Option<Self>> {
        let server = root.path().join("mcp-server/atomizer-tools/dist/index.js");
        if !server.is_file() {
            return Ok(None);
        }
        if !super::id::is_session_id(session_id) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        private::atomizer_folder(&root.atomizer_folder())?;
        let folder = folder(root);
        private::folder(&folder)?;
        let config = json!({
            "mcpServers": {
                "atomizer": {
                    "command": "node",
                    "args": [server],
                    "env": { "ATOMIZER_MODE": mode, "ATOMIZER_ROOT": root.path() },
                },
            },
        });
        let path = folder.join(format!("{session_id}.json"));
        // Anew, so that permissions and owner are ours, whatever was there.
        remove(&path)?;
        private::options()
            .create_new(true)
            .open(&path)?
            .write_all(format!("{config:#}\n").as_bytes())?;
        Ok(Some(Self { path }))
    }

    /// The file, for `--mcp-config`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes files that a killed server left behind: those of sessions of which `in_use` says no.
    pub fn sweep(root: &Root, in_use: impl Fn(&str) -> bool) -> io::Result<()> {
        let entries = match fs::read_dir(folder(root)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let session = path.file_stem().and_then(|name| name.to_str());
            if session.is_some_and(|id| !in_use(id)) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

impl Drop for McpConfig {
    fn drop(&mut self) {
        if let Err(e) = remove(&self.path) {
            tracing::warn!("cannot remove `{}`: {e}", self.path.display());
        }
    }
}

fn folder(root: &Root) -> PathBuf {
    root.atomizer_folder().join("mcp")
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(with_server: bool) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join("studies")).expect("made");
        if with_server {
            let dist = dir.path().join("mcp-server/atomizer-tools/dist");
            fs::create_dir_all(&dist).expect("made");
            fs::write(dist.join("index.js"), "").expect("written");
        }
        let root = Root::at(dir.path()).expect("a root");
        (dir, root)
    }

    #[test]
    fn nothing_is_written_where_the_dashboard_is_not_installed() {
        let (_dir, root) = root(false);
        assert!(
            McpConfig::write(&root, "s1", Mode::User)
                .expect("fine")
                .is_none()
        );
        assert!(!root.atomizer_folder().exists());
    }

    #[test]
    fn the_file_names_server_mode_and_root_and_goes_with_its_owner() {
        let (_dir, root) = root(true);
        let config = McpConfig::write(&root, "s1", Mode::Power)
            .expect("written")
            .expect("installed");
        let path = config.path().to_owned();
        assert_eq!(path, root.path().join(".atomizer/mcp/s1.json"));
        let text = fs::read_to_string(&path).expect("read");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let server = &value["mcpServers"]["atomizer"];
        assert_eq!(server["command"], "node");
        assert_eq!(
            server["args"][0],
            json!(root.path().join("mcp-server/atomizer-tools/dist/index.js"))
        );
        assert_eq!(
            server["env"],
            json!({"ATOMIZER_MODE": "power", "ATOMIZER_ROOT": root.path()})
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode =
                |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(&root.atomizer_folder()), 0o700);
        }
        drop(config);
        assert!(!path.exists());
    }

    #[test]
    fn a_sweep_removes_only_what_no_server_uses() {
        let (_dir, root) = root(true);
        McpConfig::sweep(&root, |_| false).expect("nothing there yet");
        let live = McpConfig::write(&root, "live", Mode::User)
            .expect("written")
            .expect("installed");
        let dead = McpConfig::write(&root, "dead", Mode::User)
            .expect("written")
            .expect("installed");
        McpConfig::sweep(&root, |id| id == "live").expect("swept");
        assert!(live.path().exists() && !dead.path().exists());
        assert!(McpConfig::write(&root, "../x", Mode::User).is_err());
    }
}
