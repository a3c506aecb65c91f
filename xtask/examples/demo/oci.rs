//! A container from an OCI bundle, by the program `runhcs`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::leftovers::IDS;
use crate::narrator::{self, say, step};
use crate::stage::{Result, Stage};

/// The steps of one bundle's life, each by a process of its own.
pub(crate) async fn show(stage: &Stage) -> Result<()> {
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
    say(format_args!("and its exit code is the container's: {:?}", output.status.code()));

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
    say(format_args!("exec ended with code {:?}", output.status.code()));
    let output = runhcs(&["list"])?;
    expect(&output)?;
    narrator::show(&String::from_utf8_lossy(&output.stdout));
    expect(&runhcs(&["kill", id, "KILL"])?)?;
    expect(&runhcs(&["delete", "--force", id])?)?;
    say("killed and deleted");
    Ok(())
}

/// `runhcs`, which cargo has put one folder up, where examples have their own.
fn runhcs(arguments: &[&str]) -> Command {
    let here = std::env::current_exe().unwrap_or_default();
    let built = here.ancestors().nth(2).map(|folder| folder.join("runhcs"));
    let mut command = Command::new(built.unwrap_or_else(|| "runhcs".into()));
    command.args(arguments).stdin(std::process::Stdio::null());
    command
}

fn expect(output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(format!("runhcs ended with {}: {}", output.status, message.trim()).into())
}

fn edit(config: &Path, stage: &Stage, arguments: &[&str]) -> Result<()> {
    let mut spec: Value = serde_json::from_slice(&fs::read(config)?)?;
    spec["root"] = json!({ "path": stage.base_layer(), "readonly": true });
    spec["process"]["args"] = json!(arguments);
    spec["process"]["terminal"] = json!(false);
    fs::write(config, serde_json::to_vec_pretty(&spec)?)?;
    Ok(())
}
