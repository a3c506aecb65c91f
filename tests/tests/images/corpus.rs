//! The tars that the reference was asked about, and what it answered.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::tools::{self, Place};

/// A question to the reference, and its answer.
pub(crate) struct Row {
    pub(crate) name: String,
    /// `none`, or flags; `roothash` is no run of its program.
    pub(crate) options: String,
    pub(crate) code: i32,
    /// Of the image; the root hash of a row `roothash`.
    pub(crate) hash: String,
    /// The first line of the refusal.
    pub(crate) message: String,
}

/// Rows that we answer otherwise than the reference, see COMPATIBILITY.md: a file that a
/// later entry replaces is no error.
pub(crate) const FIXED: &[&str] = &["replace"];

fn folder() -> PathBuf {
    let folder = std::env::var_os("HCSSHIM_GOLDEN").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ext4/tests/golden");
    folder.unwrap_or(own).join("ext4")
}

/// All of `expected.tsv`.
pub(crate) fn rows() -> Vec<Row> {
    let text = fs::read_to_string(folder().join("expected.tsv")).expect("expected.tsv");
    let rows: Vec<Row> = text.lines().filter(|line| !line.is_empty()).map(row).collect();
    assert!(!rows.is_empty(), "no rows");
    rows
}

fn row(line: &str) -> Row {
    let mut fields = line.split('\t').map(str::to_owned);
    let mut field = || fields.next().unwrap_or_default();
    Row {
        name: field(),
        options: field(),
        code: field().parse().expect("an exit code"),
        hash: field(),
        message: field(),
    }
}

/// The names of those that become an image.
pub(crate) fn convertible() -> Vec<String> {
    let plain = rows().into_iter().filter(|row| row.options == "none");
    plain
        .filter(|row| row.code == 0 || FIXED.contains(&row.name.as_str()))
        .map(|row| row.name)
        .collect()
}

/// A tar of the corpus, unpacked into a place.
pub(crate) fn unpack(place: &Place, name: &str) -> PathBuf {
    let tar = place.join(format!("{name}.tar"));
    let packed = folder().join(format!("tars/{name}.tar.zst"));
    let ran = tools::run("zstd", &[&"-dqf", &packed, &"-o", &tar]);
    assert_eq!(ran.code, 0, "{ran:?}");
    tar
}
