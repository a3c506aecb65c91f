//! Where a tar comes from, with a bar that shows how far it is read.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::arguments::Arguments;

/// An input that is open, but of which nothing was read.
pub(crate) struct Input {
    source: Source,
    path: PathBuf,
    quiet: bool,
}

enum Source {
    Stdin,
    File(File),
}

impl Input {
    pub(crate) fn open(arguments: &Arguments) -> Result<Self> {
        let path = arguments.input.clone().unwrap_or_else(|| "standard input".into());
        let source = match &arguments.input {
            Some(path) => {
                let opened = File::open(path);
                Source::File(opened.with_context(|| format!("opening {}", path.display()))?)
            }
            None => Source::Stdin,
        };
        Ok(Self { source, path, quiet: arguments.json })
    }

    /// The file, where it is one.
    pub(crate) fn file(&self) -> Option<&File> {
        match &self.source {
            Source::File(file) => Some(file),
            Source::Stdin => None,
        }
    }

    /// What the input holds, byte by byte.
    pub(crate) fn unchanged(self) -> Box<dyn Read + Send> {
        let bar = self.bar();
        match self.source {
            Source::File(file) => Box::new(bar.wrap_read(file)),
            Source::Stdin => Box::new(bar.wrap_read(io::stdin())),
        }
    }

    /// The same, unpacked where it is packed.
    pub(crate) fn unpacked(self) -> Result<Box<dyn Read + Send>> {
        let path = self.path.clone();
        let unpacked = layer_image::decompressed(self.unchanged());
        Ok(unpacked.with_context(|| format!("reading {}", path.display()))?.0)
    }

    /// On a terminal only.
    fn bar(&self) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let length = self.file().and_then(|file| file.metadata().ok()).map(|file| file.len());
        let template = match length {
            Some(_) => "{bytes}/{total_bytes} {wide_bar} {bytes_per_sec}, {eta} left",
            None => "{bytes} {spinner} {bytes_per_sec}",
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        // The template is ours, and right; without it the bar has another look.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}
