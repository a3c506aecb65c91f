//! Thousands of processes and systems: threads, open files and memory of the
//! worker and of the client stay flat, and nothing is left.
//!
//! `E2E_FULL=1` runs 10,000 processes and 1,000 systems, else it is 300 and 60.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use e2e::drive::document;
use e2e::machine::Usage;
use e2e::{Stage, machine, on_stage, programs};
use serde_json::Value;

/// How much more memory the end may show than the point after which
/// all is warm, in KiB: what allocators keep, far below a page for each call.
const TOLERANCE_KIB: u64 = 384;

/// Runs the client, and gives its figures at ten points.
fn figures(stage: &Stage, task: &str, count: u64) -> Vec<Value> {
    let path = stage.path().join("document.json");
    let text = serde_json::to_vec(&document(stage)).expect("json");
    std::fs::write(&path, text).expect("write");
    let Output { status, stdout, stderr } = Command::new(programs::client())
        .arg(task)
        .args([stage.path(), &path])
        .args([stage.name("a"), count.to_string()])
        .output()
        .expect("the client");
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    let lines = String::from_utf8_lossy(&stdout).into_owned();
    lines.lines().map(|line| serde_json::from_str(line).expect("json")).collect()
}

fn assert_flat(figures: &[Value], who: &str) {
    let usage: Vec<Usage> = figures.iter().map(|figures| Usage::from_json(&figures[who])).collect();
    for (figures, usage) in figures.iter().zip(&usage) {
        println!("{who} after {}: {usage:?}", figures["done"]);
    }
    assert_eq!(usage.len(), 10, "ten points");
    // A fifth of the way is warm enough.
    let (warm, last) = (usage[1], usage[9]);
    assert!(last.threads > 0 && last.files > 0, "{who}: no figures");
    assert!(last.threads <= warm.threads, "{who}: threads {warm:?} -> {last:?}");
    assert!(last.files <= warm.files, "{who}: files {warm:?} -> {last:?}");
    assert!(
        last.memory_kib <= warm.memory_kib + TOLERANCE_KIB,
        "{who}: memory {warm:?} -> {last:?}"
    );
}

#[test]
fn processes_half_of_them_failing_cost_nothing_for_good() {
    on_stage("processes_half_of_them_failing_cost_nothing_for_good", async |stage| {
        let count = if machine::full() { 10_000 } else { 300 };
        let figures = figures(stage, "execs", count);
        assert_flat(&figures, "worker");
        assert_flat(&figures, "client");
    });
}

#[test]
fn systems_one_after_another_cost_nothing_for_good() {
    on_stage("systems_one_after_another_cost_nothing_for_good", async |stage| {
        let count = if machine::full() { 1_000 } else { 60 };
        assert_flat(&figures(stage, "systems", count), "client");
    });
}
