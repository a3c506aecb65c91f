//! Whatever fails while a container is made leaves nothing behind.
#![cfg(unix)]

use std::path::Path;

use compute::error::{Named, SystemCode};
use compute::fake::FakeService;
use compute::operation;

/// A state folder, a bundle, and a service in memory.
struct Fixture {
    service: FakeService,
    temp: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let temp = tempfile::tempdir().expect("temp");
        let config =
            r#"{"ociVersion":"1.0.2","root":{"path":"r"},"process":{"args":["x"]},"linux":{}}"#;
        std::fs::write(temp.path().join("config.json"), config).expect("config");
        Self { service: FakeService::linux(), temp }
    }

    fn bundle(&self) -> &Path {
        self.temp.path()
    }

    /// Runs the program; gives its exit code, stdout and stderr.
    fn run(&self, arguments: &[&str]) -> (u8, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut environment = runhcs::Environment {
            service: &|| Ok(Box::new(self.service.clone())),
            records: runhcs::Records::Folder(self.temp.path().join("state")),
            stdout: &mut stdout,
            stderr: &mut stderr,
        };
        let exit = runhcs::run(arguments.iter().map(Into::into), &mut environment);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (exit, text(stdout), text(stderr))
    }

    fn create(&self, more: &[&str]) -> (u8, String, String) {
        let bundle = self.bundle().to_str().expect("text").to_owned();
        let arguments = [&["create", "--bundle", &bundle], more, &["c1"]].concat();
        self.run(&arguments)
    }

    fn assert_nothing_left(&self) {
        assert_eq!(self.run(&["list", "-q"]), (0, String::new(), String::new()));
        assert!(self.service.inside("c1").is_none());
        let records = self.bundle().join("state/default");
        assert_eq!(std::fs::read_dir(records).expect("records").count(), 0);
    }
}

#[test]
fn a_failed_start_leaves_nothing_running() {
    for call in [operation::CREATE, operation::CREATE_PROCESS, operation::START] {
        let fixture = Fixture::new();
        fixture.service.fail_next(call, Named::OperationDenied);
        let bundle = fixture.bundle().to_str().expect("text").to_owned();
        let run = ["run", "--detach", "--bundle", &bundle, "c1"];
        let (exit, stdout, stderr) = fixture.run(&run);
        assert_eq!((exit, stdout.as_str()), (1, ""), "{call}");
        assert!(stderr.contains("operation denied"), "{call}: {stderr}");
        fixture.assert_nothing_left();
        // The id can be used again at once.
        assert_eq!(fixture.run(&run), (0, String::new(), String::new()), "{call}");
    }
}

#[test]
fn a_pid_file_that_cannot_be_written_undoes_the_container() {
    let fixture = Fixture::new();
    let (exit, _, stderr) = fixture.create(&["--pid-file", "/does/not/exist/pid"]);
    assert_eq!(exit, 1);
    assert!(stderr.contains("/does/not/exist/pid"), "{stderr}");
    fixture.assert_nothing_left();
}

#[test]
fn an_id_in_use_is_refused_and_its_container_goes_on() {
    let fixture = Fixture::new();
    assert_eq!(fixture.create(&[]).0, 0);
    let (exit, _, stderr) = fixture.create(&[]);
    assert_eq!(exit, 1);
    assert!(stderr.contains("'c1' is in use"), "{stderr}");
    assert_eq!(fixture.run(&["start", "c1"]).0, 0);
    assert!(fixture.run(&["state", "c1"]).1.contains("\"running\""));
}

#[test]
fn a_system_of_somebody_else_survives() {
    let fixture = Fixture::new();
    assert_eq!(fixture.create(&["--"]).0, 0);
    // Another root has no record of it, and the service has.
    let bundle = fixture.bundle().to_str().expect("text").to_owned();
    let (exit, _, stderr) = fixture.run(&["--root", "other", "create", "--bundle", &bundle, "c1"]);
    assert_eq!(exit, 1);
    assert!(stderr.contains("hcs::CreateComputeSystem c1"), "{stderr}");
    assert!(fixture.service.inside("c1").is_some());
    assert_eq!(fixture.run(&["--root", "other", "list", "-q"]).1, "");
}

#[test]
fn delete_works_on_whatever_is_found() {
    let fixture = Fixture::new();
    let record = fixture.bundle().join("state/default/c1.json");

    // Created, then deleted.
    assert_eq!(fixture.create(&[]).0, 0);
    assert_eq!(fixture.run(&["delete", "c1"]).0, 0);
    fixture.assert_nothing_left();

    // Running: with force only.
    assert_eq!(fixture.create(&[]).0, 0);
    assert_eq!(fixture.run(&["start", "c1"]).0, 0);
    let (exit, _, stderr) = fixture.run(&["delete", "c1"]);
    assert_eq!(exit, 1);
    assert!(stderr.contains("--force"), "{stderr}");
    assert_eq!(fixture.run(&["delete", "-f", "c1"]).0, 0);
    fixture.assert_nothing_left();

    // Its record is half a record, and its system runs.
    assert_eq!(fixture.create(&[]).0, 0);
    std::fs::write(&record, "{").expect("write");
    assert_eq!(fixture.run(&["delete", "c1"]).0, 1);
    assert_eq!(fixture.run(&["delete", "-f", "c1"]).0, 0);
    fixture.assert_nothing_left();

    // Crashed: the service remembers nothing.
    assert_eq!(fixture.create(&[]).0, 0);
    fixture.service.inside("c1").expect("inside").crash("worker killed");
    assert_eq!(fixture.run(&["delete", "c1"]).0, 0);
    fixture.assert_nothing_left();
}

#[test]
fn a_list_tells_which_container_cannot_be_read_and_goes_on() {
    let fixture = Fixture::new();
    assert_eq!(fixture.create(&[]).0, 0);
    std::fs::write(fixture.bundle().join("state/default/bad.json"), "{").expect("write");
    let (exit, stdout, stderr) = fixture.run(&["list", "-q"]);
    assert_eq!((exit, stdout.as_str()), (0, "c1\n"));
    assert!(stderr.starts_with("reading state for bad: "), "{stderr}");
}

#[test]
fn a_failure_is_logged_in_the_form_that_is_asked_for() {
    let fixture = Fixture::new();
    let log = fixture.bundle().join("log");
    let path = log.to_str().expect("text").to_owned();
    fixture.service.fail_next(operation::CREATE, SystemCode::ERR_INVALID_DATA);
    let bundle = fixture.bundle().to_str().expect("text").to_owned();
    let (exit, _, stderr) =
        fixture.run(&["--log", &path, "--log-format", "json", "create", "-b", &bundle, "c1"]);
    assert_eq!(exit, 1);
    let text = std::fs::read_to_string(&log).expect("log");
    let record: serde_json::Value = serde_json::from_str(text.trim()).expect("json");
    assert_eq!(record["level"], "error");
    assert_eq!(record["msg"].as_str(), Some(stderr.trim_end()));
    assert!(record["time"].as_str().is_some_and(|time| time.ends_with('Z')));
}
