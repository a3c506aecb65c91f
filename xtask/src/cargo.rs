//! Cargo: the one that runs this program, without what it set for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// Variables that `cargo run` sets for this package. A build script that looks
/// at one of them would run again for nothing.
const OWN: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_PACKAGE"];

/// Cargo in the workspace.
pub(crate) fn cargo() -> Command {
    in_workspace(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Cargo of the nightly toolchain, which rustup's proxy finds.
pub(crate) fn nightly() -> Command {
    let mut command = in_workspace("cargo".into());
    command.arg("+nightly");
    command
}

fn in_workspace(program: std::ffi::OsString) -> Command {
    let mut command = Command::new(program);
    command.current_dir(command::workspace()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OWN.iter().any(|own| text.starts_with(own)) {
            command.env_remove(&name);
        }
    }
    command
}

/// What `cargo metadata` tells of the workspace's own packages.
pub(crate) fn metadata() -> Result<Value> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--no-deps", "--format-version=1"]);
    serde_json::from_str(&command::output(&mut metadata)?).context("reading cargo metadata")
}

/// The folder that cargo builds into.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let metadata = metadata()?;
    let folder = metadata["target_directory"].as_str();
    folder.map(PathBuf::from).context("cargo metadata names no target folder")
}

/// A program that cargo has built.
pub(crate) struct Built {
    /// The name of its target.
    pub(crate) name: String,
    /// The folder of its package.
    pub(crate) package: PathBuf,
    pub(crate) program: PathBuf,
    /// Whether its tests run when it is started.
    pub(crate) is_test: bool,
}

/// Runs a cargo command that builds, and gives the programs it made.
pub(crate) fn build(arguments: &[&str]) -> Result<Vec<Built>> {
    println!("$ cargo {}", arguments.join(" "));
    let messages =
        command::output(cargo().args(arguments).arg("--message-format=json-render-diagnostics"))?;
    let built = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(Built {
            name: message["target"]["name"].as_str()?.into(),
            package: Path::new(message["manifest_path"].as_str()?).parent()?.into(),
            program: message["executable"].as_str()?.into(),
            is_test: message["profile"]["test"] == true,
        })
    });
    Ok(built.collect())
}

/// Builds an example of this package, along with what else the arguments name.
pub(crate) fn build_example(name: &str, arguments: &[&str]) -> Result<PathBuf> {
    let built = build(arguments)?.into_iter().find(|built| built.name == name);
    built.map(|built| built.program).with_context(|| format!("cargo built no program {name}"))
}
