//! The start of a shim.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

use crate::start::panic_record;

/// The most that a shim says of why it does not serve.
const MOST: u64 = 64 * 1024;

/// The highest `oom_score_adj`.
const WORST: i32 = 1000;

/// A shim that was started.
#[derive(Debug)]
pub(crate) struct Shim(Child);

impl Shim {
    /// Starts it in the bundle, with our standard input.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        bundle: &Path,
    ) -> anyhow::Result<Self> {
        let record = panic_record(bundle);
        let stderr =
            File::create(&record).with_context(|| format!("creating {}", record.display()))?;
        let child = Command::new(program)
            .args(arguments)
            .current_dir(bundle)
            .stdin(Stdio::inherit())
            .stdout(Stdio::piped())
            .stderr(stderr)
            // What is sent to containerd's group is not for us.
            .process_group(0)
            .spawn()
            .context("starting the shim")?;
        give_up_before_containerd(child.id());
        Ok(Self(child))
    }

    /// Waits until it listens, which it tells by ending its standard output, and gives
    /// what it has said before.
    #[allow(clippy::unused_async, reason = "as on Windows; nothing else is to be done here")]
    pub(crate) async fn until_ready(&mut self) -> anyhow::Result<String> {
        let mut said = String::new();
        if let Some(stdout) = self.0.stdout.take() {
            stdout.take(MOST).read_to_string(&mut said).context("hearing from the shim")?;
        }
        if said.is_empty()
            && let Some(status) = self.0.try_wait()?
        {
            bail!("it ended before it listened: {status}");
        }
        Ok(said)
    }

    /// Its process id. It lives on without this handle.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Ends it.
    #[allow(clippy::unused_async, reason = "as on Windows")]
    pub(crate) async fn end(mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where memory is short, the kernel is to end a shim rather than containerd, whose
/// score is ours.
fn give_up_before_containerd(pid: u32) {
    let own = fs::read_to_string("/proc/self/oom_score_adj").ok();
    let Some(own) = own.and_then(|own| own.trim().parse::<i32>().ok()) else { return };
    let score = (own + 1).min(WORST).to_string();
    // A shim with containerd's own score works too.
    let _ = fs::write(format!("/proc/{pid}/oom_score_adj"), score);
}
