//! Values of version 1, in which OCI documents are written, as values of
//! version 2.

/// The `cpu.weight` (1 to 10,000) that stands for `cpu.shares` (2 to 262,144).
/// 0 means "not set" on both sides. The two ranges are mapped linearly, as runc
/// and containerd map them.
pub const fn shares_to_weight(shares: u64) -> u64 {
    match shares {
        0 => 0,
        1..=2 => 1,
        262_144.. => 10_000,
        _ => 1 + (shares - 2) * 9_999 / 262_142,
    }
}

/// The `cpu.shares` that stand for a `cpu.weight`. The inverse of
/// [`shares_to_weight`], up to rounding.
pub const fn weight_to_shares(weight: u64) -> u64 {
    match weight {
        0 => 0,
        10_000.. => 262_144,
        _ => 2 + (weight - 1) * 262_142 / 9_999,
    }
}

/// The `io.weight` (1 to 10,000) that stands for a `blkio.weight` (10 to 1,000).
/// 0 means "not set" on both sides.
pub const fn blkio_weight_to_io_weight(weight: u16) -> u64 {
    match weight {
        0 => 0,
        1..=10 => 1,
        1_000.. => 10_000,
        _ => 1 + (weight as u64 - 10) * 9_999 / 990,
    }
}

/// The swap limit of version 2, which counts swap alone, for the limit of
/// version 1, which counts memory and swap together; -1 means no limit.
/// `None` when no limit of version 2 says the same: there is a swap limit and
/// no memory limit, or the swap limit is below the memory limit.
pub const fn swap_to_v2(memory: i64, memory_and_swap: i64) -> Option<i64> {
    if memory_and_swap < 0 {
        Some(-1)
    } else if memory < 0 || memory_and_swap < memory {
        None
    } else {
        Some(memory_and_swap - memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_weight_agree_at_ends_and_default() {
        for (shares, weight) in
            [(0, 0), (1, 1), (2, 1), (1_024, 39), (262_144, 10_000), (u64::MAX, 10_000)]
        {
            assert_eq!(shares_to_weight(shares), weight, "{shares}");
        }
        for (weight, shares) in [(0, 0), (1, 2), (39, 998), (10_000, 262_144)] {
            assert_eq!(weight_to_shares(weight), shares, "{weight}");
        }
        for weight in 1..=10_000 {
            assert!(shares_to_weight(weight_to_shares(weight)).abs_diff(weight) <= 1);
        }
    }

    #[test]
    fn io_weight_covers_its_range() {
        for (blkio, io) in
            [(0, 0), (1, 1), (10, 1), (500, 4_950), (1_000, 10_000), (u16::MAX, 10_000)]
        {
            assert_eq!(blkio_weight_to_io_weight(blkio), io, "{blkio}");
        }
    }

    #[test]
    fn swap_counts_swap_alone() {
        assert_eq!(swap_to_v2(100, 150), Some(50));
        assert_eq!(swap_to_v2(100, 100), Some(0));
        assert_eq!(swap_to_v2(100, -1), Some(-1));
        assert_eq!(swap_to_v2(-1, -1), Some(-1));
        assert_eq!(swap_to_v2(100, 50), None);
        assert_eq!(swap_to_v2(-1, 50), None);
    }
}
