//! The program's images are the reference's, bit for bit; so are its refusals.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;

use e2e::tools::Place;

use crate::corpus::{self, FIXED, Row};
use crate::{names, sha256, tar2ext4};

/// What is wrong with our answer to a row.
fn fault(place: &Place, tar: &Path, row: &Row) -> Option<String> {
    let out = place.folder("out");
    let image = out.join("image");
    let options: Vec<&str> = match row.options.as_str() {
        "none" => Vec::new(),
        "roothash" => vec!["--roothash"],
        options => options.split(' ').collect(),
    };
    let mut arguments: Vec<&dyn AsRef<OsStr>> = vec![&"-i", &tar];
    if row.options != "roothash" {
        arguments.extend([&"-o" as &dyn AsRef<OsStr>, &image]);
    }
    arguments.extend(options.iter().map(|option| option as &dyn AsRef<OsStr>));
    let ran = tar2ext4(&arguments);
    let hash = match File::open(&image) {
        Ok(image) => sha256(image),
        Err(_) if ran.code == 0 => ran.out.trim_end().to_owned(),
        Err(_) => "-".to_owned(),
    };
    let left = names(&out);
    fs::remove_dir_all(&out).expect("the folder of the image");
    let fixed = row.code == 1 && FIXED.contains(&row.name.as_str());
    let code = if fixed { 0 } else { row.code };
    let first = ran.err.lines().next().unwrap_or_default();
    let (right_hash, right_message) = match code {
        0 => (fixed || hash == row.hash, ran.err.is_empty()),
        _ => (hash == "-" && left.is_empty(), first.starts_with(&row.message)),
    };
    if ran.code == code && right_hash && right_message {
        return None;
    }
    let Row { name, options, hash: expected, message, .. } = row;
    Some(format!(
        "{name} {options}: not {code} {expected} {message:?} but {hash}, {ran:?}; left {left:?}"
    ))
}

fn check(test: &str, is_asked: fn(&Row) -> bool) {
    let Some(place) = Place::new(test, &["zstd"]) else { return };
    let mut faults = Vec::new();
    let mut count = 0;
    let rows = corpus::rows();
    for rows in rows.chunk_by(|a, b| a.name == b.name) {
        let rows: Vec<&Row> = rows.iter().filter(|row| is_asked(row)).collect();
        let Some(first) = rows.first() else { continue };
        let tar = corpus::unpack(&place, &first.name);
        faults.extend(rows.iter().filter_map(|row| fault(&place, &tar, row)));
        fs::remove_file(tar).expect("the tar");
        count += rows.len();
    }
    assert!(count > 0, "no rows");
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn golden_images_of_the_program_are_the_same() {
    check("golden_images_of_the_program_are_the_same", |row| row.options != "roothash");
}

#[test]
fn golden_root_hashes_are_the_same() {
    check("golden_root_hashes_are_the_same", |row| row.options == "roothash");
}
