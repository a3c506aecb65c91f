//! The lane of Windows programs: built here, run under Wine.

use anyhow::Result;

use super::Arguments;
use super::lanes::{WINDOWS, add_windows, e2e_needs, suites};
use super::report::Outcome;
use crate::cargo::{cargo, target_folder};
use crate::failures::run_tests;
use crate::wine::{self, Session};
use crate::{command, install};

/// The suite that runs the programs.
pub(super) const SUITE: &str = "wine";

/// Names the folder of the programs for Windows, for the suite.
const PROGRAMS: &str = "HCSSHIM_WINDOWS_BIN";

/// Names the prefix, for the suite.
const PREFIX: &str = "HCSSHIM_WINE_PREFIX";

/// The crates whose own tests run under Wine: what wraps Windows, and what is
/// told apart by the machine.
const TESTED: [&str; 10] = [
    "host-windows",
    "stand-in-support",
    "osversion",
    "compute",
    "hcs-schema",
    "shim-protos",
    "runhcs",
    "device-util",
    "jobobject-util",
    "shimdiag",
];

/// Examples that the suite runs: of the facade, of the Windows host, of the shim.
const EXAMPLES: [&str; 3] = ["lifecycle", "stress", "task"];

pub(super) fn lane(arguments: &Arguments) -> Outcome {
    if let Err(missing) = e2e_needs().and_then(|()| add_windows()) {
        return Outcome::Missing(missing);
    }
    let tools = [install::WINE, install::WINE64, install::MINGW];
    if let Err(missing) = install::tools(&tools) {
        return Outcome::Missing(missing);
    }
    build().and_then(|()| unit()).and_then(|()| suite(arguments.full)).into()
}

/// Builds all that runs, with the features of all: each crate once.
fn build() -> Result<()> {
    let mut build = cargo();
    build.args(["build", "--target", WINDOWS, "--workspace", "--lib", "--bins"]);
    build.args(EXAMPLES.iter().flat_map(|example| ["--example", example]));
    command::run(&mut build)
}

fn unit() -> Result<()> {
    let session = Session::new()?;
    let mut test = cargo();
    test.args(["test", "--target", WINDOWS, "--no-fail-fast", "--tests"]);
    test.args(TESTED.iter().flat_map(|package| ["-p", package]));
    session.environment(&mut test);
    test.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", install::WINE.program);
    run_tests(&mut test)
}

fn suite(full: bool) -> Result<()> {
    let programs = target_folder()?.join(WINDOWS).join("debug");
    let places = [(PROGRAMS, programs), (PREFIX, wine::prefix()?)];
    suites(|name| name == SUITE, full, &places)
}
