//! The OCI hooks that run once a container has gone.
//!
//! Whoever removes the system runs them: the worker, or a client that finds a
//! worker dead. The latter has threads, so these are started with exec at once
//! and not by the container runtime, which forks.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oci_spec::runtime::Hook;
use rustix::process::{Pid, PidfdFlags};

use crate::store::PostStop;

/// Runs the hooks in order. As the specification has it, one that fails is
/// logged and the next one runs.
pub(crate) fn run(poststop: &PostStop) {
    let state = serde_json::json!({
        "ociVersion": runtime::OCI_VERSION,
        "id": poststop.id,
        "status": "stopped",
        "bundle": poststop.bundle,
        "annotations": poststop.annotations,
    });
    for hook in &poststop.hooks {
        if let Err(error) = run_one(hook, &poststop.bundle, &state.to_string()) {
            let path = hook.path().display();
            tracing::warn!(id = %poststop.id, hook = %path, %error, "a poststop hook failed");
        }
    }
}

fn run_one(hook: &Hook, bundle: &Path, state: &str) -> io::Result<()> {
    let mut command = Command::new(hook.path());
    if let Some((name, arguments)) = hook.args().as_deref().and_then(<[String]>::split_first) {
        std::os::unix::process::CommandExt::arg0(&mut command, name);
        command.args(arguments);
    }
    let environment = hook.env().as_deref().unwrap_or_default();
    let mut child = command
        .env_clear()
        .envs(environment.iter().filter_map(|entry| entry.split_once('=')))
        .current_dir(if bundle.is_dir() { bundle } else { Path::new("/") })
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A hook need not read its input.
        let _ = stdin.write_all(state.as_bytes());
    }
    let limit = hook.timeout().and_then(|seconds| u64::try_from(seconds).ok());
    if !ends_within(&child, limit.map(Duration::from_secs))? {
        child.kill()?;
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}

fn ends_within(child: &Child, limit: Option<Duration>) -> io::Result<bool> {
    let (Some(limit), Some(pid)) = (limit, Pid::from_raw(child.id().cast_signed())) else {
        return Ok(true);
    };
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    let mut poll = [rustix::event::PollFd::new(&pidfd, rustix::event::PollFlags::IN)];
    let limit = rustix::time::Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: 0 };
    Ok(rustix::event::poll(&mut poll, Some(&limit))? > 0)
}
