//! Hashes the image's blocks while it is made, on all processors.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tempfile::SpooledTempFile;
use verity::{BLOCK_SIZE, Digest, Tree, TreeBuilder, block_digests};

use crate::error::Error;
use crate::pool::{Piece, Pool};

/// Digests that stay in memory, in bytes; those of 512 MiB of data. More go to a
/// temporary file.
const MAX_IN_MEMORY: usize = 4 << 20;
/// Pieces that wait to be hashed, for each thread.
const WAITING: usize = 2;
/// More threads than this wait for the one that makes the image.
const MAX_THREADS: usize = 8;

/// The tree, as far as it is known.
struct Leaves {
    tree: TreeBuilder<SpooledTempFile>,
    /// What was hashed before what comes first, by its first block.
    early: BTreeMap<u64, Run>,
}

/// Digests in a row.
enum Run {
    Digests(Vec<Digest>),
    /// So many blocks of zeros.
    Zeros(u64),
}

/// Blocks to hash.
struct Job {
    first_block: u64,
    bytes: Arc<Piece>,
}

/// The threads, and the way to them.
pub(crate) struct Hasher {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    leaves: Arc<Mutex<Leaves>>,
    /// Digests of blocks that were written once more, in this order.
    replaced: Vec<(u64, Digest)>,
    next_block: u64,
}

impl Hasher {
    pub(crate) fn new(pool: &Pool) -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
        let (jobs, queue) = sync_channel(count * WAITING);
        let queue = Arc::new(Mutex::new(queue));
        let storage = SpooledTempFile::new(MAX_IN_MEMORY);
        let leaves = Leaves { tree: TreeBuilder::with_storage(storage), early: BTreeMap::new() };
        let leaves = Arc::new(Mutex::new(leaves));
        let mut threads = Vec::new();
        for _ in 0..count {
            let (queue, leaves, pool) = (Arc::clone(&queue), Arc::clone(&leaves), pool.clone());
            let hash = move || hash_all(&queue, &leaves, &pool);
            threads.push(thread::Builder::new().name("hasher".into()).spawn(hash)?);
        }
        Ok(Self { jobs: Some(jobs), threads, leaves, replaced: Vec::new(), next_block: 0 })
    }

    /// Hashes whole blocks, the next of the image.
    pub(crate) fn push(&mut self, bytes: Arc<Piece>) -> io::Result<()> {
        let job = Job { first_block: self.next_block, bytes };
        self.next_block += (job.bytes.len() / BLOCK_SIZE) as u64;
        match &self.jobs {
            Some(jobs) if jobs.send(job).is_ok() => Ok(()),
            _ => Err(io::Error::other("the hashing threads have ended")),
        }
    }

    /// So many blocks of zeros are next.
    pub(crate) fn push_zeros(&mut self, blocks: u64) -> io::Result<()> {
        if blocks == 0 {
            return Ok(());
        }
        lock(&self.leaves).put(self.next_block, Run::Zeros(blocks))?;
        self.next_block += blocks;
        Ok(())
    }

    /// Blocks that were hashed already are other ones now.
    pub(crate) fn replace(&mut self, first_block: u64, bytes: &[u8]) {
        let mut digests = Vec::new();
        block_digests(bytes, &mut digests);
        self.replaced.extend((first_block..).zip(digests));
    }

    /// The tree over all that was hashed.
    pub(crate) fn finish(mut self) -> Result<Tree<SpooledTempFile>, Error> {
        let doing = "hashing the image";
        self.jobs = None;
        for thread in self.threads.drain(..) {
            thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a hasher has panicked")))
                .map_err(Error::io(doing))?;
        }
        let leaves = Arc::into_inner(self.leaves);
        let leaves = leaves
            .ok_or_else(|| io::Error::other("a hasher still runs"))
            .map_err(Error::io(doing))?;
        let mut tree = leaves.into_inner().unwrap_or_else(PoisonError::into_inner).tree;
        for (block, digest) in self.replaced {
            tree.replace(block, digest).map_err(Error::io(doing))?;
        }
        Ok(tree.finish()?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash_all(queue: &Mutex<Receiver<Job>>, leaves: &Mutex<Leaves>, pool: &Pool) -> io::Result<()> {
    loop {
        let Ok(job) = lock(queue).recv() else { return Ok(()) };
        let mut digests = Vec::with_capacity(job.bytes.len() / BLOCK_SIZE);
        block_digests(&job.bytes, &mut digests);
        pool.give(job.bytes);
        lock(leaves).put(job.first_block, Run::Digests(digests))?;
    }
}

impl Leaves {
    /// Adds digests, and those that waited for them.
    fn put(&mut self, first_block: u64, run: Run) -> io::Result<()> {
        self.early.insert(first_block, run);
        while let Some(first) = self.early.first_entry() {
            if *first.key() != self.tree.len() {
                break;
            }
            match first.remove() {
                Run::Digests(digests) => self.tree.push_digests(&digests)?,
                Run::Zeros(blocks) => self.tree.push_zero_blocks(blocks)?,
            }
        }
        Ok(())
    }
}
