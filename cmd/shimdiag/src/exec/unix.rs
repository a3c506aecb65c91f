//! FIFOs between the shim and our streams.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use tempfile::TempDir;

const NAMES: [&str; 3] = ["stdin", "stdout", "stderr"];

/// The FIFOs, each with a thread that copies.
pub(super) struct Pipes {
    folder: TempDir,
    has_stderr: bool,
    outputs: Vec<Output>,
}

/// What the command writes. It ends when nobody has the FIFO open for writing: as long
/// as the command may still open it, we do.
struct Output {
    writer: File,
    copy: JoinHandle<io::Result<u64>>,
}

impl Pipes {
    /// A terminal has no stderr.
    pub(super) fn new(is_terminal: bool) -> Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for FIFOs")?;
        let mut pipes = Self { folder, has_stderr: !is_terminal, outputs: Vec::new() };
        for name in NAMES.iter().take(if is_terminal { 2 } else { 3 }) {
            let path = pipes.folder.path().join(name);
            let made = mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0);
            let made = made.map_err(io::Error::from).and_then(|()| match *name {
                "stdin" => {
                    send_input(path.clone());
                    Ok(())
                }
                "stdout" => pipes.copy(&path, io::stdout()),
                _ => pipes.copy(&path, io::stderr()),
            });
            made.with_context(|| format!("making the FIFO {}", path.display()))?;
        }
        Ok(pipes)
    }

    fn copy(&mut self, path: &Path, mut to: impl io::Write + Send + 'static) -> io::Result<()> {
        // Nobody has it open for writing yet, which this is not to wait for.
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let mut reader = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?;
        let writer = OpenOptions::new().write(true).open(path)?;
        rustix::fs::fcntl_setfl(&reader, OFlags::empty())?;
        let copy = std::thread::spawn(move || {
            let copied = io::copy(&mut reader, &mut to)?;
            to.flush()?;
            Ok(copied)
        });
        self.outputs.push(Output { writer, copy });
        Ok(())
    }

    /// Their paths; nothing for what there is none of.
    pub(super) fn names(&self) -> [String; 3] {
        let path = |name| self.folder.path().join(name).to_string_lossy().into_owned();
        let [stdin, stdout, stderr] = NAMES.map(path);
        [stdin, stdout, if self.has_stderr { stderr } else { String::new() }]
    }

    /// Waits until all output has been written.
    pub(super) async fn finish(self) {
        let outputs = self.outputs;
        let joined = tokio::task::spawn_blocking(move || {
            for Output { writer, copy } in outputs {
                drop(writer);
                // Nobody reads what could not be written.
                let _ = copy.join();
            }
        });
        let _ = joined.await;
    }
}

/// Sends our input, once somebody reads it; that ends with this program at the latest.
fn send_input(path: PathBuf) {
    drop(std::thread::spawn(move || -> io::Result<u64> {
        io::copy(&mut io::stdin(), &mut OpenOptions::new().write(true).open(path)?)
    }));
}
