//! The footer and its bytes.

use crate::VhdError;

const COOKIE: [u8; 8] = *b"conectix";
const CHECKSUM: std::ops::Range<usize> = 64..68;

/// The bit of [`Footer::features`] that is always set.
const FEATURE_RESERVED: u32 = 2;
/// The bit of [`Footer::features`] of a disk that goes with a shutdown.
const FEATURE_TEMPORARY: u32 = 1;

/// The footer of a disk: 512 bytes, numbers big-endian, with a checksum. The
/// fields are those of the specification's "Hard Disk Footer Format".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// Bit 0: the disk is temporary; bit 1: always set.
    pub features: u32,
    /// Version of the format, major and minor in 16 bits each: 0x00010000.
    pub version: u32,
    /// Where the header of a dynamic disk is; all bits set in a fixed disk.
    pub data_offset: u64,
    /// Creation time in seconds since the start of the year 2000 in UTC.
    pub timestamp: u32,
    /// Who made the disk, four letters.
    pub creator_application: [u8; 4],
    /// The version of who made the disk, major and minor in 16 bits each.
    pub creator_version: u32,
    /// The system that made the disk, `Wi2k` or `Mac `.
    pub creator_host_os: [u8; 4],
    /// Bytes of the disk when it was made.
    pub original_size: u64,
    /// Bytes of the disk, without the footer.
    pub current_size: u64,
    /// Cylinders (two bytes), heads and sectors per track.
    pub geometry: [u8; 4],
    /// The kind of disk.
    pub disk_type: DiskType,
    /// The name of the disk, random.
    pub unique_id: [u8; 16],
    /// 1 where the system on the disk is in a saved state.
    pub saved_state: u8,
    /// Zeros, for now.
    pub reserved: [u8; 427],
}

/// The kinds of disk that the specification defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskType {
    /// The data, then the footer.
    Fixed = 2,
    /// Blocks that are there once written.
    Dynamic = 3,
    /// Blocks that differ from those of a parent.
    Differencing = 4,
}

impl Footer {
    /// Bytes of a footer.
    pub const LEN: usize = 512;

    /// The footer of a fixed disk of `size` bytes, with the values of the
    /// reference, which has no geometry, creator or time.
    pub fn fixed(size: u64, unique_id: [u8; 16]) -> Self {
        Self {
            features: FEATURE_RESERVED,
            version: 0x0001_0000,
            data_offset: u64::MAX,
            timestamp: 0,
            creator_application: [0; 4],
            creator_version: 0x000a_0000,
            creator_host_os: [0; 4],
            original_size: size,
            current_size: size,
            geometry: [0; 4],
            disk_type: DiskType::Fixed,
            unique_id,
            saved_state: 0,
            reserved: [0; 427],
        }
    }

    /// Whether the disk is its data with the footer behind them.
    pub fn is_fixed(&self) -> bool {
        self.disk_type == DiskType::Fixed
    }

    /// The bytes on disk, with their checksum.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&COOKIE);
        bytes[8..12].copy_from_slice(&self.features.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.version.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.data_offset.to_be_bytes());
        bytes[24..28].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[28..32].copy_from_slice(&self.creator_application);
        bytes[32..36].copy_from_slice(&self.creator_version.to_be_bytes());
        bytes[36..40].copy_from_slice(&self.creator_host_os);
        bytes[40..48].copy_from_slice(&self.original_size.to_be_bytes());
        bytes[48..56].copy_from_slice(&self.current_size.to_be_bytes());
        bytes[56..60].copy_from_slice(&self.geometry);
        bytes[60..64].copy_from_slice(&(self.disk_type as u32).to_be_bytes());
        bytes[68..84].copy_from_slice(&self.unique_id);
        bytes[84] = self.saved_state;
        bytes[85..].copy_from_slice(&self.reserved);
        let checksum = checksum(&bytes);
        bytes[CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    /// Reads a footer; [`to_bytes`](Footer::to_bytes) gives the same bytes again.
    ///
    /// # Errors
    /// Anything but 512 bytes, or the first of cookie, checksum, features,
    /// version, disk type and sizes that can't be.
    pub fn parse(bytes: &[u8]) -> Result<Self, VhdError> {
        let bytes: &[u8; Self::LEN] =
            bytes.try_into().map_err(|_| VhdError::Length(bytes.len()))?;
        if !has_cookie(bytes) {
            return Err(VhdError::Cookie);
        }
        let found = u32::from_be_bytes(field(bytes, CHECKSUM.start));
        let wanted = checksum(bytes);
        if found != wanted {
            return Err(VhdError::Checksum { found, wanted });
        }
        let features = u32::from_be_bytes(field(bytes, 8));
        if features & !FEATURE_TEMPORARY != FEATURE_RESERVED {
            return Err(VhdError::Features(features));
        }
        let version = u32::from_be_bytes(field(bytes, 12));
        if version >> 16 != 1 {
            return Err(VhdError::Version(version));
        }
        Ok(Self {
            features,
            version,
            data_offset: u64::from_be_bytes(field(bytes, 16)),
            timestamp: u32::from_be_bytes(field(bytes, 24)),
            creator_application: field(bytes, 28),
            creator_version: u32::from_be_bytes(field(bytes, 32)),
            creator_host_os: field(bytes, 36),
            disk_type: disk_type(u32::from_be_bytes(field(bytes, 60)))?,
            original_size: size(u64::from_be_bytes(field(bytes, 40)))?,
            current_size: size(u64::from_be_bytes(field(bytes, 48)))?,
            geometry: field(bytes, 56),
            unique_id: field(bytes, 68),
            saved_state: bytes[84],
            reserved: field(bytes, 85),
        })
    }
}

pub(crate) fn has_cookie(bytes: &[u8; Footer::LEN]) -> bool {
    bytes.starts_with(&COOKIE)
}

/// The ones' complement of the sum of all bytes but the checksum's own.
fn checksum(bytes: &[u8; Footer::LEN]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    !(sum(bytes) - sum(&bytes[CHECKSUM]))
}

fn disk_type(number: u32) -> Result<DiskType, VhdError> {
    match number {
        2 => Ok(DiskType::Fixed),
        3 => Ok(DiskType::Dynamic),
        4 => Ok(DiskType::Differencing),
        _ => Err(VhdError::DiskType(number)),
    }
}

/// A size that leaves room for the footer in the largest file, 2^63-1 bytes.
fn size(bytes: u64) -> Result<u64, VhdError> {
    if bytes <= i64::MAX as u64 - Footer::LEN as u64 {
        Ok(bytes)
    } else {
        Err(VhdError::Size(bytes))
    }
}

fn field<const N: usize>(bytes: &[u8; Footer::LEN], at: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[at + index])
}
