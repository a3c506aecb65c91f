//! What an image file says of itself, in words.

use std::fmt::Write as _;

use ext4::format::{SuperBlock, ro_compat};
use layer_image::{Inspection, VerityFacts, VhdFacts};
use serde::Serialize;
use uuid::Uuid;
use vhd::DiskType;

use super::features;

#[derive(Debug, Serialize)]
pub(super) struct Facts {
    file: String,
    /// Bytes of the file.
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ext4: Option<Ext4>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verity: Option<Verity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vhd: Option<Vhd>,
}

#[derive(Debug, Serialize)]
struct Ext4 {
    /// Bytes of the file system; none where no file can be so large.
    size: Option<u64>,
    block_size: Option<u64>,
    blocks: u64,
    free_blocks: u64,
    inodes: u32,
    free_inodes: u32,
    uuid: Uuid,
    label: String,
    read_only: bool,
    features: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Verity {
    /// Where the hash device begins, in bytes.
    offset: u64,
    root_hash: String,
    salt: String,
    algorithm: String,
    data_block_size: u32,
    hash_block_size: u32,
    data_blocks: u64,
    version: u32,
    uuid: Uuid,
}

#[derive(Debug, Serialize)]
struct Vhd {
    r#type: &'static str,
    size: u64,
    original_size: u64,
    unique_id: Uuid,
    /// Whether a fixed disk is all that comes before its footer.
    fits: bool,
}

impl Facts {
    pub(super) fn new(file: String, inspection: &Inspection) -> Self {
        Self {
            file,
            size: inspection.size,
            ext4: inspection.ext4.as_ref().map(ext4),
            verity: inspection.verity.as_ref().map(verity),
            vhd: inspection.vhd.as_ref().map(vhd),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = Text(format!("{}: {} bytes\n", self.file, self.size));
        if let Some(ext4) = &self.ext4 {
            text.0.push_str("ext4\n");
            text.line("size", &ext4.size.map_or_else(|| "too large".into(), bytes));
            let block_size = ext4.block_size.map_or_else(|| "not valid".into(), bytes);
            text.line("block size", &block_size);
            text.line("blocks", &format!("{} ({} free)", ext4.blocks, ext4.free_blocks));
            text.line("inodes", &format!("{} ({} free)", ext4.inodes, ext4.free_inodes));
            text.line("UUID", &ext4.uuid);
            text.line("label", &format_args!("{:?}", ext4.label));
            text.line("read-only", &yes_or_no(ext4.read_only));
            text.line("features", &ext4.features.join(" "));
        }
        if let Some(verity) = &self.verity {
            text.0.push_str("dm-verity\n");
            text.line("offset", &bytes(verity.offset));
            text.line("root hash", &verity.root_hash);
            text.line("salt", &verity.salt);
            text.line("algorithm", &format_args!("{:?}", verity.algorithm));
            text.line("data block size", &bytes(verity.data_block_size.into()));
            text.line("hash block size", &bytes(verity.hash_block_size.into()));
            text.line("data blocks", &verity.data_blocks);
            text.line("version", &verity.version);
            text.line("UUID", &verity.uuid);
        }
        if let Some(vhd) = &self.vhd {
            text.0.push_str("VHD\n");
            text.line("type", &vhd.r#type);
            text.line("size", &bytes(vhd.size));
            text.line("original size", &bytes(vhd.original_size));
            text.line("unique id", &vhd.unique_id);
            text.line("fits the file", &yes_or_no(vhd.fits));
        }
        text.0
    }
}

fn ext4(block: &SuperBlock) -> Ext4 {
    let block_size = block.block_size();
    let label = block.volume_name.split(|byte| *byte == 0).next().unwrap_or_default();
    let free_high = if block.blocks_count() >> 32 == 0 { 0 } else { block.free_blocks_count_high };
    Ext4 {
        size: block_size.and_then(|size| size.checked_mul(block.blocks_count())),
        block_size,
        blocks: block.blocks_count(),
        free_blocks: u64::from(free_high) << 32 | u64::from(block.free_blocks_count_low),
        inodes: block.inodes_count,
        free_inodes: block.free_inodes_count,
        uuid: Uuid::from_bytes(block.uuid),
        label: String::from_utf8_lossy(label).into_owned(),
        read_only: block.feature_ro_compat & ro_compat::READONLY != 0,
        features: features::names(block),
    }
}

fn verity(facts: &VerityFacts) -> Verity {
    let info = &facts.info;
    Verity {
        offset: facts.offset,
        root_hash: info.root_digest.clone(),
        salt: info.salt.clone(),
        algorithm: info.algorithm.clone(),
        data_block_size: info.data_block_size,
        hash_block_size: info.hash_block_size,
        data_blocks: info.data_blocks,
        version: info.version,
        uuid: Uuid::from_bytes(facts.uuid),
    }
}

fn vhd(facts: &VhdFacts) -> Vhd {
    let footer = &facts.footer;
    Vhd {
        r#type: match footer.disk_type {
            DiskType::Fixed => "fixed",
            DiskType::Dynamic => "dynamic",
            DiskType::Differencing => "differencing",
        },
        size: footer.current_size,
        original_size: footer.original_size,
        unique_id: Uuid::from_bytes(footer.unique_id),
        fits: facts.fits,
    }
}

struct Text(String);

impl Text {
    fn line(&mut self, name: &str, value: &dyn std::fmt::Display) {
        // Writing to a String can't fail.
        let _ = writeln!(self.0, "  {name:<16} {value}");
    }
}

fn bytes(count: u64) -> String {
    format!("{count} bytes")
}

fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
