//! What people are told on stderr while it lasts.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar where stderr is a terminal, and notes where they are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    verbose: bool,
    bar: ProgressBar,
}

impl Console {
    pub(crate) fn new(verbose: bool) -> Self {
        Self { verbose, bar: ProgressBar::hidden() }
    }

    /// Shows a bar until so many bytes have passed.
    pub(crate) fn start(&mut self, bytes: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::new(bytes);
        let style = "{bar:40} {percent:>3}% {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        self.bar = bar;
    }

    /// More bytes have passed.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// So many bytes have passed in all.
    pub(crate) fn set(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Says what is done, with `--verbose`.
    pub(crate) fn note(&self, text: impl FnOnce() -> String) {
        if self.verbose {
            // Nothing can be done about a stream that takes nothing.
            self.bar.suspend(|| drop(writeln!(std::io::stderr(), "{}", text())));
        }
    }
}
