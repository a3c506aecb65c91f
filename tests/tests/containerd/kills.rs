//! The shim, containerd, a container's worker and its first process, killed at random moments:
//! containerd gets rid of the task, and nothing is left.
//!
//! `E2E_FULL=1` kills 200 times, else it is 12. `E2E_SEED` sets the seed, which is printed.

use std::fs;
use std::time::{Duration, Instant};

use e2e::containerd::{Containerd, IMAGE, RUNHCS, Settings};
use e2e::random::Random;
use e2e::{Stage, machine, on_stage, programs, tools};
use rustix::process::{Pid, Signal};

/// How long a clean-up may take.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Victim {
    Shim,
    Containerd,
    Worker,
    Init,
}

const VICTIMS: [Victim; 4] = [Victim::Shim, Victim::Containerd, Victim::Worker, Victim::Init];

#[test]
fn what_is_killed_leaves_nothing() {
    on_stage("what_is_killed_leaves_nothing", async |stage: &Stage| {
        let settings = Settings { shims: Some(programs::shims()), ..Settings::default() };
        let Some(mut containerd) =
            Containerd::with("what_is_killed_leaves_nothing", stage, &settings)
        else {
            return;
        };
        let seed = machine::number("E2E_SEED", u64::from(std::process::id()) * 2_654_435_761 + 1);
        println!("E2E_SEED={seed}");
        let mut random = Random::new(seed);
        for number in 0..if machine::full() { 200 } else { 12 } {
            let victim = VICTIMS[number % VICTIMS.len()];
            let after = Duration::from_micros(random.next(600_000));
            let round = format!("round {number}, {victim:?} after {after:?}, E2E_SEED={seed}");
            let lives = live(&containerd, &format!("k{number}"));
            std::thread::sleep(after);
            if victim == Victim::Containerd {
                containerd.restart();
            } else {
                strike(&containerd, &format!("k{number}"), victim);
            }
            lives.join().expect("the client's calls");
            clear(&containerd, &format!("k{number}"), &round);
        }
    });
}

/// The life of a task, on and on until it is killed; what fails meanwhile may fail.
fn live(containerd: &Containerd, id: &str) -> std::thread::JoinHandle<()> {
    let mut run = containerd.ctr(&["run", "--detach", "--runtime", RUNHCS, "--fifo-dir"]);
    run.arg(containerd.fifos()).args([IMAGE, id, "/bin/sleep", "1000"]);
    let exec = containerd.ctr(&["task", "exec", "--exec-id", "e", id, "/bin/sleep", "0.1"]);
    let kill = containerd.ctr(&["task", "kill", "--signal", "SIGKILL", id]);
    std::thread::spawn(move || {
        for command in [run, exec, kill] {
            tools::finish(command);
        }
    })
}

/// Kills what there is of it.
fn strike(containerd: &Containerd, id: &str, victim: Victim) {
    let record = || {
        let record = fs::read(containerd.systems().join(id).join("record.json")).ok()?;
        serde_json::from_slice::<serde_json::Value>(&record).ok()
    };
    let number = |pointer: &str| record()?.pointer(pointer)?.as_u64();
    let pid = match victim {
        Victim::Containerd => return,
        Victim::Shim => {
            let file = fs::read_to_string(containerd.bundle(id).join("shim.pid"));
            file.ok().and_then(|text| text.trim().parse().ok())
        }
        Victim::Worker => number("/worker"),
        Victim::Init => number("/init/pid"),
    };
    let pid = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by now.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// Has containerd remove the task, and looks for what is left.
fn clear(containerd: &Containerd, id: &str, round: &str) {
    let deadline = Instant::now() + LIMIT;
    loop {
        containerd.call(&["task", "delete", "--force", id]);
        containerd.call(&["container", "delete", id]);
        let listed = ["task", "container"].map(|what| containerd.call(&[what, "list", "--quiet"]));
        let is_listed = listed.iter().any(|ran| ran.code != 0 || !ran.out.is_empty());
        let left = containerd.left();
        if !is_listed && left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{round}: {listed:?} {left:#?}\n{}", containerd.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}
