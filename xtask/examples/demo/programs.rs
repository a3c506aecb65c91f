//! What other programs show: `runhcs` with an OCI bundle, and the facade's
//! own example.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::leftovers::IDS;
use crate::narrator::{self, say, step};
use crate::stage::{Result, Stage};

/// The steps of one bundle's life, each by a process of its own.
pub(crate) fn show_bundle(stage: &Stage) -> Result<()> {
    step("A container from an OCI bundle");
    let bundle = stage.folder.join("bundle");
    fs::create_dir_all(&bundle)?;
    let id = IDS[1];
    let folder = bundle.display().to_string();
    let runhcs = |arguments: &[&str]| runhcs(arguments).output();

    expect(&runhcs(&["spec", "--bundle", &folder])?)?;
    edit(&bundle.join("config.json"), stage, &["sh", "-c", "echo \"I am process $$\"; exit 5"])?;
    say("runhcs spec wrote a config.json; it now names a command and the base layer as its root.");
    say("runhcs run:");
    let output = runhcs(&["run", "--bundle", &folder, id])?;
    narrator::show(&String::from_utf8_lossy(&output.stdout));
    narrator::show(&String::from_utf8_lossy(&output.stderr));
    say(format_args!("It ended as the container did, with {}.", output.status));

    edit(&bundle.join("config.json"), stage, &["sleep", "1000"])?;
    say("Now one step at a time: create, start, exec, list, kill, delete. No daemon keeps it:");
    say("each command finds the container's worker process by its id.");
    // The container keeps the streams of its creator: pipes would never end.
    let created = self::runhcs(&["create", "--bundle", &folder, id]).status()?;
    if !created.success() {
        return Err(format!("runhcs create ended with {created}").into());
    }
    expect(&runhcs(&["start", id])?)?;
    let output = runhcs(&["exec", id, "sh", "-c", "echo here as well; exit 3"])?;
    narrator::show(&String::from_utf8_lossy(&output.stdout));
    say(format_args!("exec ended as its process did, with {}.", output.status));
    let output = runhcs(&["list"])?;
    expect(&output)?;
    narrator::show(&String::from_utf8_lossy(&output.stdout));
    expect(&runhcs(&["kill", id, "KILL"])?)?;
    expect(&runhcs(&["delete", "--force", id])?)?;
    say("It was killed and deleted.");
    Ok(())
}

/// The same with the calls of the reference's Go package.
pub(crate) fn show_facade(stage: &Stage) -> Result<()> {
    step("The facade: blocking calls, a schema 1 document");
    say("crates/hcsshim/examples/lifecycle.rs says:");
    let output = Command::new(built("examples/lifecycle")).arg(stage.base_layer()).output()?;
    narrator::show(&String::from_utf8_lossy(&output.stdout));
    expect(&output)
}

fn runhcs(arguments: &[&str]) -> Command {
    let mut command = Command::new(built("runhcs"));
    command.args(arguments).stdin(std::process::Stdio::null());
    command
}

/// A program that cargo has built with this one, which is an example and so in
/// a folder of its own.
fn built(program: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.ancestors().nth(2).unwrap_or(Path::new("")).join(program)
}

fn expect(output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(format!("a program ended with {}: {}", output.status, message.trim()).into())
}

fn edit(config: &Path, stage: &Stage, arguments: &[&str]) -> Result<()> {
    let mut spec: Value = serde_json::from_slice(&fs::read(config)?)?;
    spec["root"] = json!({ "path": stage.base_layer(), "readonly": true });
    spec["process"]["args"] = json!(arguments);
    spec["process"]["terminal"] = json!(false);
    fs::write(config, serde_json::to_vec_pretty(&spec)?)?;
    Ok(())
}
