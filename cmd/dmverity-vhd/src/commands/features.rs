//! Features of ext4 by the names that e2fsprogs has for them.

use ext4::format::SuperBlock;

const COMPAT: &[(u32, &str)] = &[
    (0x1, "dir_prealloc"),
    (0x2, "imagic_inodes"),
    (0x4, "has_journal"),
    (0x8, "ext_attr"),
    (0x10, "resize_inode"),
    (0x20, "dir_index"),
    (0x200, "sparse_super2"),
    (0x400, "fast_commit"),
    (0x800, "stable_inodes"),
    (0x1000, "orphan_file"),
];
const INCOMPAT: &[(u32, &str)] = &[
    (0x1, "compression"),
    (0x2, "filetype"),
    (0x4, "needs_recovery"),
    (0x8, "journal_dev"),
    (0x10, "meta_bg"),
    (0x40, "extent"),
    (0x80, "64bit"),
    (0x100, "mmp"),
    (0x200, "flex_bg"),
    (0x400, "ea_inode"),
    (0x1000, "dirdata"),
    (0x2000, "metadata_csum_seed"),
    (0x4000, "large_dir"),
    (0x8000, "inline_data"),
    (0x1_0000, "encrypt"),
    (0x2_0000, "casefold"),
];
const RO_COMPAT: &[(u32, &str)] = &[
    (0x1, "sparse_super"),
    (0x2, "large_file"),
    (0x8, "huge_file"),
    (0x10, "uninit_bg"),
    (0x20, "dir_nlink"),
    (0x40, "extra_isize"),
    (0x100, "quota"),
    (0x200, "bigalloc"),
    (0x400, "metadata_csum"),
    (0x1000, "read-only"),
    (0x2000, "project"),
    (0x4000, "shared_blocks"),
    (0x8000, "verity"),
    (0x1_0000, "orphan_present"),
];

/// The names of a file system's features. One without a name is its bit.
pub(super) fn names(block: &SuperBlock) -> Vec<String> {
    let kinds = [
        ("compat", block.feature_compat, COMPAT),
        ("incompat", block.feature_incompat, INCOMPAT),
        ("ro_compat", block.feature_ro_compat, RO_COMPAT),
    ];
    let mut names = Vec::new();
    for (kind, bits, known) in kinds {
        for bit in (0..u32::BITS).map(|shift| 1 << shift).filter(|bit| bits & bit != 0) {
            let name = known.iter().find(|(known, _)| *known == bit);
            names.push(name.map_or_else(|| format!("{kind}:{bit:#x}"), |(_, name)| (*name).into()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_feature_is_its_bit() {
        let block = SuperBlock {
            feature_compat: 0x208,
            feature_ro_compat: 0x8000_1000,
            ..SuperBlock::default()
        };
        let wanted = ["ext_attr", "sparse_super2", "read-only", "ro_compat:0x80000000"];
        assert_eq!(names(&block), wanted);
    }
}
