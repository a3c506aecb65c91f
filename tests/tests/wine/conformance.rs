//! The conformance suite on the Windows host, by both generations of the service,
//! and the table of all hosts.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::wine::windows_path;
use e2e::{Stage, programs};
use serde_json::Value;

use super::under_wine;

/// The generations of the service's functions that the Windows host knows.
const GENERATIONS: [&str; 2] = ["vmcompute", "computecore"];

#[test]
fn every_host_does_what_a_host_has_to() {
    under_wine("every_host_does_what_a_host_has_to", |stage, wine| {
        let mut files = vec![linux(stage), fake(stage)];
        for generation in GENERATIONS {
            let file = stage.path().join(format!("{generation}.json"));
            let mut suite = wine.command("conformance.exe");
            suite.env("HCSSHIM_HCS_GENERATION", generation);
            suite.args(["--layer", &windows_path(&stage.layer())]);
            suite.arg("--json").arg(windows_path(&file));
            run(&mut suite);
            name(&file, &format!("Windows, {generation}.dll"));
            files.push(file);
        }
        let table = table(&files);
        println!("{table}");
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance.md");
        std::fs::write(&kept, &table).expect("the table");
        println!("the table is in {}", kept.display());
        for file in &files {
            check(file);
        }
    });
}

fn linux(stage: &Stage) -> PathBuf {
    let file = stage.path().join("linux.json");
    let mut suite = Command::new(programs::conformance());
    suite.envs(stage.environment());
    run(suite.arg("--layer").arg(stage.layer()).arg("--json").arg(&file));
    file
}

fn fake(stage: &Stage) -> PathBuf {
    let file = stage.path().join("fake.json");
    run(Command::new(programs::conformance()).args(["--host", "fake", "--json"]).arg(&file));
    file
}

/// Runs the suite. That cases fail is in its results.
fn run(suite: &mut Command) {
    let ran = suite.output().expect("the suite");
    let told = String::from_utf8_lossy(&ran.stderr).replace("\r\n", "\n");
    println!("{told}");
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{:?}: {told}", ran.status);
}

/// Gives the host of some results another name: there are two of Windows.
fn name(file: &Path, host: &str) {
    let mut results = results(file);
    for result in &mut results {
        result["host"] = host.into();
    }
    std::fs::write(file, Value::from(results).to_string()).expect("the results");
}

fn table(files: &[PathBuf]) -> String {
    let table = Command::new(programs::conformance()).arg("table").args(files).output();
    String::from_utf8(table.expect("the table").stdout).expect("text")
}

/// No case has failed, and none was skipped without a reason.
fn check(file: &Path) {
    let results = results(file);
    assert!(results.len() > 100, "{} has {} cases", file.display(), results.len());
    let bad = results.iter().filter(|result| match result["result"].as_str() {
        Some("passed") => false,
        Some("skipped") => result["reason"].as_str().is_none_or(str::is_empty),
        _ => true,
    });
    let bad: Vec<_> = bad.collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

fn results(file: &Path) -> Vec<Value> {
    let text = std::fs::read(file).expect("the results");
    serde_json::from_slice(&text).expect("JSON")
}
