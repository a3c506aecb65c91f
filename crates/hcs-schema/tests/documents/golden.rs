//! Documents are written byte for byte as the reference writes them.

use crate::types::{TYPES, rows};

/// Types without a row: the parts of containerd's metrics, which come within `Properties`, and
/// those that the reference never writes.
const WITHOUT_ROW: &[&str] = &[
    "BlkIOEntry",
    "BlkIOStat",
    "CPUStat",
    "CPUUsage",
    "CgroupStats",
    "Configuration",
    "HugetlbStat",
    "MemoryEntry",
    "MemoryOomControl",
    "MemoryStat",
    "Metrics",
    "NetworkStat",
    "PidsStat",
    "RS4NetworkModifyRequest",
    "RdmaEntry",
    "RdmaStat",
    "Throttle",
];

#[test]
fn golden_rows_and_types_match() {
    let rows = rows();
    let without_type: Vec<_> =
        rows.iter().filter(|row| row.rust_type().is_none()).map(|row| &row.name).collect();
    assert!(without_type.is_empty(), "rows without a type: {without_type:?}");

    let without_row: Vec<_> = TYPES
        .iter()
        .filter(|ty| !rows.iter().any(|row| row.pkg == ty.package && row.name == ty.name))
        .map(|ty| ty.name)
        .filter(|name| !WITHOUT_ROW.contains(name))
        .collect();
    assert!(without_row.is_empty(), "types without a row: {without_row:?}");
}

#[test]
fn golden_zero_values() {
    for row in rows() {
        let ty = row.rust_type().unwrap();
        assert_eq!((ty.zero)(), row.zero.get(), "{}", row.name);
        assert_eq!((ty.rewrite)("{}").unwrap(), row.zero.get(), "{} from {{}}", row.name);
        assert_eq!((ty.rewrite)(row.zero.get()).unwrap(), row.zero.get(), "{} reread", row.name);
    }
}

#[test]
fn golden_full_values() {
    for row in rows() {
        let ty = row.rust_type().unwrap();
        let expected = row.reread.as_ref().unwrap_or(&row.full);
        assert_eq!((ty.rewrite)(row.full.get()).unwrap(), expected.get(), "{}", row.name);
    }
}

#[test]
fn golden_values_survive_in_a_tree() {
    for row in rows() {
        let tree: serde_json::Value = serde_json::from_str(row.full.get()).unwrap();
        let again: serde_json::Value =
            serde_json::from_str(&(row.rust_type().unwrap().rewrite)(&tree.to_string()).unwrap())
                .unwrap();
        assert_eq!(again, tree, "{}", row.name);
    }
}
