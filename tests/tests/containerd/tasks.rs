//! What containerd's client does with tasks, by our shim and by containerd's own.

use std::process::{Command, Stdio};

use e2e::containerd::{Containerd, IMAGE, RUNC, RUNHCS, Settings};
use e2e::drive::Ran;
use e2e::{Stage, machine, on_stage, programs, tools};

/// Runs a test with each shim: what is not the same is the test's to name.
fn with_each(test: &str, body: impl Fn(&Containerd, &str)) {
    for runtime in [RUNHCS, RUNC] {
        on_stage(test, async |stage: &Stage| {
            let settings = Settings { shims: Some(programs::shims()), ..Settings::default() };
            if let Some(containerd) = Containerd::with(test, stage, &settings) {
                body(&containerd, runtime);
            }
        });
    }
}

/// Calls containerd's client; what it can't do is told with containerd's log.
fn call(containerd: &Containerd, arguments: &[&str]) -> Ran {
    containerd.call(arguments)
}

fn done(containerd: &Containerd, arguments: &[&str]) -> String {
    let ran = call(containerd, arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}\n{}", containerd.log());
    ran.out
}

/// Runs a container that stays.
fn detached(containerd: &Containerd, runtime: &str, id: &str, command: &[&str]) {
    let mut run = containerd.ctr(&["run", "--detach", "--runtime", runtime, "--fifo-dir"]);
    run.arg(containerd.fifos()).args([IMAGE, id]).args(command);
    let ran = tools::finish(run);
    assert_eq!(ran.code, 0, "{runtime}: {ran:?}\n{}", containerd.log());
}

#[test]
fn a_container_runs_to_its_end() {
    with_each("a_container_runs_to_its_end", |containerd, runtime| {
        let script = "echo out; echo err >&2; exit 3";
        let run = ["run", "--rm", "--runtime", runtime, IMAGE, "c", "/bin/sh", "-c", script];
        let ran = call(containerd, &run);
        let log = containerd.log();
        assert_eq!((ran.code, ran.out.as_str()), (3, "out\n"), "{runtime}: {ran:?}\n{log}");
        assert!(ran.err.contains("err\n"), "{runtime}: {ran:?}");
        assert_eq!(done(containerd, &["container", "list", "--quiet"]), "");
    });
}

#[test]
fn a_container_reads_its_input_to_the_end() {
    with_each("a_container_reads_its_input_to_the_end", |containerd, runtime| {
        let mut run = containerd.ctr(&["run", "--rm", "--runtime", runtime, IMAGE, "c"]);
        run.args(["/bin/wc", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut run = run.spawn().expect("ctr");
        let mut stdin = run.stdin.take().expect("stdin");
        let writer =
            std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &vec![b'x'; 1 << 20]));
        let output = run.wait_with_output().expect("ctr");
        writer.join().expect("the writer").expect("all is read");
        let out = String::from_utf8_lossy(&output.stdout);
        assert_eq!(out.trim(), "1048576", "{runtime}\n{}", containerd.log());
    });
}

#[test]
fn a_container_has_a_terminal() {
    let test = "a_container_has_a_terminal";
    if machine::program("script").is_none() {
        return machine::left_out(test, "it needs script");
    }
    with_each(test, |containerd, runtime| {
        let run = ["run", "--rm", "--tty", "--runtime", runtime, IMAGE, "c", "/bin/tty"];
        let run = containerd.ctr(&run);
        let words = std::iter::once(run.get_program()).chain(run.get_args());
        let line: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line.join(" ")]);
        // Its own record, which it replaces.
        script.arg(format!("{}.typescript", containerd.fifos()));
        script.stdin(Stdio::null());
        let ran = tools::finish(script);
        assert_eq!(ran.code, 0, "{runtime}: {ran:?}\n{}", containerd.log());
        assert!(ran.out.contains("/dev/pts/0"), "{runtime}: {ran:?}");
    });
}

#[test]
fn a_task_is_worked_with() {
    with_each("a_task_is_worked_with", |containerd, runtime| {
        detached(containerd, runtime, "c", &["/bin/sleep", "1000"]);
        let exec = ["task", "exec", "--exec-id", "e", "c", "/bin/sh", "-c", "echo in; exit 4"];
        let ran = call(containerd, &exec);
        assert_eq!((ran.code, ran.out.as_str()), (4, "in\n"), "{runtime}: {ran:?}");

        let listed = |state: &str| {
            let list = done(containerd, &["task", "list"]);
            assert!(list.contains(state), "{runtime}: {state}: {list}");
        };
        listed("RUNNING");
        done(containerd, &["task", "pause", "c"]);
        listed("PAUSED");
        done(containerd, &["task", "resume", "c"]);
        listed("RUNNING");

        let processes = done(containerd, &["task", "ps", "c"]);
        assert_eq!(processes.lines().count(), 2, "{runtime}: {processes}");
        let metrics = done(containerd, &["task", "metrics", "c"]);
        assert!(metrics.contains("memory"), "{runtime}: {metrics}");

        done(containerd, &["task", "kill", "--signal", "SIGKILL", "c"]);
        let ran = call(containerd, &["task", "delete", "c"]);
        assert!(ran.err.contains("exit code 137"), "{runtime}: {ran:?}");
        assert_eq!(done(containerd, &["task", "list", "--quiet"]), "");
    });
}

#[test]
fn a_program_that_is_not_there_is_told_of() {
    with_each("a_program_that_is_not_there_is_told_of", |containerd, runtime| {
        let ran = call(containerd, &["run", "--rm", "--runtime", runtime, IMAGE, "c", "/no/such"]);
        assert!(ran.code != 0 && ran.err.contains("/no/such"), "{runtime}: {ran:?}");
        assert_eq!(done(containerd, &["container", "list", "--quiet"]), "");
        detached(containerd, runtime, "c", &["/bin/sleep", "1000"]);
        let ran = call(containerd, &["task", "exec", "--exec-id", "e", "c", "/no/such"]);
        assert!(ran.code != 0 && ran.err.contains("/no/such"), "{runtime}: {ran:?}");
    });
}
