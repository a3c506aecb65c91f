//! What is left of a shim that broke down: a record in the bundle, which `delete`
//! tells containerd of.

use std::backtrace::Backtrace;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::bundle::PANIC_LOG;

/// How much of a record is told.
const MOST: u64 = 1 << 20;

/// Has each panic recorded, on stderr: `start` has made that the record's file.
pub(crate) fn begin() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let record = format!(
            "panic in thread {}: {panic}\n{}\n",
            thread.name().unwrap_or("without a name"),
            Backtrace::force_capture()
        );
        // There is nobody else to tell.
        let _ = io::stderr().write_all(record.as_bytes());
        tracing::error!(%panic, "the shim panicked");
    }));
}

/// The record in a bundle, where something is in it.
///
/// # Errors
/// It is there and can't be read.
pub(crate) fn read(bundle: &Path) -> io::Result<Option<String>> {
    let file = match File::open(bundle.join(PANIC_LOG)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut record = Vec::new();
    file.take(MOST).read_to_end(&mut record)?;
    let record = String::from_utf8_lossy(&record).into_owned();
    Ok((!record.is_empty()).then_some(record))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()).expect("none"), None);
        let path = folder.path().join(PANIC_LOG);
        std::fs::write(&path, "").expect("an empty one");
        assert_eq!(read(folder.path()).expect("an empty one"), None);
        std::fs::write(&path, vec![b'x'; 3 << 20]).expect("a long one");
        let record = read(folder.path()).expect("a long one").expect("some of it");
        assert_eq!(record.len(), 1 << 20);
    }
}
