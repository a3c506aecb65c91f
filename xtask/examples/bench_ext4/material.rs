//! The tars that are measured, made of what the machine has.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Where the machine has many files.
const TREES: [&str; 2] = ["/usr/lib", "/usr/share"];

/// A tar, and the tree that it has unpacked, where that is wanted.
pub(crate) struct Material {
    pub(crate) tar: PathBuf,
    pub(crate) tree: Option<PathBuf>,
}

/// A tar of many files, up to so many bytes, and its tree.
pub(crate) fn many_files(folder: &Path, bytes: u64) -> Result<Material> {
    let list = folder.join("files");
    let mut names = File::create(&list)?;
    let mut total = 0;
    for tree in TREES {
        collect(Path::new(tree), bytes, &mut total, &mut names)?;
    }
    drop(names);
    let tar = folder.join("many.tar");
    let mut pack = Command::new("tar");
    pack.args(["--null", "--no-recursion", "--xattrs", "-C", "/", "-cf"]).arg(&tar);
    pack.arg("-T").arg(&list).stderr(Stdio::null());
    step(&mut pack)?;
    let tree = folder.join("tree");
    fs::create_dir(&tree)?;
    let mut unpack = Command::new("tar");
    unpack.arg("-xf").arg(&tar).arg("-C").arg(&tree);
    step(&mut unpack)?;
    Ok(Material { tar, tree: Some(tree) })
}

/// A tar of eight files of the same size.
pub(crate) fn few_files(folder: &Path, bytes: u64, source: &Path) -> Result<Material> {
    let tree = folder.join("few");
    fs::create_dir(&tree)?;
    // Bytes of real files, none of which is a hole.
    let source = fs::read(source)?;
    for name in 0..8 {
        let mut file = File::create(tree.join(format!("file-{name}")))?;
        let mut left = usize::try_from(bytes / 8)?;
        while left > 0 {
            let piece = &source[..source.len().min(left)];
            file.write_all(piece)?;
            left -= piece.len();
        }
    }
    let tar = folder.join("few.tar");
    step(Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(&tree).arg("."))?;
    fs::remove_dir_all(&tree)?;
    Ok(Material { tar, tree: None })
}

/// Names files until they have so many bytes.
fn collect(folder: &Path, bytes: u64, total: &mut u64, names: &mut File) -> Result<()> {
    let listed = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut entries: Vec<_> = listed.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if *total >= bytes {
            return Ok(());
        }
        let path = entry.path();
        let Ok(about) = entry.metadata() else { continue };
        // One that is larger than all others would make another measurement of it.
        if about.is_file() && about.len() > 64 << 20 {
            continue;
        }
        names.write_all(path.strip_prefix("/")?.as_os_str().as_encoded_bytes())?;
        names.write_all(b"\0")?;
        *total += if about.is_file() { about.len() } else { 0 };
        if about.is_dir() {
            collect(&path, bytes, total, names)?;
        }
    }
    Ok(())
}

fn step(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
