//! Writes the image's file behind who makes it. Zeros become holes.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::pool::{Piece, Pool};

/// Pieces that wait to be written.
const BEHIND: usize = 4;
/// Zeros that are worth a hole: fewer would cost the file system more than they save.
const HOLE: usize = 16 * 1024;
static ZEROS: [u8; 4096] = [0; 4096];

/// Bytes that belong at an offset.
struct Job {
    offset: u64,
    bytes: Bytes,
}

/// A piece of the image, or what replaces some of it.
pub(crate) enum Bytes {
    Piece(Arc<Piece>),
    Again(Vec<u8>),
}

/// The thread, and the way to it.
#[derive(Debug)]
pub(crate) struct WriterThread {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<io::Result<File>>>,
}

impl WriterThread {
    /// `holes` may be left where the file is new.
    pub(crate) fn new(file: File, holes: bool, pool: Pool) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(BEHIND);
        let thread = thread::Builder::new()
            .name("image-writer".into())
            .spawn(move || write_all(file, holes, &queue, &pool))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands bytes over.
    ///
    /// # Errors
    /// That of an earlier piece.
    pub(crate) fn write(&mut self, offset: u64, bytes: Bytes) -> io::Result<()> {
        let job = Job { offset, bytes };
        match &self.jobs {
            Some(jobs) if jobs.send(job).is_ok() => Ok(()),
            _ => Err(self.end().err().unwrap_or_else(|| io::Error::other("the writer has ended"))),
        }
    }

    /// Waits until all is written.
    pub(crate) fn end(&mut self) -> io::Result<File> {
        self.jobs = None;
        let thread = self.thread.take().ok_or_else(|| io::Error::other("the writer has ended"))?;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the writer has panicked")))
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        // The file is closed before it is removed.
        let _ = self.end();
    }
}

fn write_all(file: File, holes: bool, queue: &Receiver<Job>, pool: &Pool) -> io::Result<File> {
    let mut file = SparseFile { file, position: u64::MAX };
    while let Ok(job) = queue.recv() {
        let bytes = match &job.bytes {
            Bytes::Piece(piece) => piece,
            Bytes::Again(bytes) => bytes.as_slice(),
        };
        if holes {
            file.write_with_holes(job.offset, bytes)?;
        } else {
            file.write_at(job.offset, bytes)?;
        }
        if let Bytes::Piece(piece) = job.bytes {
            pool.give(piece);
        }
    }
    Ok(file.file)
}

/// A file that remembers where it stands.
struct SparseFile {
    file: File,
    position: u64,
}

impl SparseFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.position != offset {
            self.file.seek(SeekFrom::Start(offset))?;
        }
        self.file.write_all(bytes)?;
        self.position = offset + bytes.len() as u64;
        Ok(())
    }

    fn write_with_holes(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut start = 0;
        let mut at = 0;
        while at < bytes.len() {
            let zeros = zeros_from(&bytes[at..]);
            if zeros >= HOLE {
                self.write_at(offset + start as u64, &bytes[start..at])?;
                start = at + zeros;
            }
            at += zeros.max(ZEROS.len());
        }
        match bytes.get(start..) {
            Some(rest) => self.write_at(offset + start as u64, rest),
            None => Ok(()),
        }
    }
}

/// Bytes of the whole zero blocks that a slice begins with.
fn zeros_from(bytes: &[u8]) -> usize {
    bytes.chunks_exact(ZEROS.len()).take_while(|block| **block == ZEROS).count() * ZEROS.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_file_with_holes_reads_like_one_without() {
        let mut bytes = vec![0; 512 * 1024];
        bytes[5 * 4096] = 1;
        bytes[7 * 4096..9 * 4096].fill(2);
        bytes[100 * 4096 + 4095] = 3;
        let mut read = Vec::new();
        for holes in [true, false] {
            let file = tempfile::tempfile().expect("file");
            let mut writer = WriterThread::new(file, holes, Pool::default()).expect("thread");
            writer.write(0, Bytes::Again(bytes[..40 * 4096].to_vec())).expect("write");
            writer.write(40 * 4096, Bytes::Again(bytes[40 * 4096..].to_vec())).expect("write");
            let mut file = writer.end().expect("end");
            file.set_len(bytes.len() as u64).expect("length");
            file.rewind().expect("rewind");
            read.clear();
            file.read_to_end(&mut read).expect("read");
            assert!(read == bytes, "holes: {holes}");
        }
    }
}
