//! A layer's uncompressed tar, whose digests are checked once it was read.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, ensure};
use layer_image::{Compression, decompressed};
use sha2::{Digest as _, Sha256};

use super::parallel::Stop;
use crate::console::Console;
use crate::digest::Digest;
use crate::image::Layer;
use crate::input::Section;

/// The tar.
pub(super) type CheckedTar = Hashed<Box<dyn Read + Send>>;

impl CheckedTar {
    /// Opens a layer's tar. What is checked when it was read comes with it.
    pub(super) fn open(
        layer: &Layer,
        stop: Stop,
        console: Console,
    ) -> anyhow::Result<(Self, Check<'_>)> {
        let mut start = Vec::new();
        layer.member.open()?.take(4).read_to_end(&mut start)?;
        let is_compressed = Compression::of(&start) != Compression::None;
        let stored = Watched { input: layer.member.open()?, stop, console };
        let (stored, stored_digest) = Hashed::new(stored);
        let input: Box<dyn Read + Send> = if is_compressed && layer.digest.is_some() {
            Box::new(stored)
        } else {
            Box::new(stored.input)
        };
        let (tar, _) = decompressed(input).context("beginning to decompress it")?;
        let (tar, tar_digest) = Hashed::new(tar);
        // What is not compressed is hashed once.
        let stored_digest = if is_compressed { stored_digest } else { Arc::clone(&tar_digest) };
        Ok((tar, Check { layer, stored_digest, tar_digest }))
    }
}

/// The digests that a layer's tar should have, and those that it has.
pub(super) struct Check<'a> {
    layer: &'a Layer,
    stored_digest: Arc<OnceLock<Digest>>,
    tar_digest: Arc<OnceLock<Digest>>,
}

impl Check<'_> {
    /// Compares the digests. Gives the uncompressed tar's. All of it must have been read.
    pub(super) fn finish(self) -> anyhow::Result<Digest> {
        if let Some(wanted) = self.layer.digest {
            compare_stored(wanted, found(&self.stored_digest)?)?;
        }
        let diff_id = found(&self.tar_digest)?;
        if let Some(wanted) = self.layer.diff_id {
            ensure!(
                diff_id == wanted,
                "its uncompressed tar has the digest {diff_id}, the image's configuration says {wanted}"
            );
        }
        Ok(diff_id)
    }

    /// Reads the stored tar once more. An error says that its digest is another than it
    /// should be.
    pub(super) fn damage(self) -> anyhow::Result<Option<anyhow::Error>> {
        let Some(wanted) = self.layer.digest else { return Ok(None) };
        let mut hasher = Sha256::new();
        io::copy(&mut self.layer.member.open()?, &mut HashWriter(&mut hasher))?;
        Ok(compare_stored(wanted, Digest::new(hasher.finalize().into())).err())
    }
}

fn compare_stored(wanted: Digest, found: Digest) -> anyhow::Result<()> {
    ensure!(found == wanted, "blob {wanted} is damaged: its digest is {found}");
    Ok(())
}

fn found(digest: &OnceLock<Digest>) -> anyhow::Result<Digest> {
    digest.get().copied().context("it was not read to its end")
}

/// A reader whose digest is known when it has ended.
pub(super) struct Hashed<R> {
    input: R,
    hasher: Sha256,
    digest: Arc<OnceLock<Digest>>,
}

impl<R> Hashed<R> {
    fn new(input: R) -> (Self, Arc<OnceLock<Digest>>) {
        let digest = Arc::new(OnceLock::new());
        (Self { input, hasher: Sha256::new(), digest: Arc::clone(&digest) }, digest)
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() {
            self.digest.get_or_init(|| Digest::new(self.hasher.clone().finalize().into()));
        }
        Ok(read)
    }
}

/// A file whose reader tells how far it is, and stops where it should.
struct Watched {
    input: Section,
    stop: Stop,
    console: Console,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_set() {
            return Err(io::Error::other("another layer has failed"));
        }
        let read = self.input.read(buffer)?;
        self.console.advance(read as u64);
        Ok(read)
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
