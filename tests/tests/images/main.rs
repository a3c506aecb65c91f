//! Images of layers, as `tar2ext4` makes them, before those who read them: e2fsck, the
//! kernel, overlayfs, qemu-img, veritysetup. GNU tar says what a tar means.
#![cfg(target_os = "linux")]

mod corpus;
mod extended;
mod golden;
mod hostile;
mod interrupted;
mod layers;
mod machine_files;
mod meaning;
mod output;
mod same;
mod sparse;
mod tars;
mod tree;
mod verity;
mod vhd;
mod writable;

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::Path;

use e2e::drive::Ran;
use e2e::{programs, tools};
use sha2::{Digest, Sha256};

/// Runs the program under test.
fn tar2ext4(arguments: &[&dyn AsRef<OsStr>]) -> Ran {
    tools::run(programs::tar2ext4(), arguments)
}

/// Converts a tar, which has to go well. Gives what was printed.
fn convert(tar: &Path, image: &Path, options: &[&str]) -> String {
    let mut arguments: Vec<&dyn AsRef<OsStr>> = vec![&"-i", &tar, &"-o", &image];
    arguments.extend(options.iter().map(|option| option as &dyn AsRef<OsStr>));
    let ran = tar2ext4(&arguments);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{} {options:?}", tar.display());
    ran.out.trim_end().to_owned()
}

/// What e2fsck finds wrong with an image.
fn fsck(image: &Path) -> Result<(), String> {
    let ran = tools::run("e2fsck", &[&"-fn", &image]);
    if ran.code == 0 {
        Ok(())
    } else {
        Err(format!("e2fsck: {}\n{}{}", ran.code, ran.out, ran.err))
    }
}

/// The SHA-256 of a file, or of a part of it, in hex.
fn sha256(mut reader: impl Read) -> String {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.read(&mut buffer).expect("reading") {
            0 => break hex(&hash.finalize()),
            length => hash.update(&buffer[..length]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
