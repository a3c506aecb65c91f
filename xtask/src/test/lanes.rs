//! The lanes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::report::Outcome;
use super::{Arguments, Lane, wine};
use crate::cargo::{Built, build, cargo, target_folder};
use crate::command::{is_root, run, workspace};
use crate::failures::run_tests;
use crate::{fuzz, install};

/// What programs for Windows are built for.
pub(super) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// The folder of the end-to-end suites, and those of them that have lanes of
/// their own.
const E2E: &str = "tests";
const GUEST_V2: &str = "guest_v2";
const GUEST_VERITY: &str = "guest_verity";
const SOAK: &str = "soak";

/// Names the folder where the guest's script keeps the guest's kernel.
const GUEST_CACHE: &str = "HCSSHIM_GUEST_CACHE";

/// In the order they run: those that end soonest first.
pub(super) const LANES: &[Lane] = &[
    Lane { name: "fmt", about: "the style that rustfmt checks", run: |_| fmt().into() },
    Lane { name: "clippy", about: "the lints, for Linux", run: |_| clippy(&[]).into() },
    Lane {
        name: "windows",
        about: "the lints, for Windows: all crates compile there, host crates to nothing",
        run: |_| windows(),
    },
    Lane { name: "doc", about: "the documentation, without a warning", run: |_| doc().into() },
    Lane { name: "unit", about: "the crates' own tests and examples", run: |_| unit().into() },
    Lane {
        name: "e2e",
        about: "the end-to-end suites, next to runc, containerd and e2fsprogs, as root",
        run: |_| e2e(),
    },
    Lane {
        name: "wine",
        about: "the programs for Windows under Wine, against containers of this machine, as root",
        run: wine::lane,
    },
    Lane {
        name: "guest-v2",
        about: "limits on control groups version 2, in a user-mode Linux guest",
        run: |_| guest_v2(),
    },
    Lane {
        name: "guest-verity",
        about: "images with dm-verity before the kernel, in a user-mode Linux guest",
        run: |_| guest_verity(),
    },
    Lane {
        name: "soak",
        about: "many execs and containers in a row leave nothing behind, as root",
        run: soak,
    },
    Lane {
        name: "fuzz",
        about: "the fuzz targets, 10 seconds each; a minute with --full",
        run: fuzz_targets,
    },
];

fn step(arguments: &[&str]) -> Result<()> {
    run(cargo().args(arguments))
}

fn fmt() -> Result<()> {
    step(&["fmt", "--all", "--check"])?;
    step(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])
}

/// The lints of all that there is for a target; each fault is worth knowing.
fn clippy(target: &[&str]) -> Result<()> {
    let all = ["clippy", "--workspace", "--all-targets", "--keep-going"];
    step(&[&all[..], target, &["--", "-D", "warnings"]].concat())
}

fn windows() -> Outcome {
    if let Err(missing) = add_windows().and_then(|()| install::tools(&[install::MINGW])) {
        return Outcome::Missing(missing);
    }
    clippy(&["--target", WINDOWS]).into()
}

/// Adds the target to the toolchain, where it is not there.
pub(super) fn add_windows() -> Result<(), String> {
    let mut add = Command::new("rustup");
    add.args(["target", "add", WINDOWS]);
    run(&mut add).map_err(|error| format!("missing: the target {WINDOWS} ({error:#})"))
}

fn doc() -> Result<()> {
    let mut doc = cargo();
    doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    run(&mut doc)
}

/// Without root, or what apt has, tests leave out what they can't do and say so.
fn unit() -> Result<()> {
    if let Err(missing) = install::tools(&[install::BUSYBOX, install::IP]) {
        println!("{missing}; some tests will be left out");
    }
    programs()?;
    run_tests(cargo().args(["test", "--workspace", "--exclude", "e2e", "--no-fail-fast"]))
}

/// The programs that tests start. Tests are built with them, so that crates
/// they share are built once, with the features of both.
fn programs() -> Result<()> {
    step(&["build", "--workspace", "--bins", "--tests"])
}

/// What the end-to-end suites cannot do without.
pub(super) fn e2e_needs() -> Result<(), String> {
    if !is_root() {
        return Err("needs root".into());
    }
    install::tools(&[install::RUNC, install::CRUN, install::BUSYBOX, install::IP])
}

fn e2e() -> Outcome {
    if let Err(missing) = e2e_needs() {
        return Outcome::Missing(missing);
    }
    // What the suites of containerd and of images have their peers in.
    let tools = [
        install::CONTAINERD,
        install::CNI_PLUGINS,
        install::E2FSCK,
        install::VERITYSETUP,
        install::QEMU_IMG,
        install::ZSTD,
        install::SETFACL,
        install::GETFATTR,
    ];
    if let Err(missing) = install::tools(&tools) {
        return Outcome::Missing(missing);
    }
    suites(|name| ![SOAK, GUEST_V2, GUEST_VERITY, wine::SUITE].contains(&name), false, &[]).into()
}

fn fuzz_targets(arguments: &Arguments) -> Outcome {
    if let Err(missing) = install::tools(&[install::E2FSCK]) {
        return Outcome::Missing(missing);
    }
    if !fuzz::has_nightly() {
        return Outcome::Missing("missing: `rustup toolchain install nightly`".into());
    }
    fuzz::run_all(if arguments.full { 60 } else { 10 }).into()
}

fn soak(arguments: &Arguments) -> Outcome {
    if let Err(missing) = e2e_needs() {
        return Outcome::Missing(missing);
    }
    suites(|name| name == SOAK, arguments.full, &[]).into()
}

/// Runs end-to-end suites. Each is started here and not by cargo, in whose
/// presence it would build the programs once more by themselves.
pub(super) fn suites(
    chosen: fn(&str) -> bool,
    full: bool,
    places: &[(&str, PathBuf)],
) -> Result<()> {
    programs()?;
    let folder = workspace().join(E2E);
    let built = build(&["test", "--workspace", "--no-run"])?;
    let is_suite = |built: &&Built| built.is_test && built.package == folder;
    let suites: Vec<&Built> =
        built.iter().filter(is_suite).filter(|built| chosen(&built.name)).collect();
    if suites.is_empty() {
        bail!("there is no such suite in {E2E}/");
    }
    let mut failed = Vec::new();
    for suite in suites {
        let mut command = Command::new(&suite.program);
        command.current_dir(&folder).env_remove("CARGO").env(GUEST_CACHE, guest_cache()?);
        command.envs(places.iter().map(|(name, place)| (name, place)));
        if full {
            command.env("E2E_FULL", "1");
        }
        if let Err(failure) = run_tests(&mut command) {
            failed.push(format!("{failure:#}"));
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}

fn guest_cache() -> Result<PathBuf> {
    Ok(target_folder()?.join("tools/guest"))
}

/// The tests of control groups run inside; the suite boots guests of its own.
fn guest_v2() -> Outcome {
    if let Err(missing) = e2e_needs() {
        return Outcome::Missing(missing);
    }
    // The guest's script unpacks a package.
    if let Err(missing) = install::package_lists() {
        println!("{missing}");
    }
    let cgroup = || {
        let built = build(&["test", "--workspace", "--no-run"])?;
        let folder = workspace().join("crates/cgroup");
        let tests = built.iter().find(|built| built.package == folder && built.name == "real");
        let tests = &tests.context("crates/cgroup has no tests `real`")?.program;
        let mut guest = Command::new(folder.join("tests/guest-v2.sh"));
        guest.arg(tests).env(GUEST_CACHE, guest_cache()?);
        run_tests(&mut guest)
    };
    cgroup().and_then(|()| suites(|name| name == GUEST_V2, false, &[])).into()
}

/// The suite boots a guest of its own, whose kernel its script unpacks.
fn guest_verity() -> Outcome {
    if let Err(missing) = install::tools(&[install::BUSYBOX, install::VERITYSETUP]) {
        return Outcome::Missing(missing);
    }
    if let Err(missing) = install::package_lists() {
        println!("{missing}");
    }
    suites(|name| name == GUEST_VERITY, false, &[]).into()
}
