//! Where one test plays: its own folders, names and hosts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use compute::SystemId;
use host_linux::{LinuxHost, Roots};
use tempfile::TempDir;

use crate::leaks::Leaks;
use crate::{machine, programs, rootfs};

/// How long one test may take: far more than any needs.
const TEST_LIMIT: Duration = Duration::from_secs(300);

/// How long what a test used may take to go.
const CLEAR_LIMIT: Duration = Duration::from_secs(20);

/// The place of one test. Dropped, it clears away what is left.
#[derive(Debug)]
pub struct Stage {
    temp: TempDir,
    /// Whether a look found that nothing is left.
    is_clean: AtomicBool,
    tag: String,
    roots: Roots,
}

impl Stage {
    /// A stage for a test that makes containers. `None`, and a word about it,
    /// where the machine cannot.
    pub fn new(test: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !machine::is_root() {
            machine::left_out(test, "it needs root");
            return None;
        }
        if let Some(why) = rootfs::missing() {
            machine::left_out(test, why);
            return None;
        }
        programs::worker();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Letters and digits: what a host makes names of, whatever else it drops.
        let tag = format!("e2e{}n{number}t", std::process::id());
        // Containers under another user id have to pass through.
        let temp = tempfile::Builder::new()
            .prefix(&tag)
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir_in(machine::temporary_folder())
            .expect("a folder for the test");
        let roots = Roots::below(temp.path());
        Some(Self { temp, is_clean: AtomicBool::new(false), tag, roots })
    }

    /// The host of this stage.
    pub fn host(&self) -> LinuxHost {
        LinuxHost::with_roots(self.roots.clone())
    }

    /// Where the host keeps its state.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// What its ids begin with.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.temp.path()
    }

    /// An id of this stage.
    pub fn id(&self, name: &str) -> SystemId {
        self.name(name).parse().expect("an id")
    }

    /// A name that is this stage's.
    pub fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.tag)
    }

    /// A new folder.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.path().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    /// A root file system; the same one at each call.
    pub fn layer(&self) -> PathBuf {
        let layer = self.path().join("layer");
        if !layer.exists() {
            rootfs::build(&layer).expect("a root file system");
        }
        layer
    }

    /// The environment that makes a program use this stage's folders.
    pub fn environment(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("HCSSHIM_STATE_DIR", self.roots.state.clone()),
            ("HCSSHIM_SCRATCH_DIR", self.roots.scratch.clone()),
            ("HCSSHIM_WORKER", programs::worker()),
        ]
    }

    /// What is left of the test's systems once what is going has gone.
    pub fn leaks(&self) -> Leaks {
        let deadline = Instant::now() + CLEAR_LIMIT;
        loop {
            let leaks = Leaks::find(self.path(), &self.tag);
            if leaks.is_empty() || Instant::now() > deadline {
                self.is_clean.store(leaks.is_empty(), Ordering::Relaxed);
                return leaks;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The end of a test: nothing is left.
    pub fn finish(self) {
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "left behind: {leaks:#?}");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.is_clean.load(Ordering::Relaxed) {
            return;
        }
        // A worker frees what it has only after it has gone.
        for _ in 0..3 {
            let leaks = Leaks::find(self.path(), &self.tag);
            if leaks.is_empty() {
                break;
            }
            leaks.clear();
            let _ = host_linux::gc(&self.roots);
        }
    }
}

/// Runs a test on a stage of its own, and checks that it leaves nothing.
pub fn on_stage(test: &str, body: impl AsyncFnOnce(&Stage)) {
    let Some(stage) = Stage::new(test) else {
        return;
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(TEST_LIMIT, body(&stage)).await.expect("the test takes too long");
    });
    drop(runtime);
    stage.finish();
}
