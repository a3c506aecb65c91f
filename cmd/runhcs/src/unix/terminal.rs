//! This program's own terminal.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use anyhow::anyhow;
use rustix::termios::{self, OptionalActions, Termios};

/// The terminal that this program was started on.
pub(super) struct Terminal(Arc<OwnedFd>);

impl Terminal {
    /// The first of our streams that is a terminal.
    pub(super) fn find() -> Option<Self> {
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let streams = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        let terminal = streams.into_iter().find(|stream| termios::isatty(stream))?;
        Some(Self(Arc::new(terminal.try_clone_to_owned().ok()?)))
    }

    /// Columns and rows; `None` where it has no size.
    pub(super) fn size(&self) -> Option<(u16, u16)> {
        let size = termios::tcgetwinsize(&*self.0).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
    }

    /// Passes every key on, until the value is dropped or the program panics.
    pub(super) fn raw_mode(&self) -> anyhow::Result<RawMode> {
        let saved = termios::tcgetattr(&*self.0)
            .map_err(|error| anyhow!("reading the terminal's mode: {error}"))?;
        let mut raw = saved.clone();
        raw.make_raw();
        termios::tcsetattr(&*self.0, OptionalActions::Now, &raw)
            .map_err(|error| anyhow!("setting the terminal's mode: {error}"))?;
        let mode = RawMode { terminal: Arc::clone(&self.0), saved };
        // A panic may end the program without dropping anything.
        let (terminal, saved) = (Arc::clone(&mode.terminal), mode.saved.clone());
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let _ = termios::tcsetattr(&*terminal, OptionalActions::Now, &saved);
            hook(panic);
        }));
        Ok(mode)
    }
}

/// A terminal in raw mode. Dropped, it has the mode again that it had.
pub(super) struct RawMode {
    terminal: Arc<OwnedFd>,
    saved: Termios,
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(&*self.terminal, OptionalActions::Now, &self.saved);
    }
}
