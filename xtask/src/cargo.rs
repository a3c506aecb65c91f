//! Cargo: the one that runs this program, without what it set for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
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

/// Builds what `arguments` select and gives the program of the target `name`
/// of the package in `package`, a folder of the workspace.
pub(crate) fn build_program(package: &str, name: &str, arguments: &[&str]) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(arguments).arg("--message-format=json-render-diagnostics");
    println!("$ cargo {}", arguments.join(" "));
    let messages = command::output(&mut build)?;
    let manifest = command::workspace().join(package).join("Cargo.toml");
    let program = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .filter(|message| message["manifest_path"].as_str().map(Path::new) == Some(&manifest))
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    match program {
        Some(program) => Ok(program),
        None => bail!("{package} has no program {name}"),
    }
}
