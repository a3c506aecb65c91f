//! The processes that the shim's own children leave behind: it adopts them, and buries
//! them when they have ended.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whoever in the shim has started a process waits for it at once. What has ended and
/// is still there after so long is nobody's.
const NOBODY_S: Duration = Duration::from_secs(2);

/// Adopts from now on.
pub(super) fn adopt() -> anyhow::Result<()> {
    set_child_subreaper(Some(getpid())).context("becoming a subreaper")?;
    let ended = signal(SignalKind::child()).context("catching SIGCHLD")?;
    tokio::spawn(bury(ended));
    Ok(())
}

async fn bury(mut ended: Signal) {
    while ended.recv().await.is_some() {
        let mut before = zombies();
        while !before.is_empty() {
            tokio::time::sleep(NOBODY_S).await;
            let now = zombies();
            for pid in before.intersection(&now) {
                // It may be gone by now.
                let _ = Pid::from_raw(*pid).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
            }
            before = &now - &before;
        }
    }
}

/// Our children that have ended and that nobody has waited for.
fn zombies() -> HashSet<i32> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let children =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let pids = children.flat_map(|pids| {
        pids.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>()
    });
    pids.filter(|pid| has_ended(*pid)).collect()
}

fn has_ended(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Behind the name, which may have any character in it.
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}
