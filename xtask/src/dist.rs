//! `cargo xtask dist`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{cargo, command};

/// Programs that complete their flags, and how they are asked for the script.
const COMPLETE: [(&str, &str); 4] = [
    ("runhcs", "completions"),
    ("shimdiag", "completions"),
    ("tar2ext4", "--completions"),
    ("dmverity-vhd", "completions"),
];

/// Programs that do all they do on Windows.
const OF_WINDOWS: [&str; 2] = ["device-util", "jobobject-util"];

/// Shells that they know.
const SHELLS: [&str; 3] = ["bash", "fish", "zsh"];

/// Makes `dist/hcsshim-<version>-<target>.tar.gz` and `dist/SHA256SUMS`. The
/// archive tells nothing of who made it, or when.
pub(crate) fn run() -> Result<()> {
    let metadata = cargo::metadata()?;
    let target = host()?;
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("hcsshim-{version}-{target}");
    let dist = command::workspace().join("dist");
    let folder = dist.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }

    let programs = programs(&metadata);
    let mut build = cargo::cargo();
    build.args(["build", "--release", "--bins"]);
    programs.iter().for_each(|program| {
        build.args(["-p", program]);
    });
    command::run(&mut build)?;

    let built = cargo::target_folder()?.join("release");
    fs::create_dir_all(folder.join("bin"))?;
    for program in &programs {
        copy(&built.join(program), &folder.join("bin").join(program))?;
    }
    for document in ["LICENSE", "README.md", "CHANGELOG.md"] {
        copy(&command::workspace().join(document), &folder.join(document))?;
    }
    fs::create_dir_all(folder.join("completions"))?;
    for (program, ask) in COMPLETE {
        for shell in SHELLS {
            let script = command::output(Command::new(built.join(program)).args([ask, shell]))?;
            fs::write(folder.join("completions").join(format!("{program}.{shell}")), script)?;
        }
    }
    pack(&dist, &name)?;
    fs::remove_dir_all(&folder)?;
    println!("dist/{name}.tar.gz");
    Ok(())
}

/// The packages below `cmd/` for this platform, whose programs have the same names.
fn programs(metadata: &Value) -> Vec<String> {
    let commands = command::workspace().join("cmd");
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| {
            package["manifest_path"]
                .as_str()
                .is_some_and(|path| Path::new(path).starts_with(&commands))
        })
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .filter(|name| !OF_WINDOWS.contains(&name.as_str()))
        .collect()
}

/// The target that rustc builds for.
fn host() -> Result<String> {
    let text = command::output(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    Ok(())
}

fn pack(dist: &Path, name: &str) -> Result<()> {
    if command::find("tar").is_none() {
        bail!("missing: tar");
    }
    let archive = format!("{name}.tar.gz");
    let mut tar = Command::new("tar");
    tar.current_dir(dist)
        .args(["--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .args(["--mtime=@0", "--use-compress-program=gzip --no-name --best", "--file"])
        .args([archive.as_str(), name]);
    command::run(&mut tar)?;
    let sums = command::output(Command::new("sha256sum").current_dir(dist).arg(&archive))?;
    fs::write(dist.join("SHA256SUMS"), sums).context("writing SHA256SUMS")
}
