//! Paths inside an image: bytes, `/` between names, never out of the root.

/// The names of a path in order, with `.`, `..` and empty names resolved as if the
/// path began at the root. `..` at the root stays there.
pub(crate) fn names(path: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names
}

/// The folder, with its closing `/`, and the last name of a path, both as they stand.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let folder = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    path.split_at(folder)
}

/// A path for a person.
pub(crate) fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_root() {
        assert_eq!(names(b"../../etc//./passwd"), [&b"etc"[..], b"passwd"]);
        assert_eq!(names(b"/a/b/../c/"), [&b"a"[..], b"c"]);
        assert!(names(b"a/..").is_empty());
        assert!(names(b"./").is_empty());
    }

    #[test]
    fn a_path_splits_at_its_last_slash() {
        assert_eq!(split(b"a/b"), (&b"a/"[..], &b"b"[..]));
        assert_eq!(split(b"b"), (&b""[..], &b"b"[..]));
        assert_eq!(split(b"a/"), (&b"a/"[..], &b""[..]));
    }
}
