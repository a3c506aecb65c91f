//! One layer's disk.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context as _;
use ext4::ConvertOptions;
use uuid::Uuid;
use verity::VerityError;

use super::Done;
use crate::digest::Digest;
use crate::files::Staged;
use crate::image::Layer;

/// What becomes of layers.
pub(crate) enum Output {
    /// Their root hashes only.
    RootHashes,
    Disks(Disks),
}

/// Where disks go, and what they are like.
pub(crate) struct Disks {
    pub(crate) folder: PathBuf,
    /// The disk's name without its suffix, in place of the digest.
    pub(crate) name: Option<String>,
    /// The hash device has its own disk.
    pub(crate) hash_dev_vhd: bool,
    /// The UUID of hash devices and footers.
    pub(crate) uuid: Option<[u8; 16]>,
}

/// A converted layer whose digest is not checked yet.
pub(super) struct Unchecked {
    root_hash: verity::Digest,
    data_size: u64,
    disk: Option<Staged>,
    hash_device: Option<Staged>,
}

impl Unchecked {
    pub(super) fn done(self, diff_id: Digest) -> Done {
        let Self { root_hash, data_size, disk, hash_device } = self;
        Done { diff_id, root_hash, data_size, disk, hash_device }
    }
}

impl Output {
    /// Reads a tar to its end.
    pub(super) fn convert(
        &self,
        layer: &Layer,
        tar: impl Read + Send + 'static,
    ) -> anyhow::Result<Unchecked> {
        match self {
            Self::RootHashes => {
                let made = layer_image::write_ext4(tar, None, &options(), true)?;
                let root_hash = made.tree.ok_or(VerityError::Empty)?.root_digest();
                Ok(Unchecked { root_hash, data_size: made.size, disk: None, hash_device: None })
            }
            Self::Disks(disks) => disks.make(layer, tar),
        }
    }
}

impl Disks {
    /// The path of a layer's disk.
    pub(crate) fn disk(&self, diff_id: Digest) -> PathBuf {
        self.path(self.name.clone().unwrap_or_else(|| diff_id.hex()), ".vhd")
    }

    /// The path of the disk of a layer's hash device.
    pub(crate) fn hash_device(&self, diff_id: Digest) -> PathBuf {
        self.path(self.name.clone().unwrap_or_else(|| diff_id.hex()), ".hash-dev.vhd")
    }

    fn path(&self, name: String, suffix: &str) -> PathBuf {
        self.folder.join(name + suffix)
    }

    fn make(&self, layer: &Layer, tar: impl Read + Send + 'static) -> anyhow::Result<Unchecked> {
        // A layer whose digest is not known yet gets its name at the end.
        let (disk, hash_device) = match layer.diff_id {
            Some(diff_id) => (self.disk(diff_id), self.hash_device(diff_id)),
            None => {
                let name = Uuid::new_v4().to_string();
                (self.path(name.clone(), ".vhd"), self.path(name, ".hash-dev.vhd"))
            }
        };
        let (staged, file) = Staged::create(&disk)?;
        let file = Some((file, staged.is_new()));
        let made = layer_image::write_ext4(tar, file, &options(), true)?;
        let mut file = made.file.context("the disk's file is gone")?;
        let mut tree = made.tree.ok_or(VerityError::Empty)?;
        let mut own_device = None;
        if self.hash_dev_vhd {
            let (staged, mut device) = Staged::create(&hash_device)?;
            layer_image::append_hash_device(&mut device, &mut tree, self.uuid)?;
            layer_image::append_footer(&mut device, self.uuid)?;
            own_device = Some(staged);
        } else {
            layer_image::append_hash_device(&mut file, &mut tree, self.uuid)?;
        }
        layer_image::append_footer(&mut file, self.uuid)?;
        Ok(Unchecked {
            root_hash: tree.root_digest(),
            data_size: made.size,
            disk: Some(staged),
            hash_device: own_device,
        })
    }
}

/// What the historical tool does: whiteouts are converted, and the largest disk is of the
/// recommended size.
fn options() -> ConvertOptions {
    let mut options = ConvertOptions::default();
    options.convert_whiteout = true;
    options.image.max_disk_size = verity::RECOMMENDED_VHD_SIZE;
    options
}
