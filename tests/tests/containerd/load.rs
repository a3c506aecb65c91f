//! Many tasks at once, on and on: none fails, and nothing grows.
//!
//! `E2E_FULL=1` has 8 workers for 5 minutes, else it is 4 rounds of each.

use std::time::{Duration, Instant};

use e2e::containerd::{Containerd, IMAGE, RUNHCS, Settings};
use e2e::machine::Usage;
use e2e::{Stage, machine, on_stage, programs, tools};

const WORKERS: usize = 8;

/// Rounds of each worker where the time is short.
const ROUNDS: usize = 4;

const FULL: Duration = Duration::from_secs(300);

fn with_shim(test: &str, body: impl Fn(&Containerd)) {
    on_stage(test, async |stage: &Stage| {
        let settings = Settings { shims: Some(programs::shims()), ..Settings::default() };
        if let Some(containerd) = Containerd::with(test, stage, &settings) {
            body(&containerd);
        }
    });
}

fn done(containerd: &Containerd, arguments: &[&str]) {
    let ran = containerd.call(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}\n{}", containerd.log());
}

fn detached(containerd: &Containerd, id: &str) {
    let mut run = containerd.ctr(&["run", "--detach", "--runtime", RUNHCS, "--fifo-dir"]);
    run.arg(containerd.fifos()).args([IMAGE, id, "/bin/sleep", "100000"]);
    let ran = tools::finish(run);
    assert_eq!(ran.code, 0, "{id}: {ran:?}\n{}", containerd.log());
}

#[test]
fn many_tasks_at_once_leave_nothing() {
    with_shim("many_tasks_at_once_leave_nothing", |containerd| {
        let began = Instant::now();
        let goes_on = |round: usize| {
            if machine::full() { began.elapsed() < FULL } else { round < ROUNDS }
        };
        let rounds: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS)
                .map(|worker| {
                    scope.spawn(move || {
                        let mut round = 0;
                        while goes_on(round) {
                            live(containerd, &format!("w{worker}r{round}"));
                            round += 1;
                        }
                        round
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("a worker")).sum()
        });
        println!("{rounds} tasks in {:?}", began.elapsed());
        let left = containerd.left();
        assert!(left.is_empty(), "{left:#?}\n{}", containerd.log());
    });
}

/// The life of a task.
fn live(containerd: &Containerd, id: &str) {
    detached(containerd, id);
    done(containerd, &["task", "exec", "--exec-id", "e", id, "/bin/true"]);
    done(containerd, &["task", "kill", "--signal", "SIGKILL", id]);
    let ran = containerd.call(&["task", "delete", id]);
    assert!(ran.err.contains("exit code 137"), "{ran:?}");
    done(containerd, &["container", "delete", id]);
}

#[test]
fn a_shim_that_lives_long_stays_as_it_was() {
    with_shim("a_shim_that_lives_long_stays_as_it_was", |containerd| {
        detached(containerd, "c");
        let shim = std::fs::read_to_string(containerd.bundle("c").join("shim.pid"));
        let shim = shim.expect("a pid").trim().parse().expect("a pid");
        let execs = if machine::full() { 2000 } else { 60 };
        let mut early = None;
        for number in 0..execs {
            let (id, last) = (format!("e{number}"), number + 1 == execs);
            done(containerd, &["task", "exec", "--exec-id", &id, "c", "/bin/true"]);
            if number == execs / 4 || last {
                let now = Usage::of(shim);
                println!("after {} execs: {now:?}", number + 1);
                let before = *early.get_or_insert(now);
                assert_eq!(now.files, before.files, "{before:?}");
                assert!(now.threads <= before.threads + 2, "{before:?} {now:?}");
                assert!(now.memory_kib <= before.memory_kib + 1024, "{before:?} {now:?}");
            }
        }
    });
}
