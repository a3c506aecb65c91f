//! Inodes, extents, directory entries and extended attributes.

use super::field::layout;

/// Bits of [`Inode::flags`].
pub mod inode_flags {
    /// `EXT4_HUGE_FILE_FL`: blocks are counted in blocks of the file system.
    pub const HUGE_FILE: u32 = 0x4_0000;
    /// `EXT4_EXTENTS_FL`: the file is mapped by extents.
    pub const EXTENTS: u32 = 0x8_0000;
    /// `EXT4_INLINE_DATA_FL`: the file lies in the inode.
    pub const INLINE_DATA: u32 = 0x1000_0000;
}

layout! {
    /// `struct ext4_inode` up to its last field.
    Inode: 160 {
        /// `i_mode`.
        mode: u16,
        /// `i_uid`.
        uid: u16,
        /// `i_size_lo`.
        size_low: u32,
        /// `i_atime`.
        atime: u32,
        /// `i_ctime`.
        ctime: u32,
        /// `i_mtime`.
        mtime: u32,
        /// `i_dtime`.
        dtime: u32,
        /// `i_gid`.
        gid: u16,
        /// `i_links_count`.
        links_count: u16,
        /// `i_blocks_lo`.
        blocks_low: u32,
        /// `i_flags`, see [`inode_flags`].
        flags: u32,
        /// `l_i_version`.
        version: u32,
        /// `i_block`: extents, a small file, a link's target or a device's number.
        block: [u8; 60],
        /// `i_generation`.
        generation: u32,
        /// `i_file_acl_lo`: the block of extended attributes.
        xattr_block_low: u32,
        /// `i_size_high`.
        size_high: u32,
        /// `i_obso_faddr`.
        obsolete_fragment_address: u32,
        /// `l_i_blocks_high`.
        blocks_high: u16,
        /// `l_i_file_acl_high`.
        xattr_block_high: u16,
        /// `l_i_uid_high`.
        uid_high: u16,
        /// `l_i_gid_high`.
        gid_high: u16,
        /// `l_i_checksum_lo`.
        checksum_low: u16,
        /// `l_i_reserved`.
        reserved: u16,
        /// `i_extra_isize`: bytes of fields beyond the first 128.
        extra_isize: u16,
        /// `i_checksum_hi`.
        checksum_high: u16,
        /// `i_ctime_extra`.
        ctime_extra: u32,
        /// `i_mtime_extra`.
        mtime_extra: u32,
        /// `i_atime_extra`.
        atime_extra: u32,
        /// `i_crtime`.
        crtime: u32,
        /// `i_crtime_extra`.
        crtime_extra: u32,
        /// `i_version_hi`.
        version_high: u32,
        /// `i_projid`.
        project_id: u32,
    }
}

layout! {
    /// `struct ext4_extent_header`.
    ExtentHeader: 12 {
        /// `eh_magic`: [`EXTENT_HEADER_MAGIC`](super::EXTENT_HEADER_MAGIC).
        magic: u16,
        /// `eh_entries`.
        entries: u16,
        /// `eh_max`.
        max: u16,
        /// `eh_depth`: 0 for leaves.
        depth: u16,
        /// `eh_generation`.
        generation: u32,
    }
}

layout! {
    /// `struct ext4_extent_idx`.
    ExtentIndexNode: 12 {
        /// `ei_block`: the first block of the file below this node.
        block: u32,
        /// `ei_leaf_lo`: the block that the node is in.
        leaf_low: u32,
        /// `ei_leaf_hi`.
        leaf_high: u16,
        /// `ei_unused`.
        unused: u16,
    }
}

layout! {
    /// `struct ext4_extent`.
    ExtentLeafNode: 12 {
        /// `ee_block`: the first block of the file in this extent.
        block: u32,
        /// `ee_len`.
        length: u16,
        /// `ee_start_hi`.
        start_high: u16,
        /// `ee_start_lo`: where the extent lies.
        start_low: u32,
    }
}

layout! {
    /// `struct ext4_dir_entry_2` without the name.
    DirectoryEntry: 8 {
        /// `inode`.
        inode: u32,
        /// `rec_len`.
        record_length: u16,
        /// `name_len`.
        name_length: u8,
        /// `file_type`.
        file_type: u8,
    }
}

layout! {
    /// `struct ext4_xattr_header`, of a block of attributes.
    XattrHeader: 32 {
        /// `h_magic`: [`XATTR_HEADER_MAGIC`](super::XATTR_HEADER_MAGIC).
        magic: u32,
        /// `h_refcount`.
        reference_count: u32,
        /// `h_blocks`.
        blocks: u32,
        /// `h_hash`.
        hash: u32,
        /// `h_checksum`.
        checksum: u32,
        /// `h_reserved`.
        reserved: [u32; 3],
    }
}

layout! {
    /// `struct ext4_xattr_entry` without the name.
    XattrEntry: 16 {
        /// `e_name_len`.
        name_length: u8,
        /// `e_name_index`: which prefix the name has lost.
        name_index: u8,
        /// `e_value_offs`.
        value_offset: u16,
        /// `e_value_inum`.
        value_inode: u32,
        /// `e_value_size`.
        value_size: u32,
        /// `e_hash`.
        hash: u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_the_sums_of_the_fields() {
        fn check(put: impl Fn(&mut Vec<u8>), length: usize) {
            let mut bytes = Vec::new();
            put(&mut bytes);
            assert_eq!(bytes.len(), length);
        }
        check(|out| Inode::default().put(out), Inode::LEN);
        check(|out| ExtentHeader::default().put(out), ExtentHeader::LEN);
        check(|out| ExtentIndexNode::default().put(out), ExtentIndexNode::LEN);
        check(|out| ExtentLeafNode::default().put(out), ExtentLeafNode::LEN);
        check(|out| DirectoryEntry::default().put(out), DirectoryEntry::LEN);
        check(|out| XattrHeader::default().put(out), XattrHeader::LEN);
        check(|out| XattrEntry::default().put(out), XattrEntry::LEN);
    }
}
