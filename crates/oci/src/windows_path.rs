//! Windows paths as text, on any machine.
//!
//! The rules are those of the reference's language (Go's `path/filepath`), which
//! show in the paths that a host is given.

/// Whether a character separates the parts of a path.
fn is_separator(c: char) -> bool {
    matches!(c, '\\' | '/')
}

/// The length of what stands before the folders: a drive, a share, a device.
fn volume_len(path: &str) -> usize {
    let bytes = path.as_bytes();
    if let [letter, b':', ..] = bytes
        && letter.is_ascii_alphabetic()
    {
        return 2;
    }
    let mut parts = path.split(is_separator);
    if (parts.next(), parts.next()) != (Some(""), Some("")) {
        return 0;
    }
    let (Some(server), Some(share)) = (parts.next(), parts.next()) else {
        return 0;
    };
    let two = 2 + server.len() + 1 + share.len();
    match server {
        // `\\?\UNC\server\share`
        "." | "?" if share.eq_ignore_ascii_case("UNC") => match (parts.next(), parts.next()) {
            (Some(server), Some(share)) => two + 1 + server.len() + 1 + share.len(),
            _ => path.len(),
        },
        "." | "?" => two,
        _ if server.is_empty() || share.is_empty() => 0,
        _ => two,
    }
}

fn split_volume(path: &str) -> (String, &str) {
    let (volume, rest) = path.split_at(volume_len(path));
    (volume.replace('/', "\\"), rest)
}

/// The shortest form of a path: one separator between parts, none at the end, no
/// `.`, and `..` only at the beginning of a relative path.
pub(crate) fn clean(path: &str) -> String {
    let (volume, rest) = split_volume(path);
    if rest.is_empty() {
        return if volume.len() > 2 { volume } else { volume + "." };
    }
    let rooted = rest.starts_with(is_separator);
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split(is_separator) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let root = if rooted { "\\" } else { "" };
    match parts.join("\\") {
        parts if parts.is_empty() && !rooted => volume + ".",
        parts if volume.is_empty() => still_no_volume(root.to_owned() + &parts, rest),
        parts => volume + root + &parts,
    }
}

/// What became of a path without a volume, so that it does not begin with one now that
/// what stood before is gone: `.\C:` is a file and `C:` a drive.
fn still_no_volume(clean: String, path: &str) -> String {
    let first = clean.split(is_separator).next().unwrap_or_default();
    if path.starts_with(&clean) {
        clean
    } else if first.contains(':') {
        format!(r".\{clean}")
    } else if clean.starts_with(r"\??") {
        format!(r"\.{clean}")
    } else {
        clean
    }
}

/// A path below another.
pub(crate) fn join(path: &str, below: &str) -> String {
    match path {
        "" => clean(below),
        // A drive alone is the folder that a program is in there.
        _ if path.ends_with(':') => clean(&format!("{path}{below}")),
        _ => clean(&format!("{path}\\{below}")),
    }
}

/// The folder that a path is in.
pub(crate) fn parent(path: &str) -> String {
    let (volume, rest) = split_volume(path);
    let end = rest.rfind(is_separator).map_or(0, |at| at + 1);
    match clean(&rest[..end]) {
        folder if folder == "." && volume.len() > 2 => volume,
        folder => volume + &folder,
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let rest = path.trim_end_matches(is_separator);
    let rest = &rest[volume_len(rest)..];
    match rest.rsplit(is_separator).next() {
        Some("") | None => "\\",
        Some(name) => name,
    }
}

/// Whether a path says where it is on whichever drive.
pub(crate) fn is_absolute(path: &str) -> bool {
    let volume = volume_len(path);
    volume > 0 && path[volume..].starts_with(is_separator)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_cleaned() {
        for (path, expected) in [
            ("", "."),
            ("a", "a"),
            (r"C:\a\..\scr\", r"C:\scr"),
            ("D:/fwd/slash", r"D:\fwd\slash"),
            (r"C:\..\..\a", r"C:\a"),
            ("C:", "C:."),
            (r"C:\", r"C:\"),
            (r"..\..\a\.\b\..", r"..\..\a"),
            (r"\\server\share\a\..\b", r"\\server\share\b"),
            (r"\\.\PHYSICALDRIVE2\", r"\\.\PHYSICALDRIVE2\"),
            (r"\\?\UNC\server\share\..\x", r"\\?\UNC\server\share\x"),
            (r".\C:", r".\C:"),
            ("a/../c:/x", r".\c:\x"),
            ("stream:x", "stream:x"),
            (r"\a\..\??\c", r"\.\??\c"),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }

    #[test]
    fn paths_are_taken_apart() {
        for (path, folder, name) in [
            (r"\\.\PHYSICALDRIVE2\x.cim", r"\\.\PHYSICALDRIVE2\", "x.cim"),
            ("C:/one/a.cim", r"C:\one", "a.cim"),
            ("b.cim", ".", "b.cim"),
            (r"C:\", r"C:\", "\\"),
            (r"\\?\Volume{1}", r"\\?\Volume{1}", "\\"),
            ("PCI\\A/2", r"PCI\A", "2"),
            ("", ".", "."),
        ] {
            assert_eq!((parent(path).as_str(), file_name(path)), (folder, name), "{path}");
        }
        assert_eq!(join(r"C:\a\", r"..\b"), r"C:\b");
        assert_eq!((join("", "b"), join("C:", "b")), ("b".to_owned(), "C:b".to_owned()));
        assert!(is_absolute(r"C:\a") && is_absolute(r"\\s\s\") && !is_absolute(r"\a"));
    }

    proptest! {
        #[test]
        fn what_is_clean_stays(path in r"[aC:.?\\/ü]{0,12}") {
            let clean_path = clean(&path);
            prop_assert_eq!(clean(&clean_path), clean_path.clone());
            parent(&path);
            file_name(&path);
            is_absolute(&path);
        }
    }
}
