//! Limits of a job object of this Windows.
#![cfg(windows)]

#[path = "../../device-util/tests/support/run.rs"]
mod run;

use std::process::{Command, Output};

use host_windows::dll::Library;
use host_windows::job::{CpuLimit, Job, JobName};

static NTDLL: Library = Library::new("ntdll.dll");

/// Says that a test is left out, where this is Wine; `why` is what Wine lacks.
fn left_out_by_wine(test: &str, why: &str) -> bool {
    let left_out = NTDLL.find(c"wine_get_version").is_ok();
    if left_out {
        println!("left out: {test}: {why}");
    }
    left_out
}

/// A job that ends with the test, and its name.
fn job(test: &str) -> (String, Job) {
    let name = format!("hcsshim-test-{}-{test}", std::process::id());
    let job = Job::create(Some(&JobName::session(&name).expect("a job"))).expect("a job");
    (name, job)
}

/// Runs the program; the words of the line, and the name behind them.
fn run(line: &str, name: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_jobobject-util");
    run::output(Command::new(program).args(line.split(' ')).arg(name))
}

#[track_caller]
fn prints(line: &str, name: &str, text: &str) {
    let output = run(line, name);
    assert!(output.status.success(), "{line}: {output:?}");
    assert_eq!(String::from_utf8(output.stdout).expect("text"), text, "{line}");
}

#[track_caller]
fn fails(line: &str, name: &str) -> String {
    let output = run(line, name);
    assert_eq!(output.status.code(), Some(1), "{line}: {output:?}");
    assert!(output.stdout.is_empty(), "{line}: {output:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn a_job_is_found_by_either_name() {
    let (name, in_session) = job("found");
    prints("get", &name, "\n");
    prints("set", &name, "");
    drop(in_session);
    fails("get", &name);

    let path = format!(r"\BaseNamedObjects\{name}");
    let for_all = Job::create(Some(&JobName::kernel(&path).unwrap())).unwrap();
    prints("get --use-nt", &path, "\n");
    prints("get", &format!(r"Global\{name}"), "\n");
    drop(for_all);
    fails("get --use-nt", &path);
}

#[test]
fn what_no_job_can_have_is_refused() {
    let (name, _job) = job("refused");
    assert_eq!(
        fails("set --cpu-limit 1 --cpu-weight 1", &name),
        "cpu limit and weight are mutually exclusive\n"
    );
    assert_eq!(
        fails("get --cpu-limit --cpu-weight", &name),
        "cpu limit and weight are mutually exclusive\n"
    );
    for (line, end) in [
        ("set --cpu-limit 0", "processor rate 0 is not from 1 to 10000\n"),
        ("set --cpu-limit 10001", "processor rate 10001 is not from 1 to 10000\n"),
        ("set --cpu-weight 10", "processor weight 10 is not from 1 to 9\n"),
        // More than Windows has room for.
        ("set --cpu-weight 4294967297", "processor weight 4294967297 is not from 1 to 9\n"),
    ] {
        let text = format!("failed to limit job object {name}: {end}");
        assert_eq!(fails(line, &name), text, "{line}");
    }
    let text = fails("set --memory-limit 18446744073709551615", &name);
    assert!(text.contains(": memory 18446744073709551615 is not from 0 to "), "{text}");
}

#[test]
fn a_wrong_mask_leaves_all_limits_as_they_are() {
    let (name, job) = job("mask");
    let text = fails("set --memory-limit 1048576 --cpu-affinity 12", &name);
    assert!(text.starts_with("the affinity \"12\" is no binary number"), "{text}");
    let test = "a_wrong_mask_leaves_all_limits_as_they_are";
    if !left_out_by_wine(test, "Wine keeps no limits, so only the error is looked at") {
        assert_eq!(job.memory_limit().unwrap(), 0);
    }
}

#[test]
fn limits_that_are_set_can_be_read() {
    let (name, job) = job("limits");
    prints("set --memory-limit 67108864 --cpu-affinity 1", &name, "");
    let none = "neither limit nor weight";
    let test = "limits_that_are_set_can_be_read";
    if left_out_by_wine(test, "Wine takes limits and keeps none, and has none of processor time") {
        prints("get --memory-limit --cpu-affinity", &name, "memory-limit: 0\ncpu-affinity: 0\n\n");
        let text = fails("set --cpu-limit 5000", &name);
        let failed = format!("failed to limit the processor time of job object {name}: ");
        assert!(text.starts_with(&failed), "{text}");
        return;
    }
    assert_eq!((job.memory_limit().unwrap(), job.affinity().unwrap()), (64 << 20, 1));
    let both = "memory-limit: 67108864\ncpu-affinity: 1\n\n";
    prints("get --memory-limit --cpu-affinity", &name, both);
    assert!(fails("get --cpu-limit", &name).contains(none));

    prints("set --cpu-limit 5000", &name, "");
    assert_eq!(job.cpu_limit().unwrap(), Some(CpuLimit::Rate(5000)));
    prints("get --cpu-limit", &name, "cpu-limit: 5000\n\n");
    assert!(fails("get --cpu-weight", &name).contains("ask for --cpu-limit"));

    // One kind after the other.
    prints("set --cpu-weight 3", &name, "");
    assert_eq!(job.cpu_limit().unwrap(), Some(CpuLimit::Weight(3)));
    prints("get --cpu-weight", &name, "cpu-weight: 3\n\n");
    assert!(fails("get --cpu-limit", &name).contains("ask for --cpu-weight"));
    // What was set before is there.
    prints("get --memory-limit --cpu-affinity", &name, both);
}
