//! Files that appear together, or not at all.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use layer_image::ImageFile;

/// The exit code after Ctrl-C, as a shell has it.
const INTERRUPTED: i32 = 130;

/// Held while names of files change: Ctrl-C waits for it, so that it finds either none of
/// a run's files under their names, or all.
static NAMES: Mutex<()> = Mutex::new(());

/// At Ctrl-C, removes what is not published and ends the program.
pub(crate) fn remove_at_interrupt() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        // Not given back: no file is begun any more.
        let _names = names();
        layer_image::remove_unfinished();
        let _ = writeln!(std::io::stderr(), "dmverity-vhd: interrupted");
        std::process::exit(INTERRUPTED);
    })
}

/// A file that is written, and not published yet.
#[derive(Debug)]
pub(crate) struct Staged {
    image: ImageFile,
    /// Where it would be published to.
    path: PathBuf,
}

impl Staged {
    /// Begins a file that will be at `path`, and opens it.
    pub(crate) fn create(path: &Path) -> anyhow::Result<(Self, fs::File)> {
        let _names = names();
        let (image, file) = ImageFile::create(path)?;
        Ok((Self { image, path: path.to_owned() }, file))
    }

    /// Whether nothing was written to it before it was opened.
    pub(crate) fn is_new(&self) -> bool {
        self.image.is_new()
    }
}

/// Publishes files, each under its name. Where one can't be, none is there after.
pub(crate) fn publish(files: impl IntoIterator<Item = (Staged, PathBuf)>) -> anyhow::Result<()> {
    let _names = names();
    let mut published = Published(Vec::new());
    for (staged, name) in files {
        staged.image.publish()?;
        published.0.push(staged.path.clone());
        if staged.path != name {
            fs::rename(&staged.path, &name).with_context(|| {
                format!("renaming {} to {}", staged.path.display(), name.display())
            })?;
            published.0.push(name);
        }
    }
    published.0.clear();
    Ok(())
}

/// Names that files have got; dropped, they are taken away again.
struct Published(Vec<PathBuf>);

impl Drop for Published {
    fn drop(&mut self) {
        for path in &self.0 {
            // It may have got another name.
            let _ = fs::remove_file(path);
        }
    }
}

fn names() -> MutexGuard<'static, ()> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}
