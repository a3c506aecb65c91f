//! The rounds: each program in turn, on the same tar, to a new file.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::figures::{self, Figure, Series};
use crate::material::{self, Material};

/// What one run took.
struct Taken {
    seconds: f64,
    mebibytes: f64,
}

/// Arguments: rounds, mebibytes of the tar of many files, of that of few, and a file for
/// the figures as JSON.
pub(crate) fn run() -> Result<()> {
    let mut words = std::env::args_os().skip(1);
    let mut number = || -> Result<u64> {
        let word = words.next().context("a number is missing")?;
        Ok(word.to_str().context("no number")?.parse()?)
    };
    let (rounds, many, few) = (number()?, number()? << 20, number()? << 20);
    let json = words.next().map(PathBuf::from);
    let program = std::env::current_exe()?;
    let built = program.parent().and_then(Path::parent).context("no target folder")?;
    let tar2ext4 = built.join("tar2ext4");
    // Beside the programs: a temporary folder may be in memory.
    let folder = tempfile::Builder::new().prefix("bench-ext4.").tempdir_in(built)?;

    println!("making a tar of many files ({} MiB) and one of few ({} MiB)", many >> 20, few >> 20);
    let many = material::many_files(folder.path(), many)?;
    let few = material::few_files(folder.path(), few, &program)?;
    let mut all = measure(&tar2ext4, folder.path(), "many files", &many, rounds)?;
    all.extend(measure(&tar2ext4, folder.path(), "few files", &few, rounds)?);
    figures::print(&all);
    if let Some(json) = json {
        fs::write(&json, figures::to_json(&all).to_string())?;
    }
    Ok(())
}

fn measure(
    tar2ext4: &Path,
    folder: &Path,
    kind: &str,
    material: &Material,
    rounds: u64,
) -> Result<Vec<Figure>> {
    let out = folder.join("out");
    let size = fs::metadata(&material.tar)?.len();
    println!("{kind}: {} MiB, {rounds} rounds", size >> 20);
    let convert = |more: &[&str]| {
        let mut command = Command::new(tar2ext4);
        command.arg("-i").arg(&material.tar).arg("-o").arg(&out).args(more);
        command
    };
    let copy = || {
        let mut command = Command::new("cp");
        command.args([material.tar.as_os_str(), out.as_os_str()]);
        command
    };
    let mke2fs = material.tree.as_ref().filter(|_| has("mke2fs")).map(|tree| {
        move |out: &Path| {
            let mut command = Command::new("mke2fs");
            command.args(["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-d"]).arg(tree);
            // Room for all, and for what a file system adds.
            command.arg(out).arg(format!("{}K", (size + size / 4) / 1024));
            command
        }
    });
    let (mut cp, mut plain, mut verity, mut root) =
        (Series::default(), Series::default(), Series::default(), Series::default());
    let (mut memory, mut verity_memory) = (Series::default(), Series::default());
    let (mut copies, mut made) = (Vec::new(), Series::default());
    for _ in 0..rounds {
        let taken = take(copy(), &out)?;
        cp.0.push(taken.seconds);
        copies.push(taken.seconds);
        let taken = take(convert(&[]), &out)?;
        plain.0.push(taken.seconds);
        memory.0.push(taken.mebibytes);
        let taken = take(convert(&["--verity"]), &out)?;
        verity.0.push(taken.seconds);
        verity_memory.0.push(taken.mebibytes);
        let mut only_hash = Command::new(tar2ext4);
        only_hash.arg("-i").arg(&material.tar).arg("--roothash");
        root.0.push(take(only_hash, &out)?.seconds);
        if let Some(mke2fs) = &mke2fs {
            made.0.push(take(mke2fs(&out), &out)?.seconds);
        }
    }
    let figure = |name, unit, ours, peer| Figure { name, unit, ours, peer };
    let again = |series: &[f64]| Series(series.to_vec());
    let name = |many: &'static str, few: &'static str| {
        if kind.starts_with("many") { many } else { few }
    };
    let mut all = vec![
        figure(
            name("image, many files", "image, few files"),
            "s",
            again(&plain.0),
            Some(("cp", cp)),
        ),
        figure(
            name("image and verity, many files", "image and verity, few files"),
            "s",
            verity,
            Some(("cp", again(&copies))),
        ),
        figure(
            name("root hash only, many files", "root hash only, few files"),
            "s",
            root,
            Some(("cp", again(&copies))),
        ),
        figure(name("memory, many files", "memory, few files"), "MiB", memory, None),
        figure(
            name("memory with verity, many files", "memory with verity, few files"),
            "MiB",
            verity_memory,
            None,
        ),
    ];
    if !made.0.is_empty() {
        all.push(figure("image, many files", "s", plain, Some(("mke2fs -d", made))));
    }
    Ok(all)
}

/// Runs a program, on a disk that has nothing left to write.
fn take(mut command: Command, out: &Path) -> Result<Taken> {
    if out.exists() {
        fs::remove_file(out)?;
    }
    Command::new("sync").status()?;
    let begin = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {command:?}"))?;
    let mut peak = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = high_water(child.id()).max(peak);
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = begin.elapsed().as_secs_f64();
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(Taken { seconds, mebibytes: peak })
}

/// The most memory that a process has had, in MiB.
fn high_water(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn has(program: impl AsRef<OsStr>) -> bool {
    Command::new(program).arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
