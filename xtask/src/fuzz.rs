//! `cargo xtask fuzz`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{cargo, command};

/// What to fuzz, and for how long.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A target of fuzz/fuzz_targets; all of them where none is named.
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
}

/// Fuzzes one target or all. What they found stays in `fuzz/artifacts`.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let known = targets()?;
    let chosen = match &arguments.target {
        Some(target) if !known.contains(target) => {
            bail!("there is no fuzz target {target:?}; there are {}", known.join(", "))
        }
        Some(target) => vec![target.clone()],
        None => known,
    };
    each(&chosen, arguments.seconds)
}

/// Whether the toolchain is there that the targets build with.
pub(crate) fn has_nightly() -> bool {
    command::output(cargo::nightly().arg("--version")).is_ok()
}

/// Fuzzes all targets.
pub(crate) fn run_all(seconds: u32) -> Result<()> {
    each(&targets()?, seconds)
}

fn each(chosen: &[String], seconds: u32) -> Result<()> {
    let tools = cargo_fuzz()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.join("bin")).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).context("PATH with cargo-fuzz")?;
    let folder = command::workspace().join("fuzz");
    for target in chosen {
        // New inputs go to the first folder, which is not kept.
        let corpus = folder.join("corpus").join(target);
        std::fs::create_dir_all(&corpus)?;
        let mut fuzz = cargo::nightly();
        fuzz.env("PATH", &path)
            .args(["fuzz", "run", target])
            .args([corpus, folder.join("seeds").join(target)])
            .arg("--")
            .arg(format!("-max_total_time={}", seconds))
            // A target that takes more for one input has found something.
            .args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]);
        command::run(&mut fuzz)?;
    }
    println!("{} fuzz targets ran {} s each and found nothing", chosen.len(), seconds);
    Ok(())
}

fn targets() -> Result<Vec<String>> {
    let folder = command::workspace().join("fuzz/fuzz_targets");
    let files =
        std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut names: Vec<String> = files
        .flatten()
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// The folder of tools with cargo-fuzz in it, installed where it is missing.
fn cargo_fuzz() -> Result<PathBuf> {
    let tools = cargo::target_folder()?.join("tools");
    if command::find("cargo-fuzz").is_none() && !tools.join("bin/cargo-fuzz").is_file() {
        println!("cargo-fuzz is missing: installing it to {}", tools.display());
        let mut install = cargo::cargo();
        install.args(["install", "--locked", "cargo-fuzz", "--root"]).arg(&tools);
        command::run(&mut install)?;
    }
    Ok(tools)
}
