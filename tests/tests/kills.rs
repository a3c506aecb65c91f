//! The creator, the worker and a container's first process, killed at random
//! moments: the state is told truthfully, and nothing is left.
//!
//! `E2E_FULL=1` kills 200 times, else it is 30. `E2E_SEED` sets the seed, which
//! is printed.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use compute::ComputeService;
use e2e::bundle::Bundle;
use e2e::drive::{self, document, finish, sh, until, within};
use e2e::leaks::Leaks;
use e2e::random::Random;
use e2e::{Stage, machine, on_stage, programs};
use rustix::process::{Pid, Signal};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Victim {
    Creator,
    Worker,
    Init,
}

/// A creator that makes systems one after the other, until it is killed.
struct Creator(Child);

impl Creator {
    fn start(stage: &Stage, name: &str) -> Self {
        let path = stage.path().join("document.json");
        if !path.exists() {
            std::fs::write(&path, serde_json::to_vec(&document(stage)).expect("json"))
                .expect("write");
        }
        let child = Command::new(programs::client())
            .arg("cycle")
            .args([stage.path(), &path])
            .arg(stage.name(name))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the client"))
    }
}

impl Drop for Creator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn kill(pid: u32) {
    if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// The pid in the record of a system.
fn recorded(stage: &Stage, name: &str, what: &str) -> Option<u32> {
    in_record(&record_of(stage, name), what)
}

fn record_of(stage: &Stage, name: &str) -> PathBuf {
    stage.roots().state.join("systems").join(stage.name(name)).join("record.json")
}

fn in_record(path: &Path, what: &str) -> Option<u32> {
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let pid = record.pointer(what)?.as_u64()?;
    u32::try_from(pid).ok()
}

/// Whether a process runs: one that waits for its parent's look does not.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// Kills the victim, some time into the life of a system.
fn strike(
    stage: &Stage,
    name: &str,
    victim: Victim,
    after: Duration,
    creator: &mut Creator,
) -> Option<u32> {
    std::thread::sleep(after);
    if victim == Victim::Creator {
        creator.0.kill().expect("kill");
        creator.0.wait().expect("wait");
        return None;
    }
    let what = if victim == Victim::Worker { "/worker" } else { "/init/pid" };
    // The moment may be one between two systems: the next one comes soon.
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if let Some(pid) = recorded(stage, name, what) {
            kill(pid);
            return Some(pid);
        }
    }
    panic!("no system for 30 s");
}

/// What is told of the system afterwards has to be so.
async fn check_truth(stage: &Stage, name: &str, round: &str) {
    let host = stage.host();
    let system = match host.open(&stage.id(name)).await {
        Err(error) if compute::error::is_not_exist(&error) => return,
        Err(error) => panic!("{round}: open: {error:#}"),
        Ok(system) => system,
    };
    let told = system
        .properties(&Default::default())
        .await
        .unwrap_or_else(|error| panic!("{round}: {error:#}"));
    match told.state.as_str() {
        "Running" => {
            // It does run: something can be done in it. Or the blow fell just
            // now, and it is about to be told.
            match system.create_process(&sh("echo lives"), Default::default()).await {
                Ok(process) => {
                    let _ = within(process.wait()).await;
                    let ended = process.exit_code().await;
                    assert!(
                        ended != Ok(0) || finish(process.as_ref()).await.out == "lives\n",
                        "{round}"
                    );
                }
                Err(_) => {
                    until(&format!("{round}: it is stopped"), async || {
                        let told = system.properties(&Default::default()).await;
                        told.is_ok_and(|told| told.stopped)
                    })
                    .await;
                }
            }
        }
        "Created" => {}
        "Stopped" => {
            let exit =
                within(system.wait()).await.unwrap_or_else(|error| panic!("{round}: {error:#}"));
            assert!(told.stopped && exit.exit_type == told.exit_type, "{round}: {told:?} {exit:?}");
            let alive = recorded(stage, name, "/init/pid").is_some_and(runs);
            assert!(!alive, "{round}: stopped, and its first process runs");
        }
        other => panic!("{round}: {other}"),
    }
    if let Err(error) = system.terminate().await {
        panic!("{round}: terminate: {error:#}");
    }
    within(system.wait()).await.unwrap_or_else(|error| panic!("{round}: wait: {error:#}"));
    system.close().await.expect("close");
}

#[test]
fn whoever_is_killed_the_state_is_true_and_nothing_stays() {
    on_stage("whoever_is_killed_the_state_is_true_and_nothing_stays", async |stage| {
        let seed = machine::number("E2E_SEED", u64::from(std::process::id()) * 2_654_435_761 + 1);
        println!("E2E_SEED={seed}");
        let mut random = Random::new(seed);
        let rounds: usize = if machine::full() { 200 } else { 30 };
        for number in 0..rounds {
            let victim = [Victim::Creator, Victim::Worker, Victim::Init][number % 3];
            let after = Duration::from_micros(random.next(150_000));
            let (name, round) =
                ("k", format!("round {number}, {victim:?} after {after:?}, E2E_SEED={seed}"));
            let mut creator = Creator::start(stage, name);
            strike(stage, name, victim, after, &mut creator);
            drop(creator);
            check_truth(stage, name, &round).await;
            // What was never confirmed undoes itself; what died is collected.
            let deadline = Instant::now() + drive::LIMIT;
            loop {
                host_linux::gc(stage.roots())
                    .unwrap_or_else(|error| panic!("{round}: gc: {error}"));
                let leaks = Leaks::find(stage.path(), stage.tag());
                if leaks.is_empty() {
                    break;
                }
                assert!(Instant::now() < deadline, "{round}: left behind: {leaks:#?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    });
}

#[test]
fn a_killed_worker_reads_as_an_unexpected_exit() {
    on_stage("a_killed_worker_reads_as_an_unexpected_exit", async |stage| {
        let system = e2e::drive::started(stage, "a", document(stage)).await;
        let process = system
            .create_process(&sh("exec sleep 1000"), Default::default())
            .await
            .expect("create process");
        let events = system.events();
        kill(recorded(stage, "a", "/worker").expect("the worker's pid"));
        let exit = within(system.wait()).await.expect("wait");
        assert_eq!(exit.exit_type, "UnexpectedExit");
        let seen: Vec<_> = within(futures_util::StreamExt::collect::<Vec<_>>(events)).await;
        assert!(matches!(seen[0], compute::SystemEvent::ServiceDisconnect), "{seen:?}");
        let error = within(process.wait()).await.expect_err("how it ended is not known");
        assert!(
            compute::error::is_any(&error, &[compute::error::Named::UnexpectedProcessAbort]),
            "{error}"
        );
        until("its processes are gone", async || !runs(process.pid())).await;
        let told = system.properties(&Default::default()).await.expect("properties");
        assert_eq!((told.state.as_str(), told.exit_type.as_str()), ("Stopped", "UnexpectedExit"));
        let again = stage.host().open(&stage.id("a")).await.expect("open");
        assert!(within(again.wait()).await.expect("wait").is_unexpected());
        again.terminate().await.expect("terminate removes the record");
        assert_eq!(e2e::drive::state(stage, "a").await, "gone");
    });
}

#[test]
fn a_killed_first_process_ends_its_system() {
    on_stage("a_killed_first_process_ends_its_system", async |stage| {
        let system = e2e::drive::started(stage, "a", document(stage)).await;
        let process = system
            .create_process(&sh("exec sleep 1000"), Default::default())
            .await
            .expect("create process");
        kill(recorded(stage, "a", "/init/pid").expect("the first process's pid"));
        assert!(within(system.wait()).await.expect("wait").is_unexpected());
        within(process.wait()).await.expect("wait");
        assert_eq!(process.exit_code().await, Ok(137));
        system.close().await.expect("close");
    });
}

/// A group of a path that the spec names stayed for ever where the worker died between making
/// it and writing that down, and the folder of a system that was never made stayed.
#[test]
fn a_worker_that_dies_before_its_system_is_made_leaves_nothing() {
    on_stage("a_worker_that_dies_before_its_system_is_made_leaves_nothing", async |stage| {
        let bundle = Bundle::new(stage, "b").sh("exec sleep 1000");
        let document = bundle.document();
        let host = stage.host();
        let mut failed = 0;
        for number in 0..60_u64 {
            let name = format!("k{number}");
            let (id, after) = (stage.id(&name), Duration::from_micros(number * 50));
            let making = host.create(&id, &document);
            let killing = tokio::task::spawn_blocking({
                let record = record_of(stage, &name);
                move || {
                    let deadline = Instant::now() + drive::LIMIT;
                    let pid = loop {
                        if let Some(pid) = in_record(&record, "/worker") {
                            break pid;
                        }
                        assert!(Instant::now() < deadline, "no worker");
                    };
                    std::thread::sleep(after);
                    kill(pid);
                }
            });
            let (made, killed) = tokio::join!(making, killing);
            killed.expect("a worker");
            match made {
                Err(error) => {
                    failed += 1;
                    let lost = [compute::error::Named::UnexpectedProcessAbort];
                    assert!(compute::error::is_any(&error, &lost), "{error}");
                }
                Ok(system) => system.terminate().await.expect("terminate"),
            }
            let deadline = Instant::now() + drive::LIMIT;
            loop {
                let leaks = Leaks::find(stage.path(), stage.tag());
                if leaks.is_empty() {
                    break;
                }
                assert!(Instant::now() < deadline, "{number}, after {after:?}: {leaks:#?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        assert!(failed > 0, "each was made before its worker died");
    });
}
