//! The image that a command line asks for.

use std::path::Path;

use anyhow::bail;
use clap::error::ErrorKind;

use crate::cli::{Globals, ImageArgs, usage};
use crate::console::Console;
use crate::image::{Image, Wanted};
use crate::input::{self, quoted};

/// The file or folder that was given.
pub(super) fn path<'a>(args: &'a ImageArgs, globals: &'a Globals) -> anyhow::Result<&'a Path> {
    if globals.docker && globals.tarball.is_some() {
        let message = "--docker and --tarball name two sources; give one of them";
        return Err(usage(ErrorKind::ArgumentConflict, message));
    }
    // The historical tool takes an image's name beside the tarball, and does not look at it.
    let path = globals.tarball.as_deref().or(args.image.as_deref());
    path.ok_or_else(|| {
        let message = "an image is missing: give its file with --image, or with --tarball";
        usage(ErrorKind::MissingRequiredArgument, message)
    })
}

/// Opens the image.
pub(super) fn open(path: &Path, args: &ImageArgs, console: &Console) -> anyhow::Result<Image> {
    if args.username.is_some() || args.password.is_some() {
        bail!(
            "no registry is asked, so --username and --password have no use: save the image \
             with `docker save` and give its archive with -i"
        );
    }
    if args.data_vhd && (args.platform.is_some() || args.reference.is_some()) {
        let message = "--data-vhd takes one layer: there is no image for --platform or --ref";
        return Err(usage(ErrorKind::ArgumentConflict, message));
    }
    let input = input::open(path, args.data_vhd)?;
    let wanted = Wanted { platform: args.platform.clone(), reference: args.reference.clone() };
    let image = Image::open(input, &wanted)?;
    console.note(|| {
        let name = quoted(&path.display().to_string());
        let platform = image.platform.as_ref();
        let platform = platform.map_or_else(String::new, |platform| format!(" for {platform}"));
        format!("{name}: {} layers{platform}", image.layers.len())
    });
    Ok(image)
}
