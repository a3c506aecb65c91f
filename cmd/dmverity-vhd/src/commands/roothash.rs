//! `roothash`: the root hash of each layer.

use super::report::Report;
use super::source;
use crate::cli::{Globals, Roothash};
use crate::console::Console;
use crate::layers::{self, Output};

pub(crate) fn roothash(args: &Roothash, globals: &Globals) -> anyhow::Result<()> {
    let args = &args.image;
    let mut console = Console::new(globals.verbose);
    let path = source::path(args, globals)?;
    let image = source::open(path, args, &console)?;
    let converted = layers::convert(&image.layers, &Output::RootHashes, args.jobs, &mut console)?;
    let platform = image.platform.map(|platform| platform.to_string());
    Report::new(path.display().to_string(), platform, &converted, None).print(args.json)
}
