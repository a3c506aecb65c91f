//! What the user gives, recognised by its content.

mod archive;
mod folder;
mod section;
mod store;

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use layer_image::{Compression, decompressed};

pub(crate) use section::{Member, Section};
pub(crate) use store::{Store, quoted};

use archive::Archive;
use folder::Folder;

/// What was given.
pub(crate) enum Input {
    /// Images.
    Store(Store),
    /// One layer.
    Layer(Member),
}

/// Opens a file or a folder; `-` is stdin. `one_layer` says that it is one.
pub(crate) fn open(path: &Path, one_layer: bool) -> anyhow::Result<Input> {
    let name = path.display().to_string();
    let context = || format!("reading {name}");
    let file = if path.as_os_str() == "-" {
        spool(io::stdin().lock()).context("reading stdin")?
    } else {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(not_there(&name)),
            Ok(metadata) if metadata.is_dir() => {
                return Ok(Input::Store(Store::Folder(Folder::open(path)?)));
            }
            Ok(metadata) if metadata.is_file() => File::open(path).with_context(context)?,
            // A pipe can be read once.
            Ok(_) => File::open(path).and_then(spool).with_context(context)?,
            Err(error) => return Err(error).with_context(context),
        }
    };
    of_file(file, &name, one_layer).with_context(context)
}

fn of_file(mut file: File, name: &str, one_layer: bool) -> anyhow::Result<Input> {
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start)?;
    if start.is_empty() {
        bail!("it is empty");
    }
    let file = Arc::new(file);
    let whole = Member::of_file(Arc::clone(&file), name)?;
    if one_layer {
        return Ok(Input::Layer(whole));
    }
    let file = if Compression::of(&start) == Compression::None {
        file
    } else {
        if !archive::may_have_images(decompressed(whole.open()?)?.0)? {
            return Ok(Input::Layer(whole));
        }
        Arc::new(spool(decompressed(whole.open()?)?.0)?)
    };
    Ok(match Archive::index(file, name)? {
        Some(archive) => Input::Store(Store::Archive(archive)),
        None => Input::Layer(whole),
    })
}

/// A temporary file without a name, with all of an input.
fn spool(mut input: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input, &mut file)?;
    file.rewind()?;
    Ok(file)
}

/// Images are files here. What the historical tool was given is the name of one.
fn not_there(name: &str) -> String {
    format!(
        "{name} is no file or folder, and no image is asked of a registry or a daemon: \
         save it with `docker save {name} -o image.tar` and give `-i image.tar`"
    )
}
