//! File systems in files, mounted, and files as block devices.

use std::fs;
use std::path::{Path, PathBuf};

use crate::drive::Ran;
use crate::tools;

/// A file system that is mounted. Dropped, it is not, and its loop device is free.
#[derive(Debug)]
pub struct Mount(PathBuf);

impl Mount {
    /// Mounts an image on a folder, which is made.
    pub fn image(image: &Path, point: PathBuf, options: &str) -> Self {
        Self::try_image(image, point, options)
            .unwrap_or_else(|ran| panic!("mounting {}: {ran:?}", image.display()))
    }

    /// The same, where it may fail.
    ///
    /// # Errors
    /// What `mount` said.
    pub fn try_image(image: &Path, point: PathBuf, options: &str) -> Result<Self, Ran> {
        Self::any("ext4", image, point, &format!("loop,{options}"))
    }

    /// Mounts a file system of some type on a folder, which is made.
    ///
    /// # Errors
    /// What `mount` said.
    pub fn any(kind: &str, source: &Path, point: PathBuf, options: &str) -> Result<Self, Ran> {
        fs::create_dir_all(&point).expect("a folder to mount on");
        let ran = tools::run("mount", &[&"-t", &kind, &"-o", &options, &source, &point]);
        if ran.code == 0 { Ok(Self(point)) } else { Err(ran) }
    }

    /// A new ext4 file system, as `mke2fs` makes it and the kernel fills it. Its file
    /// lies beside `point`.
    pub fn fresh(point: PathBuf, size: u64) -> Self {
        let image = point.with_extension("ext4");
        let file = fs::File::create_new(&image).expect("a file for a file system");
        file.set_len(size).expect("its length");
        let made =
            tools::run("mke2fs", &[&"-q", &"-F", &"-t", &"ext4", &"-O", &"^has_journal", &image]);
        assert_eq!(made.code, 0, "{made:?}");
        Self::image(&image, point, "rw")
    }

    /// Where it is.
    pub fn point(&self) -> &Path {
        &self.0
    }

    /// A path in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let mut ran = tools::run("umount", &[&self.0]);
        // A process that another test has just forked has its files until it is replaced.
        for _ in 0..100 {
            if ran.code == 0 || !ran.err.contains("busy") {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
            ran = tools::run("umount", &[&self.0]);
        }
        if ran.code != 0 {
            tools::run("umount", &[&"--lazy", &self.0]);
            // A test that fails already has said more than this.
            assert!(std::thread::panicking(), "umount: {ran:?}");
        }
    }
}

/// A file as a block device. Dropped, the device is free.
#[derive(Debug)]
pub struct LoopDevice(PathBuf);

impl LoopDevice {
    /// The next free device, for a file.
    pub fn of(file: &Path) -> Self {
        let ran = tools::run("losetup", &[&"--find", &"--show", &file]);
        assert_eq!(ran.code, 0, "{ran:?}");
        Self(ran.out.trim_end().into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        let ran = tools::run("losetup", &[&"--detach", &self.0]);
        assert!(ran.code == 0 || std::thread::panicking(), "losetup: {ran:?}");
    }
}
