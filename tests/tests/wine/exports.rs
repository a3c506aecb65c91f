//! The stand-in DLLs export what the real ones do, and nothing else.
//!
//! This looks at files only: it needs the DLLs (in the folder that
//! `HCSSHIM_WINDOWS_BIN` names), but no Wine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use e2e::machine::left_out;

/// Checks a DLL against the list in its crate.
fn check(dll: &str) {
    let Some(folder) = std::env::var_os("HCSSHIM_WINDOWS_BIN").map(PathBuf::from) else {
        return left_out(
            &format!("exports of {dll}"),
            "HCSSHIM_WINDOWS_BIN names no folder of Windows DLLs",
        );
    };
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stand-in").join(dll);
    let list = fs::read_to_string(list.join("exports.txt")).expect("a list of exports");
    let wanted: BTreeSet<String> = list.lines().map(str::to_owned).collect();
    let bytes = fs::read(folder.join(format!("{dll}.dll"))).expect("the DLL");
    let found = names(&bytes).expect("a DLL for 64 bits with exports");
    let missing: Vec<_> = wanted.difference(&found).collect();
    let others: Vec<_> = found.difference(&wanted).collect();
    assert!(missing.is_empty() && others.is_empty(), "missing {missing:?}, too many {others:?}");
}

/// The names that a DLL exports, by the format that Microsoft documents as
/// "PE Format".
fn names(image: &[u8]) -> Option<BTreeSet<String>> {
    let header = offset(image, 0x3c)?;
    let optional = header + 24;
    if image.get(header..header + 4)? != b"PE\0\0" || half(image, optional)? != 0x20b {
        return None;
    }
    let sections = optional + half(image, header + 20)?;
    let count = half(image, header + 6)?;
    // Where an address of the loaded image is in the file.
    let place = |address: usize| {
        (0..count).map(|section| sections + 40 * section).find_map(|section| {
            let begin = offset(image, section + 12)?;
            let size = offset(image, section + 16)?;
            let inside = address.checked_sub(begin).filter(|inside| *inside < size)?;
            Some(offset(image, section + 20)? + inside)
        })
    };
    let directory = place(offset(image, optional + 112)?)?;
    let table = place(offset(image, directory + 32)?)?;
    (0..offset(image, directory + 24)?)
        .map(|name| {
            let text = image.get(place(offset(image, table + 4 * name)?)?..)?;
            let end = text.iter().position(|byte| *byte == 0)?;
            Some(String::from_utf8_lossy(&text[..end]).into_owned())
        })
        .collect()
}

fn half(image: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(image.get(at..at + 2)?.try_into().ok()?)))
}

fn offset(image: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(image.get(at..at + 4)?.try_into().ok()?)).ok()
}

#[test]
fn computecore_exports_what_is_listed() {
    check("computecore");
}

#[test]
fn vmcompute_exports_what_is_listed() {
    check("vmcompute");
}

#[test]
fn computenetwork_exports_what_is_listed() {
    check("computenetwork");
}

#[test]
fn computestorage_exports_what_is_listed() {
    check("computestorage");
}
