//! Root digests are the reference's: the rows `roothash` of `expected.tsv`, which are its
//! `ConvertAndComputeRootDigest`. `HCSSHIM_GOLDEN` names a folder with more of the form.

use std::fs::File;
use std::path::{Path, PathBuf};

use layer_image::{convert_and_compute_root_digest, decompressed};

/// Rows that we answer otherwise than the reference, see COMPATIBILITY.md.
const FIXED: &[&str] = &["replace"];

fn golden() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ext4/tests/golden");
    std::env::var_os("HCSSHIM_GOLDEN").map_or(own, PathBuf::from).join("ext4")
}

#[test]
fn golden_root_hashes_are_the_same() {
    let folder = golden();
    let table = std::fs::read_to_string(folder.join("expected.tsv")).expect("expected.tsv");
    let mut faults = Vec::new();
    let mut rows = 0;
    for row in table.lines() {
        let fields: Vec<&str> = row.split('\t').collect();
        let &[name, "roothash", exit, root, ..] = &fields[..] else { continue };
        rows += 1;
        let tar = File::open(folder.join(format!("tars/{name}.tar.zst"))).expect("tar");
        let (tar, _) = decompressed(tar).expect("zstd");
        match (convert_and_compute_root_digest(tar), exit) {
            (Ok(ours), "0") if verity::to_hex(&ours) == root => {}
            (Ok(_), "1") if FIXED.contains(&name) => {}
            (Err(_), "1") => {}
            (ours, _) => faults.push(format!("{name}: {ours:?}, not {exit} {root}")),
        }
    }
    assert!(rows > 0, "no rows");
    assert!(faults.is_empty(), "{} of {rows}:\n{}", faults.len(), faults.join("\n"));
}
