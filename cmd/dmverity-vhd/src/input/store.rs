//! Files of an image by their names, in an archive or a folder.

use std::fmt;
use std::io::Read as _;

use anyhow::{Context as _, bail, ensure};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::archive::Archive;
use super::folder::Folder;
use super::section::Member;
use crate::digest::Digest;

/// The longest JSON document that is read, in bytes.
const MAX_DOCUMENT: u64 = 16 << 20;
/// The longest name that a document may have for a file, in bytes.
const MAX_NAME: usize = 1024;

/// Where files of images are.
#[derive(Debug)]
pub(crate) enum Store {
    Archive(Archive),
    Folder(Folder),
}

impl Store {
    /// A file; none where there is nothing of that name.
    pub(crate) fn find(&self, name: &str) -> anyhow::Result<Option<Member>> {
        check_name(name)
            .and_then(|()| match self {
                Self::Archive(archive) => archive.find(name),
                Self::Folder(folder) => folder.find(name),
            })
            .with_context(|| format!("looking for {} in {self}", quoted(name)))
    }

    /// A file that must be there.
    pub(crate) fn require(&self, name: &str) -> anyhow::Result<Member> {
        self.find(name)?.with_context(|| format!("{} is missing in {self}", quoted(name)))
    }

    /// A JSON document. Where its name is a digest, it must have that.
    pub(crate) fn document<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<T> {
        let member = self.require(name)?;
        read_document(&member)
            .and_then(|bytes| {
                if let Some(digest) = Digest::of_blob_name(name) {
                    check_digest(&bytes, digest)?;
                }
                Ok(serde_json::from_slice(&bytes)?)
            })
            .with_context(|| format!("reading {} of {self}", quoted(name)))
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive(archive) => f.write_str(archive.name()),
            Self::Folder(folder) => folder.root().display().fmt(f),
        }
    }
}

/// A name from a document as a message has it, escaped and not too long.
pub(crate) fn quoted(name: &str) -> String {
    const SHOWN: usize = 128;
    if name.chars().all(|letter| letter.is_ascii_graphic()) && name.len() <= SHOWN {
        return name.to_owned();
    }
    let start: String = name.chars().take(SHOWN).collect();
    let more = if start.len() < name.len() { "..." } else { "" };
    format!("{start:?}{more}")
}

/// Names are looked up below the top, so they may not lead elsewhere.
fn check_name(name: &str) -> anyhow::Result<()> {
    ensure!(name.len() <= MAX_NAME, "the name has {} bytes, more than {MAX_NAME}", name.len());
    let leads_out = |part: &str| matches!(part, "" | "." | "..") || part.contains(['\\', '\0']);
    if name.split('/').any(leads_out) {
        bail!("the name is not one of a file below the top: no `..`, and no `/` at its beginning");
    }
    Ok(())
}

fn read_document(member: &Member) -> anyhow::Result<Vec<u8>> {
    let too_long = member.size > MAX_DOCUMENT;
    ensure!(!too_long, "it has {} bytes, a document at most {MAX_DOCUMENT}", member.size);
    let mut bytes = Vec::new();
    member.open()?.take(MAX_DOCUMENT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn check_digest(bytes: &[u8], wanted: Digest) -> anyhow::Result<()> {
    let found = Digest::new(Sha256::digest(bytes).into());
    ensure!(found == wanted, "blob {wanted} is damaged: its digest is {found}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "..\\x", "a\0"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_name(&"a".repeat(2000)).is_err());
        for name in ["a", "blobs/sha256/00", "sha256:00", "..a/b"] {
            assert!(check_name(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_hostile_name_is_quoted() {
        assert_eq!(quoted("a/b.tar"), "a/b.tar");
        assert_eq!(quoted("\u{1b}[2J"), "\"\\u{1b}[2J\"");
        assert!(quoted(&"é".repeat(1000)).ends_with("\"..."));
    }
}
