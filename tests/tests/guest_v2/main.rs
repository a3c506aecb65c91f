//! Limits, by what they do. The suite runs on this machine, whatever version
//! of control groups it has, and once more in a guest that has version 2.
#![cfg(target_os = "linux")]

mod limits;
mod oci_limits;

use std::path::Path;
use std::process::Command;

use e2e::machine;

#[test]
fn the_same_in_a_guest_with_cgroup_v2() {
    const NAME: &str = "the_same_in_a_guest_with_cgroup_v2";
    if machine::in_guest() {
        return;
    }
    if machine::has_cgroup_v2() {
        return machine::left_out(NAME, "this machine has version 2 itself");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cgroup/tests/guest-v2.sh");
    if !script.exists() {
        return machine::left_out(NAME, "the guest's script is not here");
    }
    e2e::programs::worker();
    let suite = std::env::current_exe().expect("this program");
    let run = Command::new(script)
        .args(["-t", "400"])
        .arg(suite)
        .args(["--test-threads=1", "--nocapture"])
        .env("E2E_GUEST", "1")
        .output()
        .expect("the script");
    let text = String::from_utf8_lossy(&run.stdout).replace('\r', "");
    if !text.contains("running ") {
        let why = String::from_utf8_lossy(&run.stderr);
        return machine::no_guest(NAME, &why);
    }
    println!("in the guest:\n{text}");
    assert!(run.status.success() && text.contains("test result: ok"), "{}: {text}", run.status);
}

#[test]
fn the_guest_has_version_2() {
    if machine::in_guest() {
        assert!(machine::has_cgroup_v2());
    }
}
