//! Containers on the real kernel, seen from inside and outside.
//!
//! A container may only be made by a process with one thread, which the usual test runner is not:
//! the cases run one after the other in this program's only thread. Arguments that are no options
//! choose the cases whose names contain them.

#![allow(unsafe_code, reason = "fork and setuid have no safe wrapper")]

#[cfg(target_os = "linux")]
mod confinement;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod hooks;
#[cfg(target_os = "linux")]
mod life;
#[cfg(target_os = "linux")]
mod refused;
#[cfg(target_os = "linux")]
mod rootless;
#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
fn main() {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    let args: Vec<String> = std::env::args().skip(1).collect();
    let chosen: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let cases = [
        life::CASES,
        files::CASES,
        confinement::CASES,
        hooks::CASES,
        refused::CASES,
        rootless::CASES,
    ]
    .concat();
    let cases = cases.into_iter().filter(|(name, _)| {
        chosen.is_empty() || chosen.iter().any(|part| name.contains(part.as_str()))
    });
    if args.iter().any(|arg| arg == "--list") {
        cases.for_each(|(name, _)| println!("{name}: test"));
        return;
    }
    if let Some(why) = support::missing() {
        eprintln!("left out: all containers: {why}");
        println!("test result: ok. 0 passed; 0 failed");
        return;
    }
    let (mut passed, mut failed) = (0, 0);
    for (name, case) in cases {
        let before = support::open_descriptors();
        let result = catch_unwind(AssertUnwindSafe(case));
        let is_clean = result.is_ok()
            && catch_unwind(|| {
                assert_eq!(support::children(), 0, "children are left");
                assert_eq!(support::open_descriptors(), before, "descriptors are left");
            })
            .is_ok();
        println!("test {name} ... {}", if is_clean { "ok" } else { "FAILED" });
        if is_clean {
            passed += 1
        } else {
            failed += 1
        }
        support::kill_children();
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {failed} failed");
    if failed != 0 {
        std::process::exit(101);
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("test result: ok. 0 passed; 0 failed");
}
