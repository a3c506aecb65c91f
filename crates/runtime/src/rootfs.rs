//! The root file system: mounting it over the old root, and leaving that behind.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};
use rustix::process::{chroot, fchdir, pivot_root};

use crate::error::{At, Error};
use crate::filesystem::complaint;
use crate::mount_options::{Propagation, attr};
use crate::mounts::{attach, clone_tree};
use crate::options::RootFs;
use crate::sys::{self, MountAttr};

/// The root file system of a container, before it is mounted.
#[derive(Debug)]
pub(crate) enum Root {
    Directory(PathBuf),
    /// Cloned with the maker's rights, for a process that could not go there.
    Tree(OwnedFd),
    Overlay {
        lowers: Vec<PathBuf>,
        upper: PathBuf,
        work: PathBuf,
        label: Option<String>,
    },
}

const FIELD: &str = "root.path";

impl Root {
    pub(crate) fn prepare(
        rootfs: &RootFs,
        directory: Option<PathBuf>,
        clone_now: bool,
        label: Option<&str>,
    ) -> Result<Self, Error> {
        match rootfs {
            RootFs::Overlay { lowers, upper, work } => {
                if lowers.is_empty() {
                    return Err(Error::invalid(FIELD, "the overlay has no lower layer"));
                }
                Ok(Self::Overlay {
                    lowers: lowers.clone(),
                    upper: upper.clone(),
                    work: work.clone(),
                    label: label.map(str::to_owned),
                })
            }
            RootFs::Spec => {
                let directory =
                    directory.ok_or_else(|| Error::invalid("root", "is missing: name its path"))?;
                if !directory.is_dir() {
                    let reason = format!("{} is no directory", directory.display());
                    return Err(Error::invalid(FIELD, reason));
                }
                Ok(if clone_now {
                    Self::Tree(open(&directory)?)
                } else {
                    Self::Directory(directory)
                })
            }
        }
    }

    /// Mounts the root file system on top of the old root, and refers to it. Nothing is looked up
    /// through it until [`pivot`].
    pub(crate) fn mount(
        &self,
        propagation: Option<Propagation>,
        in_user_namespace: bool,
    ) -> Result<OwnedFd, Error> {
        let tree = match self {
            Self::Directory(directory) => open(directory)?,
            Self::Tree(tree) => tree.try_clone().at(FIELD, "duplicate a descriptor")?,
            Self::Overlay { lowers, upper, work, label } => {
                overlay(lowers, upper, work, label.as_deref(), in_user_namespace)?
            }
        };
        // What is mounted here must not be seen on the host. Mounts of the host are only let in
        // when asked for.
        let kind = match propagation.map(|propagation| propagation.kind) {
            Some(libc::MS_SHARED | libc::MS_SLAVE) => libc::MS_SLAVE,
            _ => libc::MS_PRIVATE,
        };
        let separate = Propagation { kind, recursive: true };
        sys::mount_setattr(tree.as_fd(), true, &separate.attr())
            .at(FIELD, "separate the mounts")?;
        let old = old_root()?;
        attach(tree.as_fd(), old.as_fd()).at(FIELD, "mount")?;
        Ok(tree)
    }
}

fn open(directory: &Path) -> Result<OwnedFd, Error> {
    clone_tree(directory, true).at_with(|| (FIELD.into(), format!("open {}", directory.display())))
}

fn old_root() -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open("/", flags, Mode::empty()).at(FIELD, "open the old root")
}

/// Cuts the new mount name space off, so that nothing done in it reaches the host.
pub(crate) fn separate(keep_shared: bool) -> Result<(), Error> {
    let (kind, recursive) =
        if keep_shared { (libc::MS_PRIVATE, false) } else { (libc::MS_SLAVE, true) };
    let propagation = Propagation { kind, recursive };
    sys::mount_setattr(old_root()?.as_fd(), recursive, &propagation.attr())
        .at("linux.rootfsPropagation", "separate the mount name space")
}

/// Makes the new root the root, and takes the old one away.
pub(crate) fn pivot(root: BorrowedFd<'_>, no_pivot: bool) -> Result<(), Error> {
    let old = old_root()?;
    fchdir(root).at(FIELD, "enter the new root")?;
    if no_pivot {
        return chroot(".").at(FIELD, "chroot to the new root");
    }
    pivot_root(".", ".").map_err(|error| {
        let hint = if error == Errno::INVAL {
            " (where the host's root is an initial ramdisk, ask for no pivot)"
        } else {
            ""
        };
        Error::kernel(FIELD, format!("pivot to the new root{hint}"), error)
    })?;
    // Unmounting what the host has mounted must not reach the host.
    let slave = Propagation { kind: libc::MS_SLAVE, recursive: true };
    sys::mount_setattr(old.as_fd(), true, &slave.attr()).at(FIELD, "separate the old root")?;
    // The old root lies on top of the new one, where the working directory is.
    sys::detach(c".", true).at(FIELD, "unmount the old root")?;
    fchdir(root).at(FIELD, "enter the new root")
}

/// Last changes of the root's own mount.
pub(crate) fn finish(
    root: BorrowedFd<'_>,
    read_only: bool,
    propagation: Option<Propagation>,
) -> Result<(), Error> {
    if read_only {
        let change = MountAttr { set: attr::RDONLY, ..MountAttr::default() };
        sys::mount_setattr(root, false, &change).at("root.readonly", "make the root read-only")?;
    }
    if let Some(propagation) = propagation {
        sys::mount_setattr(root, propagation.recursive, &propagation.attr())
            .at("linux.rootfsPropagation", "set the propagation of the root")?;
    }
    Ok(())
}

/// Mounts an overlay. Layers are given one by one (Linux 6.7), so that there may be hundreds; an
/// older kernel takes as many as fit a page of options.
fn overlay(
    lowers: &[PathBuf],
    upper: &Path,
    work: &Path,
    label: Option<&str>,
    in_user_namespace: bool,
) -> Result<OwnedFd, Error> {
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).at(FIELD, "open overlay")?;
    let refused = |operation: String, error: Errno| {
        let said = complaint(&context);
        let colon = if said.is_empty() { "" } else { ": " };
        Error::kernel(FIELD, format!("{operation}{colon}{said}"), error)
    };
    let mut held = Vec::new();
    for (index, lower) in lowers.iter().enumerate() {
        match set_path(&context, "lowerdir+", lower, &mut held) {
            Err(Errno::INVAL) if index == 0 => {
                return overlay_by_page(lowers, upper, work, label, in_user_namespace);
            }
            other => other.map_err(|error| {
                refused(format!("overlay: add layer {index}, {}", lower.display()), error)
            })?,
        }
    }
    for (key, directory) in [("upperdir", upper), ("workdir", work)] {
        set_path(&context, key, directory, &mut held).map_err(|error| {
            refused(format!("overlay: set {key} to {}", directory.display()), error)
        })?;
    }
    if let Some(label) = label {
        fsconfig_set_string(context.as_fd(), "context", label)
            .at("linux.mountLabel", "label the overlay")?;
    }
    if in_user_namespace {
        // The usual attributes are for the privileged only.
        fsconfig_set_flag(context.as_fd(), "userxattr")
            .map_err(|error| refused("overlay: set userxattr".into(), error))?;
    }
    match fsconfig_create(context.as_fd()) {
        // Before Linux 6.5 any key is taken, and only now found to be unknown.
        Err(Errno::INVAL) => {
            return overlay_by_page(lowers, upper, work, label, in_user_namespace);
        }
        other => other.map_err(|error| {
            refused(format!("overlay of {} layers over {}", lowers.len(), upper.display()), error)
        })?,
    }
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())
        .at(FIELD, "mount the overlay")
}

/// The longest text that a mount parameter may be, one less than the kernel's buffer.
const PARAMETER_LIMIT: usize = 255;

/// Sets a directory. One whose path is too long for a parameter goes by its descriptor, which is
/// kept in `held` until the mount is made.
fn set_path(
    context: &OwnedFd,
    key: &str,
    directory: &Path,
    held: &mut Vec<OwnedFd>,
) -> Result<(), Errno> {
    if directory.as_os_str().len() <= PARAMETER_LIMIT {
        return fsconfig_set_string(context.as_fd(), key, directory);
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(directory, flags, Mode::empty())?;
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    held.push(fd);
    fsconfig_set_string(context.as_fd(), key, path)
}

fn overlay_by_page(
    lowers: &[PathBuf],
    upper: &Path,
    work: &Path,
    label: Option<&str>,
    in_user_namespace: bool,
) -> Result<OwnedFd, Error> {
    let mut options = Vec::new();
    for (key, paths) in [
        ("lowerdir", lowers),
        ("upperdir", &[upper.to_owned()][..]),
        ("workdir", &[work.to_owned()][..]),
    ] {
        options.extend(if options.is_empty() { key.into() } else { format!(",{key}") }.bytes());
        for (index, path) in paths.iter().enumerate() {
            options.push(if index == 0 { b'=' } else { b':' });
            for byte in path.as_os_str().as_bytes() {
                if matches!(byte, b':' | b',' | b'\\') {
                    options.push(b'\\');
                }
                options.push(*byte);
            }
        }
    }
    if let Some(label) = label {
        options.extend(format!(",context={label:?}").bytes());
    }
    if in_user_namespace {
        options.extend(b",userxattr");
    }
    let size = rustix::param::page_size();
    if options.len() >= size {
        let reason = format!(
            "the paths of {} layers need {} bytes, and this kernel takes {} (Linux 6.7 takes any): \
             use shorter paths or fewer layers",
            lowers.len(),
            options.len(),
            size - 1
        );
        return Err(Error::unsupported(FIELD, reason));
    }
    let options = CString::new(options).map_err(|_| Error::invalid(FIELD, "has a zero byte"))?;
    let here = "/";
    rustix::mount::mount("overlay", here, "overlay", rustix::mount::MountFlags::empty(), &*options)
        .at(FIELD, "mount the overlay")?;
    // It lies on the old root now; it is taken up again to be placed as any other.
    let top = rustix::fs::openat(CWD, "/..", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .at(FIELD, "open the overlay")?;
    let tree = crate::mounts::clone_at(top.as_fd(), false).at(FIELD, "take the overlay up")?;
    sys::detach(c"/..", true).at(FIELD, "take the overlay up")?;
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The way for kernels before Linux 6.7, in a mount name space of the test's own thread.
    #[test]
    fn an_overlay_can_be_given_on_one_page() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("left out: an_overlay_can_be_given_on_one_page: it needs root");
            return;
        }
        let base = tempfile::tempdir().expect("a directory");
        let directories = ["a,b:c", "lower", "upper", "work"].map(|name| base.path().join(name));
        directories.iter().for_each(|path| std::fs::create_dir(path).expect("a directory"));
        let [top, bottom, upper, work] = directories;
        std::fs::write(top.join("which"), "top").expect("a file");
        std::fs::write(bottom.join("which"), "bottom").expect("a file");
        std::fs::write(bottom.join("other"), "bottom").expect("a file");
        let read = std::thread::spawn(move || {
            sys::unshare(crate::namespaces::kind::MOUNT).expect("a mount name space");
            separate(false).expect("a mount name space of its own");
            let lowers = [top, bottom];
            let tree = overlay_by_page(&lowers, &upper, &work, None, false).expect("an overlay");
            assert!(!Path::new("/which").exists(), "the root is as it was");
            attach(tree.as_fd(), old_root().expect("a root").as_fd()).expect("a place");
            ["which", "other"].map(|name| {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC;
                let file = rustix::fs::openat(&tree, name, flags, Mode::empty());
                std::io::read_to_string(std::fs::File::from(file.expect("a file"))).expect("text")
            })
        });
        assert_eq!(read.join().expect("a thread"), ["top", "bottom"]);
        let many: Vec<PathBuf> = (0..200).map(|n| format!("/layer/number/{n:08}").into()).collect();
        let error = overlay_by_page(&many, Path::new("/u"), Path::new("/w"), None, false);
        assert!(error.expect_err("too long").to_string().contains("200 layers"));
    }
}
