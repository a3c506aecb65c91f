//! Named pipes of Windows: the process writes to the compute service's pipes, which are copied
//! to containerd's.

mod far;
mod logger;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use compute::{Process, StdioSource};
use host_windows::named_pipe::Pipe;

use self::far::FarPipe;
use self::logger::Logger;
use super::copies::Copies;
use super::{IoError, Request, Target};

/// The streams of a process.
pub(crate) struct Streams {
    /// Which the process is to have.
    wanted: [bool; 3],
    far: Mutex<FarEnds>,
    copies: Copies,
}

#[derive(Default)]
struct FarEnds {
    input: Option<Pipe>,
    outputs: [Option<Output>; 2],
    logger: Option<Logger>,
}

enum Output {
    Containerd(FarPipe),
    Logger(Pipe),
}

impl Streams {
    /// Opens the far ends.
    ///
    /// # Errors
    /// One can't be opened.
    pub(crate) async fn open(request: &Request) -> Result<Self, IoError> {
        let mut far = FarEnds::default();
        if !request.stdin.is_empty() {
            far.input = Some(far::dial(&request.stdin, Duration::ZERO).await?);
        }
        let mut wanted =
            [&request.stdin, &request.stdout, &request.stderr].map(|text| !text.is_empty());
        if let Ok(Target::Logger(uri)) = Target::parse(&request.stdout) {
            // It takes both, whatever the other's target says.
            let (logger, outputs) = Logger::start(uri, request).await?;
            far.logger = Some(logger);
            far.outputs = outputs.map(|pipe| Some(Output::Logger(pipe)));
            wanted = [false, true, true];
        } else {
            for (slot, text) in far.outputs.iter_mut().zip([&request.stdout, &request.stderr]) {
                if !text.is_empty() {
                    *slot = Some(Output::Containerd(FarPipe::open(text, request.retry).await?));
                }
            }
        }
        Ok(Self { wanted, far: Mutex::new(far), copies: Copies::default() })
    }

    /// What the process is made with.
    pub(crate) fn source(&self) -> StdioSource {
        StdioSource::Pipes
    }

    /// Which streams the process is to have.
    pub(crate) fn wanted(&self) -> [bool; 3] {
        self.wanted
    }

    /// Copies what has to be copied, from now on.
    ///
    /// # Errors
    /// The process's streams are not to be had.
    pub(crate) async fn attach(&self, process: &Arc<dyn Process>) -> compute::Result<()> {
        let stdio = process.stdio().await?;
        let mut far = self.far.lock().unwrap_or_else(PoisonError::into_inner);
        for (slot, near) in far.outputs.iter_mut().zip([stdio.stdout, stdio.stderr]) {
            match (slot.take(), near) {
                (Some(Output::Containerd(to)), Some(near)) => self.copies.output(near, to),
                (Some(Output::Logger(to)), Some(near)) => self.copies.output(near, to),
                _ => {}
            }
        }
        if let (Some(input), Some(stdin)) = (far.input.take(), stdio.stdin) {
            self.copies.input(input, stdin);
        }
        Ok(())
    }

    /// Ends the input: the process reads what was written before, and then its end.
    pub(crate) async fn close_stdin(&self) {
        self.copies.close_stdin().await;
    }

    /// The process has ended: waits for the rest of its output as long as it flows,
    /// and closes all.
    pub(crate) async fn finish(&self) {
        self.copies.finish().await;
        let far = std::mem::take(&mut *self.far.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(logger) = far.logger {
            logger.finish().await;
        }
    }
}
