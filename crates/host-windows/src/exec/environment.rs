//! The block that a new process has its environment from.

use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::OsStrExt;

/// Variables as `NAME=value`, each with a NUL behind it and one behind all. Of
/// names that differ in case only the last counts; the order is that of the
/// names, which Windows asks for.
///
/// # Errors
/// The name of the variable that cannot be written.
pub(super) fn block(variables: &[(OsString, OsString)]) -> Result<Vec<u16>, OsString> {
    const ROOT: &str = "SYSTEMROOT";
    let mut kept: Vec<(OsString, &OsStr, &OsStr)> = Vec::new();
    let root = std::env::var_os(ROOT);
    let given = variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()));
    // First, so that one of the caller's takes its place.
    let inherited = root.iter().map(|value| (OsStr::new(ROOT), value.as_os_str()));
    for (name, value) in inherited.chain(given) {
        if !is_valid(name, value) {
            return Err(name.to_owned());
        }
        let upper = name.to_string_lossy().to_uppercase().into();
        kept.retain(|(other, ..)| *other != upper);
        kept.push((upper, name, value));
    }
    kept.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let mut block = Vec::new();
    for (_, name, value) in kept {
        block.extend(name.encode_wide());
        block.push(u16::from(b'='));
        block.extend(value.encode_wide());
        block.push(0);
    }
    // An empty block too ends with two.
    if block.is_empty() {
        block.push(0);
    }
    block.push(0);
    Ok(block)
}

fn is_valid(name: &OsStr, value: &OsStr) -> bool {
    const EQUALS: u16 = b'=' as u16;
    let mut units = name.encode_wide();
    // Drives keep their folders in variables such as `=C:`.
    let first = units.next();
    first.is_some_and(|unit| unit != 0)
        && (first != Some(EQUALS) || name.len() > 1)
        && units.all(|unit| unit != 0 && unit != EQUALS)
        && value.encode_wide().all(|unit| unit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(list: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        list.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn text(list: &[(&str, &str)]) -> String {
        String::from_utf16(&block(&variables(list)).unwrap()).unwrap()
    }

    #[test]
    fn the_last_of_a_name_counts_in_order() {
        let block = text(&[("b", "1"), ("SystemRoot", "r"), ("A", ""), ("B", "2=3"), ("=C:", "x")]);
        assert_eq!(block, "=C:=x\0A=\0B=2=3\0SystemRoot=r\0\0");
    }

    #[test]
    fn what_programs_need_is_added() {
        let root = std::env::var("SYSTEMROOT").unwrap();
        assert_eq!(text(&[]), format!("SYSTEMROOT={root}\0\0"));
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        for (name, value) in [("", "x"), ("a=b", "x"), ("=", "x"), ("a\0", "x"), ("a", "x\0y")] {
            assert_eq!(block(&variables(&[(name, value)])), Err(name.into()));
        }
    }
}
