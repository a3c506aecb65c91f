//! What a tar means, said by GNU tar and the kernel's own ext4, and whether an image
//! says the same.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use e2e::mount::Mount;
use e2e::tools::{self, Place};

use crate::fsck;
use crate::tree::{self, Tree};

/// The programs that this takes.
pub(crate) const TOOLS: &[&str] = &["tar", "e2fsck", "mke2fs", "mount", "umount"];

/// A tar as GNU tar unpacks it.
pub(crate) struct Meaning {
    pub(crate) tree: Tree,
    named: BTreeSet<PathBuf>,
}

impl Meaning {
    /// Unpacks a tar onto an ext4 file system of this size, as root does.
    pub(crate) fn of(place: &Place, tar: &Path, size: u64) -> Self {
        let disk = Mount::fresh(place.join("meaning"), size);
        std::fs::set_permissions(disk.point(), PermissionsExt::from_mode(0o755)).expect("mode");
        let keep = ["--xattrs", "--xattrs-include=*", "--numeric-owner", "--same-owner", "-p"];
        let [a, b, c, d, e] = &keep;
        // Else a file that comes late changes the time of its folder.
        let late = "--delay-directory-restore";
        let ran = tools::run("tar", &[a, b, c, d, e, &late, &"-xf", &tar, &"-C", &disk.point()]);
        assert_eq!(ran.code, 0, "tar -x of {}: {ran:?}", tar.display());
        let tree = tree::read(disk.point());
        drop(disk);
        std::fs::remove_file(place.join("meaning.ext4")).expect("the disk");
        let listed = tools::run("tar", &[&"--quoting-style=literal", &"-tf", &tar]);
        let named = listed.out.lines().map(cleaned).collect();
        Self { tree, named }
    }

    /// What is wrong with an image of the tar.
    pub(crate) fn faults(&self, place: &Place, image: &Path) -> Vec<String> {
        let mut faults: Vec<String> = fsck(image).err().into_iter().collect();
        let mounted = match Mount::try_image(image, place.join("image-mounted"), "ro") {
            Ok(mounted) => mounted,
            Err(ran) => {
                faults.push(format!("mount: {ran:?}"));
                return faults;
            }
        };
        // A folder that no entry names is as whoever unpacks likes it.
        let is_left_out = |path: &Path, field: &str| {
            !self.named.contains(path) && !["kind", "links"].contains(&field)
        };
        faults.extend(tree::differences(&tree::read(mounted.point()), &self.tree, is_left_out));
        faults
    }
}

fn cleaned(name: &str) -> PathBuf {
    let parts = Path::new(name).components();
    parts.filter(|part| matches!(part, Component::Normal(_))).collect()
}
