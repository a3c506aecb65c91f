//! Requirements of the OCI runtime specification, each checked on the runtime
//! programs themselves: ours, and runc where the machine has it.
//!
//! Prints a table of all rows. A row that `runhcs` fails fails the suite; what
//! runc does is shown beside it.
#![cfg(target_os = "linux")]

mod cgroups;
mod hooks;
mod lifecycle;
mod linux;
mod mounts;
mod process;
mod row;

use e2e::oci::Runtime;
use e2e::{Stage, machine};

use row::{Fault, Row};

/// Rows that `runhcs` fails on purpose, and why.
const MEANT: &[(&str, &str)] = &[(
    "delete of a created container is an error, and changes nothing",
    "users of runc rely on its delete, which ends a created container",
)];

/// Runs one row on a stage of its own.
fn outcome(row: &Row, runtime: &dyn Fn(&Stage) -> Option<Runtime>) -> Option<String> {
    let stage = Stage::new(row.requirement)?;
    let runtime = runtime(&stage)?;
    let result = (row.check)(&stage, &runtime);
    let leaks = stage.leaks();
    Some(match result {
        Ok(()) if leaks.is_empty() => "yes".into(),
        Ok(()) => format!("NO: left behind: {leaks:?}"),
        Err(Fault::LeftOut(why)) => format!("left out: {why}"),
        Err(Fault::Fails(why)) => format!("NO: {}", why.replace('\n', " ")),
    })
}

fn check(section: &str, rows: &[Row]) {
    if !machine::is_root() {
        return machine::left_out(section, "it needs root");
    }
    let mut failed = Vec::new();
    let mut table = format!("\n{section}\n| requirement | runhcs | runc |\n|---|---|---|\n");
    for row in rows {
        let ours = outcome(row, &|stage| Some(Runtime::runhcs(stage)))
            .unwrap_or_else(|| "left out".into());
        let theirs = outcome(row, &Runtime::runc).unwrap_or_else(|| "not here".into());
        let meant = MEANT.iter().find(|(requirement, _)| *requirement == row.requirement);
        let ours = match meant {
            Some((_, why)) if ours.starts_with("NO") => format!("no, as meant: {why}"),
            _ => ours,
        };
        if ours.starts_with("NO") {
            failed.push(format!("{} ({}): {ours}", row.requirement, row.section));
        }
        let short = |text: String| -> String { text.chars().take(160).collect() };
        table += &format!(
            "| {} ({}) | {} | {} |\n",
            row.requirement,
            row.section,
            short(ours),
            short(theirs)
        );
    }
    println!("{table}");
    assert!(
        failed.is_empty(),
        "runhcs fails {} of {} rows:\n{}",
        failed.len(),
        rows.len(),
        failed.join("\n")
    );
}

#[test]
fn lifecycle() {
    check("Runtime and lifecycle", lifecycle::ROWS);
}

#[test]
fn hooks() {
    check("Hooks", hooks::ROWS);
}

#[test]
fn mounts() {
    check("Root and mounts", mounts::ROWS);
}

#[test]
fn process() {
    check("Process", process::ROWS);
}

#[test]
fn linux() {
    check("Linux", linux::ROWS);
}

#[test]
fn cgroups() {
    check("Control groups", cgroups::ROWS);
}
