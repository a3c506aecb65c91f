//! Tars that may hold images, and where their files are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tar_stream::{Entry, EntryKind, TarStream};

use super::section::{Member, Place};
use super::store::quoted;

const BLOCK: usize = 512;
/// The place of the type in a header.
const TYPE: usize = 156;
/// GNU tar's type of a file with holes.
const SPARSE: u8 = b'S';
/// Names longer than this are of no image.
const MAX_NAME: usize = 256;
/// An archive with more names than this is taken to be a layer.
const MAX_MEMBERS: usize = 1 << 16;
/// Links that lead to links.
const MAX_LINKS: usize = 8;

/// A tar with images, and its files by their names.
#[derive(Debug)]
pub(crate) struct Archive {
    name: String,
    file: Arc<File>,
    members: BTreeMap<String, Content>,
}

#[derive(Debug)]
enum Content {
    File { start: u64, size: u64 },
    Link(String),
    Other,
}

impl Archive {
    /// Finds the files of a tar, without reading them. None where it holds no images.
    pub(super) fn index(file: Arc<File>, name: &str) -> anyhow::Result<Option<Self>> {
        let Some(members) = members(&file)? else { return Ok(None) };
        let has = |name: &str| members.contains_key(name);
        let has_images = has("manifest.json") || (has("oci-layout") && has("index.json"));
        Ok(has_images.then(|| Self { name: name.to_owned(), file, members }))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A file; none where there is nothing of that name.
    pub(super) fn find(&self, name: &str) -> anyhow::Result<Option<Member>> {
        let mut name = name.to_owned();
        for _ in 0..MAX_LINKS {
            match self.members.get(&name) {
                None => return Ok(None),
                Some(Content::Other) => bail!("it is no regular file"),
                Some(Content::Link(target)) => name.clone_from(target),
                Some(Content::File { start, size }) => {
                    let place = Place::Section { file: Arc::clone(&self.file), start: *start };
                    return Ok(Some(Member { name, size: *size, place }));
                }
            }
        }
        bail!("it is a link that leads through more than {MAX_LINKS} others")
    }
}

/// Whether a tar that can be read once may hold images: whether one of its first files is
/// the kind of which images have one.
pub(super) fn may_have_images(input: impl Read) -> anyhow::Result<bool> {
    let mut stream = TarStream::new(BufReader::with_capacity(64 * 1024, input));
    let mut seen = 0;
    while let Some(entry) = stream.next_entry().context(NO_TAR)? {
        let name = name_of(&entry.path);
        seen += 1;
        if matches!(name.as_deref(), Some("manifest.json" | "oci-layout")) {
            return Ok(true);
        }
        if seen > MAX_MEMBERS {
            break;
        }
        if let Some(name) = name.filter(|name| is_of_layer(name)) {
            refuse_nested_layout(&name)?;
            break;
        }
    }
    Ok(false)
}

const NO_TAR: &str = "it is no image archive, no OCI image layout and no layer: no tar";

/// The files of a tar by their names. None where they are a layer's.
fn members(file: &File) -> anyhow::Result<Option<BTreeMap<String, Content>>> {
    let length = file.metadata()?.len();
    let mut members = BTreeMap::new();
    let mut input = BufReader::new(file);
    input.rewind()?;
    let mut at: u64 = 0;
    loop {
        let mut stream = TarStream::new(input);
        let entry = match stream.next_entry() {
            Ok(entry) => entry,
            Err(error) if at == 0 => return Err(error).context(NO_TAR),
            Err(error) => return Err(error).with_context(|| format!("from byte {at} on")),
        };
        let Some(entry) = entry else { return Ok(Some(members)) };
        let start = at.saturating_add(stream.position());
        input = stream.into_inner();
        if has_holes(&mut input, &entry, start - at)? {
            return Ok(None);
        }
        let Some(end) = start.checked_add(entry.size).filter(|end| *end <= length) else {
            bail!("it ends within {}: it is not whole", entry.path.escape_ascii());
        };
        if let Some(name) = name_of(&entry.path) {
            if is_of_layer(&name) {
                refuse_nested_layout(&name)?;
                return Ok(None);
            }
            if members.len() == MAX_MEMBERS {
                return Ok(None);
            }
            let content = content_of(&entry, &name, start);
            members.insert(name, content);
        }
        at = end.checked_next_multiple_of(BLOCK as u64).context("it has no end")?;
        input.seek_relative(i64::try_from(at - start)?)?;
    }
}

/// A name as documents have it. None for those that they can't have.
fn name_of(path: &[u8]) -> Option<String> {
    let mut name = str::from_utf8(path).ok()?.trim_end_matches('/');
    while let Some(rest) = name.strip_prefix("./") {
        name = rest;
    }
    (!name.is_empty() && name != "." && name.len() <= MAX_NAME).then(|| name.to_owned())
}

/// Names in image archives are at the top or in a folder there, or of blobs.
fn is_of_layer(name: &str) -> bool {
    name.split('/').count() > 2 && !name.starts_with("blobs/")
}

/// A layout that was archived with its folder would pass for a layer.
fn refuse_nested_layout(name: &str) -> anyhow::Result<()> {
    let mut parts = name.split('/');
    if let (Some(folder), Some("blobs"), Some("sha256")) =
        (parts.next(), parts.next(), parts.next())
    {
        let folder = quoted(folder);
        bail!(
            "the files of an image layout are in its folder {folder}: archive them with \
             `tar -C {folder} -cf image.tar .`, or give --data-vhd too if it is one layer"
        );
    }
    Ok(())
}

fn content_of(entry: &Entry, name: &str, start: u64) -> Content {
    let target = |folder: &str| {
        let target = str::from_utf8(&entry.link_name).ok().and_then(|link| resolve(folder, link));
        target.map_or(Content::Other, Content::Link)
    };
    match entry.kind {
        EntryKind::Regular => Content::File { start, size: entry.size },
        // `docker save` had links for layers that occur more than once.
        EntryKind::Symlink => target(name.rsplit_once('/').map_or("", |(folder, _)| folder)),
        EntryKind::Link => target(""),
        _ => Content::Other,
    }
}

/// Where a link leads, in the archive.
fn resolve(folder: &str, link: &str) -> Option<String> {
    if link.starts_with('/') || link.len() > MAX_NAME {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether an entry is a file with holes, whose size is not that of its data. No archive of
/// images has one. `headers` is the length of the headers behind which the input stands.
fn has_holes(input: &mut BufReader<&File>, entry: &Entry, headers: u64) -> io::Result<bool> {
    if entry.kind != EntryKind::Regular {
        return Ok(false);
    }
    // A map of holes may stand between the last header and the data.
    let has_map = entry.position.checked_add(BLOCK as u64) != Some(headers);
    if has_map || entry.records.iter().any(|(key, _)| key.starts_with(b"GNU.sparse.")) {
        return Ok(true);
    }
    let mut header = [0; BLOCK];
    input.seek_relative(-(BLOCK as i64))?;
    input.read_exact(&mut header)?;
    Ok(header[TYPE] == SPARSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_archive() {
        assert_eq!(resolve("a", "../b/layer.tar").as_deref(), Some("b/layer.tar"));
        assert_eq!(resolve("", "./b//c").as_deref(), Some("b/c"));
        assert_eq!(resolve("a", "../../b"), None);
        assert_eq!(resolve("a", "/etc/passwd"), None);
    }

    #[test]
    fn names_tell_layers_from_images() {
        for name in ["manifest.json", "abc/layer.tar", "blobs/sha256/00"] {
            assert!(!is_of_layer(name), "{name}");
        }
        for name in ["usr/bin/env", "etc/apt/apt.conf.d/x"] {
            assert!(is_of_layer(name), "{name}");
        }
        assert_eq!(name_of(b"././a/b/").as_deref(), Some("a/b"));
        assert_eq!(name_of(b"./"), None);
        assert_eq!(name_of(b"\xff"), None);
    }
}
