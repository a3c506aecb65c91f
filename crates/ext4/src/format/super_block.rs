//! The superblock and the descriptors of block groups.

use super::field::layout;

/// Bits of [`SuperBlock::feature_compat`].
pub mod compat {
    /// Extended attributes.
    pub const EXT_ATTR: u32 = 0x8;
    /// Two backups of the superblock at most, in the groups that it names.
    pub const SPARSE_SUPER2: u32 = 0x200;
}

/// Bits of [`SuperBlock::feature_incompat`].
pub mod incompat {
    /// Directory entries carry the type of the file.
    pub const FILETYPE: u32 = 0x2;
    /// Files are mapped by extents.
    pub const EXTENTS: u32 = 0x40;
    /// Sizes beyond 32 bits of blocks.
    pub const SIXTY_FOUR_BIT: u32 = 0x80;
    /// A group's metadata may lie anywhere.
    pub const FLEX_BG: u32 = 0x200;
    /// Small files may lie in their inodes.
    pub const INLINE_DATA: u32 = 0x8000;
}

/// Bits of [`SuperBlock::feature_ro_compat`].
pub mod ro_compat {
    /// Files beyond 2 GiB.
    pub const LARGE_FILE: u32 = 0x2;
    /// A file's blocks may be counted in blocks of the file system.
    pub const HUGE_FILE: u32 = 0x8;
    /// A directory with one link has more subdirectories than a count holds.
    pub const DIR_NLINK: u32 = 0x20;
    /// Inodes have fields beyond the first 128 bytes.
    pub const EXTRA_ISIZE: u32 = 0x40;
    /// The file system is never to be written to.
    pub const READONLY: u32 = 0x1000;
}

layout! {
    /// `struct ext4_super_block`: 1024 bytes that begin 1024 bytes into the image.
    SuperBlock: 1024 {
        /// `s_inodes_count`.
        inodes_count: u32,
        /// `s_blocks_count_lo`.
        blocks_count_low: u32,
        /// `s_r_blocks_count_lo`: blocks that only root may use.
        root_blocks_count_low: u32,
        /// `s_free_blocks_count_lo`.
        free_blocks_count_low: u32,
        /// `s_free_inodes_count`.
        free_inodes_count: u32,
        /// `s_first_data_block`.
        first_data_block: u32,
        /// `s_log_block_size`: a block has `1024 << log_block_size` bytes.
        log_block_size: u32,
        /// `s_log_cluster_size`.
        log_cluster_size: u32,
        /// `s_blocks_per_group`.
        blocks_per_group: u32,
        /// `s_clusters_per_group`.
        clusters_per_group: u32,
        /// `s_inodes_per_group`.
        inodes_per_group: u32,
        /// `s_mtime`: the last mount.
        mount_time: u32,
        /// `s_wtime`: the last write.
        write_time: u32,
        /// `s_mnt_count`.
        mount_count: u16,
        /// `s_max_mnt_count`.
        max_mount_count: u16,
        /// `s_magic`: [`SUPER_BLOCK_MAGIC`](super::SUPER_BLOCK_MAGIC).
        magic: u16,
        /// `s_state`: 1 is clean.
        state: u16,
        /// `s_errors`: what to do at an error; 1 is to go on.
        errors: u16,
        /// `s_minor_rev_level`.
        minor_revision_level: u16,
        /// `s_lastcheck`.
        last_check: u32,
        /// `s_checkinterval`.
        check_interval: u32,
        /// `s_creator_os`: 0 is Linux.
        creator_os: u32,
        /// `s_rev_level`: 1 has inodes of any size.
        revision_level: u32,
        /// `s_def_resuid`.
        default_reserved_uid: u16,
        /// `s_def_resgid`.
        default_reserved_gid: u16,
        /// `s_first_ino`.
        first_inode: u32,
        /// `s_inode_size`.
        inode_size: u16,
        /// `s_block_group_nr`: the group that this copy is in.
        block_group_number: u16,
        /// `s_feature_compat`, see [`compat`].
        feature_compat: u32,
        /// `s_feature_incompat`, see [`incompat`].
        feature_incompat: u32,
        /// `s_feature_ro_compat`, see [`ro_compat`].
        feature_ro_compat: u32,
        /// `s_uuid`.
        uuid: [u8; 16],
        /// `s_volume_name`: the label.
        volume_name: [u8; 16],
        /// `s_last_mounted`.
        last_mounted: [u8; 64],
        /// `s_algorithm_usage_bitmap`.
        algorithm_usage_bitmap: u32,
        /// `s_prealloc_blocks`.
        prealloc_blocks: u8,
        /// `s_prealloc_dir_blocks`.
        prealloc_dir_blocks: u8,
        /// `s_reserved_gdt_blocks`.
        reserved_gdt_blocks: u16,
        /// `s_journal_uuid`.
        journal_uuid: [u8; 16],
        /// `s_journal_inum`.
        journal_inode: u32,
        /// `s_journal_dev`.
        journal_dev: u32,
        /// `s_last_orphan`.
        last_orphan: u32,
        /// `s_hash_seed`.
        hash_seed: [u32; 4],
        /// `s_def_hash_version`.
        default_hash_version: u8,
        /// `s_jnl_backup_type`.
        journal_backup_type: u8,
        /// `s_desc_size`.
        descriptor_size: u16,
        /// `s_default_mount_opts`.
        default_mount_options: u32,
        /// `s_first_meta_bg`.
        first_meta_block_group: u32,
        /// `s_mkfs_time`.
        mkfs_time: u32,
        /// `s_jnl_blocks`.
        journal_blocks: [u32; 17],
        /// `s_blocks_count_hi`.
        blocks_count_high: u32,
        /// `s_r_blocks_count_hi`.
        root_blocks_count_high: u32,
        /// `s_free_blocks_count_hi`.
        free_blocks_count_high: u32,
        /// `s_min_extra_isize`.
        min_extra_isize: u16,
        /// `s_want_extra_isize`.
        want_extra_isize: u16,
        /// `s_flags`.
        flags: u32,
        /// `s_raid_stride`.
        raid_stride: u16,
        /// `s_mmp_update_interval`.
        mmp_interval: u16,
        /// `s_mmp_block`.
        mmp_block: u64,
        /// `s_raid_stripe_width`.
        raid_stripe_width: u32,
        /// `s_log_groups_per_flex`.
        log_groups_per_flex: u8,
        /// `s_checksum_type`.
        checksum_type: u8,
        /// `s_encryption_level`.
        encryption_level: u8,
        /// `s_reserved_pad`.
        reserved_pad: u8,
        /// `s_kbytes_written`.
        kbytes_written: u64,
        /// `s_snapshot_inum`.
        snapshot_inode: u32,
        /// `s_snapshot_id`.
        snapshot_id: u32,
        /// `s_snapshot_r_blocks_count`.
        snapshot_reserved_blocks: u64,
        /// `s_snapshot_list`.
        snapshot_list: u32,
        /// `s_error_count`.
        error_count: u32,
        /// `s_first_error_time`.
        first_error_time: u32,
        /// `s_first_error_ino`.
        first_error_inode: u32,
        /// `s_first_error_block`.
        first_error_block: u64,
        /// `s_first_error_func`.
        first_error_function: [u8; 32],
        /// `s_first_error_line`.
        first_error_line: u32,
        /// `s_last_error_time`.
        last_error_time: u32,
        /// `s_last_error_ino`.
        last_error_inode: u32,
        /// `s_last_error_line`.
        last_error_line: u32,
        /// `s_last_error_block`.
        last_error_block: u64,
        /// `s_last_error_func`.
        last_error_function: [u8; 32],
        /// `s_mount_opts`.
        mount_options: [u8; 64],
        /// `s_usr_quota_inum`.
        user_quota_inode: u32,
        /// `s_grp_quota_inum`.
        group_quota_inode: u32,
        /// `s_overhead_clusters`.
        overhead_clusters: u32,
        /// `s_backup_bgs`: the groups with backups, zeros for none.
        backup_block_groups: [u32; 2],
        /// `s_encrypt_algos`.
        encryption_algorithms: [u8; 4],
        /// `s_encrypt_pw_salt`.
        encryption_salt: [u8; 16],
        /// `s_lpf_ino`: the inode of `lost+found`.
        lpf_inode: u32,
        /// `s_prj_quota_inum`.
        project_quota_inode: u32,
        /// `s_checksum_seed`.
        checksum_seed: u32,
        /// `s_wtime_hi` to `s_last_error_errcode`: the times' high bytes, and error codes.
        times_high: [u8; 8],
        /// `s_encoding`.
        encoding: u16,
        /// `s_encoding_flags`.
        encoding_flags: u16,
        /// `s_orphan_file_inum`.
        orphan_file_inode: u32,
        /// `s_reserved`.
        reserved: [u32; 94],
        /// `s_checksum`.
        checksum: u32,
    }
}

impl SuperBlock {
    /// Bytes of a block, or `None` where the field makes no sense.
    pub fn block_size(&self) -> Option<u64> {
        // The kernel's largest is 64 KiB.
        (self.log_block_size <= 6).then(|| 1024 << self.log_block_size)
    }

    /// Blocks of the file system.
    pub fn blocks_count(&self) -> u64 {
        let high = match self.feature_incompat & incompat::SIXTY_FOUR_BIT {
            0 => 0,
            _ => self.blocks_count_high,
        };
        u64::from(high) << 32 | u64::from(self.blocks_count_low)
    }

    /// The structure as it lies on a disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LEN);
        self.put(&mut bytes);
        bytes
    }
}

layout! {
    /// `struct ext4_group_desc` without the feature `64bit`.
    GroupDescriptor: 32 {
        /// `bg_block_bitmap_lo`.
        block_bitmap_low: u32,
        /// `bg_inode_bitmap_lo`.
        inode_bitmap_low: u32,
        /// `bg_inode_table_lo`.
        inode_table_low: u32,
        /// `bg_free_blocks_count_lo`.
        free_blocks_count_low: u16,
        /// `bg_free_inodes_count_lo`.
        free_inodes_count_low: u16,
        /// `bg_used_dirs_count_lo`.
        used_dirs_count_low: u16,
        /// `bg_flags`.
        flags: u16,
        /// `bg_exclude_bitmap_lo`.
        exclude_bitmap_low: u32,
        /// `bg_block_bitmap_csum_lo`.
        block_bitmap_checksum_low: u16,
        /// `bg_inode_bitmap_csum_lo`.
        inode_bitmap_checksum_low: u16,
        /// `bg_itable_unused_lo`.
        inode_table_unused_low: u16,
        /// `bg_checksum`.
        checksum: u16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_the_sums_of_the_fields() {
        assert_eq!(SuperBlock::default().to_bytes().len(), SuperBlock::LEN);
        let mut bytes = Vec::new();
        GroupDescriptor::default().put(&mut bytes);
        assert_eq!(bytes.len(), GroupDescriptor::LEN);
    }

    #[test]
    fn fields_lie_where_the_kernel_has_them() {
        let block = SuperBlock {
            magic: 0xef53,
            uuid: [0xaa; 16],
            log_groups_per_flex: 31,
            lpf_inode: 0x0b0b,
            checksum: 0x0403_0201,
            ..Default::default()
        };
        let bytes = block.to_bytes();
        assert_eq!(bytes[0x38..0x3a], [0x53, 0xef]);
        assert_eq!(bytes[0x68..0x78], [0xaa; 16]);
        assert_eq!(bytes[0x174], 31);
        assert_eq!(bytes[0x268..0x26a], [0x0b, 0x0b]);
        assert_eq!(bytes[0x3fc..], [1, 2, 3, 4]);
        assert_eq!(SuperBlock::parse(&bytes), Some(block));
    }

    #[test]
    fn high_blocks_count_only_where_the_feature_says_so() {
        let mut block =
            SuperBlock { blocks_count_low: 5, blocks_count_high: 1, ..Default::default() };
        assert_eq!(block.blocks_count(), 5);
        block.feature_incompat = incompat::SIXTY_FOUR_BIT;
        assert_eq!(block.blocks_count(), (1 << 32) + 5);
    }
}
