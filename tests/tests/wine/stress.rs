//! Thousands of calls, callbacks and closes: the example `stress` of the Windows
//! host, by both generations of the service. It counts its own handles and memory.
//!
//! `E2E_FULL=1` makes 10,000 operations and 2,000 systems, else it is 400 and 80.

use e2e::machine;
use e2e::wine::{Ran, windows_path};

use super::under_wine;

/// What the example runs for at most, in seconds.
const LIMIT: u32 = 3600;

/// How many operations and systems, where nobody wants all.
const SHORT: (&str, &str) = ("400", "40");
/// And all.
const FULL: (&str, &str) = ("10000", "1000");

#[test]
fn thousands_of_calls_and_closes_leak_nothing_by_vmcompute() {
    stress("thousands_of_calls_and_closes_leak_nothing_by_vmcompute", "vmcompute");
}

#[test]
fn thousands_of_calls_and_closes_leak_nothing_by_computecore() {
    stress("thousands_of_calls_and_closes_leak_nothing_by_computecore", "computecore");
}

fn stress(test: &str, generation: &str) {
    under_wine(test, |stage, wine| {
        let (operations, systems) = if machine::full() { FULL } else { SHORT };
        let mut stress = wine.command_within(LIMIT, "examples/stress.exe");
        stress.args(["--operations", operations, "--systems", systems]);
        stress.args(["--generation", generation, "--layer", &windows_path(&stage.layer())]);
        let told = Ran::new(stress.output().expect("wine")).ok();
        println!("{generation}:\n{told}");
        // Ten lines for each of three phases; the last says that all of it was done.
        let done = format!("\"done\":{systems},");
        assert_eq!(told.lines().count(), 30, "{told}");
        assert!(told.lines().last().is_some_and(|line| line.contains(&done)), "{told}");
    });
}
