//! The start of a shim.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle};
use std::path::Path;

use anyhow::{Context as _, bail};
use host_windows::exec::{Child, Command, Stdio};
use tokio::io::AsyncReadExt;

use crate::start::panic_record;

/// `DETACHED_PROCESS`: it has no console, so Ctrl-C is not for it, and no console's host
/// has its standard output open after it has closed it.
const DETACHED: u32 = 0x8;

/// The most that a shim says of why it does not serve.
const MOST: u64 = 64 * 1024;

/// A shim that was started.
#[derive(Debug)]
pub(crate) struct Shim(Child);

impl Shim {
    /// Starts it in the bundle, with our standard input and no other handle of ours:
    /// containerd waits until nobody has our output any more.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        bundle: &Path,
    ) -> anyhow::Result<Self> {
        let record = panic_record(bundle);
        let stderr =
            File::create(&record).with_context(|| format!("creating {}", record.display()))?;
        let stdin = io::stdin();
        let mut command = Command::new(program).args(arguments);
        command.directory = Some(bundle.to_owned());
        if !stdin.as_raw_handle().is_null() {
            command.stdin = Stdio::Handle(stdin.as_handle());
        }
        command.stdout = Stdio::Piped;
        command.stderr = Stdio::Handle(stderr.as_handle());
        command.flags = DETACHED;
        Ok(Self(command.spawn().context("starting the shim")?))
    }

    /// Waits until it listens, which it tells by ending its standard output, and gives
    /// what it has said before.
    pub(crate) async fn until_ready(&mut self) -> anyhow::Result<String> {
        let mut said = String::new();
        if let Some(stdout) = self.0.stdout.take() {
            let read = stdout.take(MOST).read_to_string(&mut said).await;
            read.context("hearing from the shim")?;
        }
        if said.is_empty()
            && let Some(code) = self.0.process.exit_code()?
        {
            bail!("it ended before it listened: exit code {code}");
        }
        Ok(said)
    }

    /// Its process id. It lives on without this handle.
    pub(crate) fn pid(&self) -> u32 {
        self.0.process.pid()
    }

    /// Ends it.
    pub(crate) async fn end(self) {
        // It may have ended already.
        let _ = self.0.process.kill(1);
        let _ = self.0.process.wait().await;
    }
}
