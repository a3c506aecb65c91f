//! Images are the reference's, byte for byte. The images of `expected.tsv` were made by
//! the reference; `HCSSHIM_GOLDEN` names a folder with more of the same form.

use std::fmt::Write as _;
use std::io::{BufReader, BufWriter, Read, Seek};
use std::path::{Path, PathBuf};

use ext4::{ConvertOptions, convert_tar_to_ext4};
use sha2::{Digest, Sha256};

/// Rows that we answer otherwise than the reference, see COMPATIBILITY.md.
const FIXED: &[&str] = &["replace"];

fn golden() -> PathBuf {
    let folder = std::env::var_os("HCSSHIM_GOLDEN").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    folder.unwrap_or(own).join("ext4")
}

fn options(text: &str) -> ConvertOptions {
    let mut options = ConvertOptions::default();
    for option in text.split(' ') {
        match option {
            "none" => {}
            "-overlay" => options.convert_whiteout = true,
            "-inline" => options.image.inline_data = true,
            "-convert-slash" => options.convert_backslash = true,
            other => panic!("an option that this test does not know: {other}"),
        }
    }
    options
}

fn sha256(mut reader: impl Read) -> String {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.read(&mut buffer).expect("image") {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The image's hash, or the whole error on a line.
fn convert(tar: &Path, options: &ConvertOptions) -> Result<String, String> {
    let tar = std::fs::File::open(tar).expect("tar");
    let tar = BufReader::new(zstd::Decoder::new(tar).expect("zstd"));
    let output = BufWriter::with_capacity(1 << 18, tempfile::tempfile().expect("file"));
    let image = convert_tar_to_ext4(tar, output, options).map_err(|error| {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            let _ = write!(text, ": {error}");
            source = error.source();
        }
        text
    })?;
    let mut image = image.into_inner().expect("flush");
    image.rewind().expect("rewind");
    Ok(sha256(image))
}

#[test]
fn golden_images_are_the_same() {
    let folder = golden();
    let table = std::fs::read_to_string(folder.join("expected.tsv")).expect("expected.tsv");
    let mut faults = Vec::new();
    let mut rows = 0;
    for row in table.lines().filter(|row| !row.is_empty()) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [name, text, exit, hash, message, ..] =
            [&fields[..], &[""; 5][fields.len().min(5)..]].concat()[..]
        else {
            panic!("a row without five fields: {row}");
        };
        if text == "roothash" {
            continue;
        }
        rows += 1;
        let fault =
            match (convert(&folder.join(format!("tars/{name}.tar.zst")), &options(text)), exit) {
                (Ok(ours), "0") if ours == hash => continue,
                (Ok(_), "1") if FIXED.contains(&name) => continue,
                (Err(ours), "1") if ours.starts_with(message) => continue,
                (ours, _) => format!("{name} {text}: {ours:?}, not {exit} {hash} {message}"),
            };
        faults.push(fault);
    }
    assert!(rows > 0, "no rows");
    assert!(faults.is_empty(), "{} of {rows}:\n{}", faults.len(), faults.join("\n"));
}
