//! The mounts themselves.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use shim_protos::types::mount::Mount;

use super::options::{Options, parse};
use super::{MountError, Rootfs};

/// What the kernel reads of the data of a mount: a page, with the NUL.
const MAX_DATA: usize = 4095;

impl Rootfs {
    /// Makes the mounts, one over the other, at `root`; `None` where there are none.
    ///
    /// # Errors
    /// One can't be made; those before it are undone.
    pub(crate) fn mount(mounts: &[Mount], root: &Path) -> Result<Option<Self>, MountError> {
        if mounts.is_empty() {
            return Ok(None);
        }
        let rootfs = Self { root: root.to_owned() };
        for mount in mounts {
            let target = match below(root, &mount.target) {
                Ok(target) => target,
                Err(error) => return Err(rootfs.undone(MountError::new(mount, root, error))),
            };
            if let Err(error) = mount_one(mount, &target) {
                return Err(rootfs.undone(MountError::new(mount, &target, error)));
            }
        }
        Ok(Some(rootfs))
    }

    fn undone(&self, error: MountError) -> MountError {
        self.unmount();
        error
    }

    /// Undoes all mounts at the root; what still uses them keeps them until it ends.
    pub(crate) fn unmount(&self) {
        unmount_all(&self.root);
    }
}

/// Unmounts all that is mounted at a path.
fn unmount_all(root: &Path) {
    // As many as are there: a shim that was killed may have left more than its own.
    while rustix::mount::unmount(root, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW).is_ok() {}
}

/// Where a mount goes. containerd names a place below the root for some.
fn below(root: &Path, target: &str) -> io::Result<PathBuf> {
    let parts = Path::new(target).components();
    let names: PathBuf = parts
        .filter(|part| !matches!(part, std::path::Component::RootDir))
        .map(|part| match part {
            std::path::Component::Normal(name) => Ok(name),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("target {target:?} leads out of the root filesystem"),
            )),
        })
        .collect::<io::Result<_>>()?;
    Ok(root.join(names))
}

fn mount_one(mount: &Mount, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    let options = parse(&mount.options)?;
    if options.bind {
        return bind(mount, target, &options);
    }
    // The files stay open until the mount is made of them.
    let (data, _files) = shorten(&options.data)?;
    let data = CString::new(data)?;
    rustix::mount::mount(&*mount.source, target, &*mount.type_, options.flags, Some(&*data))?;
    propagate(target, &options)
}

fn bind(mount: &Mount, target: &Path, options: &Options) -> io::Result<()> {
    if options.recursive {
        rustix::mount::mount_bind_recursive(&*mount.source, target)?;
    } else {
        rustix::mount::mount_bind(&*mount.source, target)?;
    }
    if !options.flags.is_empty() {
        // A bind mount takes its flags by a second call alone.
        let remounted = rustix::mount::mount_remount(target, MountFlags::BIND | options.flags, "");
        if let Err(error) = remounted {
            unmount_all(target);
            return Err(error.into());
        }
    }
    propagate(target, options)
}

fn propagate(target: &Path, options: &Options) -> io::Result<()> {
    if options.propagation != MountPropagationFlags::empty() {
        rustix::mount::mount_change(target, options.propagation)?;
    }
    Ok(())
}

/// The data of a mount. Where the paths of an overlay's layers are too long for the
/// kernel, they are named by open files, which is far shorter.
fn shorten(data: &[String]) -> io::Result<(String, Vec<File>)> {
    let plain = data.join(",");
    if plain.len() <= MAX_DATA {
        return Ok((plain, Vec::new()));
    }
    let mut files = Vec::new();
    let mut short = Vec::new();
    for option in data {
        let Some(layers) = option.strip_prefix("lowerdir=") else {
            short.push(option.clone());
            continue;
        };
        let mut paths = Vec::new();
        for layer in layers.split(':') {
            let folder = File::open(layer)?;
            paths.push(format!("/proc/self/fd/{}", folder.as_raw_fd()));
            files.push(folder);
        }
        short.push(format!("lowerdir={}", paths.join(":")));
    }
    let short = short.join(",");
    if short.len() > MAX_DATA {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("its options have {} bytes, of which the kernel reads {MAX_DATA}", short.len()),
        ));
    }
    Ok((short, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_does_not_lead_out() {
        let root = Path::new("/r");
        assert_eq!(below(root, "").expect("the root"), root);
        assert_eq!(below(root, "/a/b").expect("below"), Path::new("/r/a/b"));
        assert!(below(root, "a/../../b").is_err());
    }

    #[test]
    fn many_layers_are_named_by_open_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let layers: Vec<String> = (0..100)
            .map(|number| {
                let layer = folder.path().join(format!("{number}-{}", "l".repeat(60)));
                fs::create_dir(&layer).expect("a layer");
                layer.display().to_string()
            })
            .collect();
        let data = vec![format!("lowerdir={}", layers.join(":")), "index=off".to_owned()];
        let (short, files) = shorten(&data).expect("shorter");
        assert_eq!(files.len(), 100);
        assert!(short.len() <= MAX_DATA && short.ends_with(",index=off"), "{short}");
        let (same, files) = shorten(&["a=b".to_owned()]).expect("the same");
        assert_eq!((same.as_str(), files.len()), ("a=b", 0));
    }
}
