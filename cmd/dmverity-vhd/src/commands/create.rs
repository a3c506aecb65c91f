//! `create`: a disk of each layer.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::report::Report;
use super::source;
use crate::cli::{Create, Globals};
use crate::console::Console;
use crate::files;
use crate::layers::{self, Converted, Disks, Output};

pub(crate) fn create(args: &Create, globals: &Globals) -> anyhow::Result<()> {
    let mut console = Console::new(globals.verbose);
    let path = source::path(&args.image, globals)?;
    let image = source::open(path, &args.image, &console)?;
    let folder = &args.out_dir;
    fs::create_dir_all(folder)
        .with_context(|| format!("creating the folder {}", folder.display()))?;
    let disks = Disks {
        folder: folder.clone(),
        name: if args.image.data_vhd { data_name(path) } else { None },
        hash_dev_vhd: args.hash_dev_vhd,
        uuid: args.uuid.map(uuid::Uuid::into_bytes),
    };
    let output = Output::Disks(disks);
    let mut converted = layers::convert(&image.layers, &output, args.image.jobs, &mut console)?;
    let Output::Disks(disks) = output else { return Ok(()) };
    publish(&mut converted, &disks, &console)?;
    let platform = image.platform.map(|platform| platform.to_string());
    let report = Report::new(path.display().to_string(), platform, &converted, Some(&disks));
    report.print(args.image.json)
}

/// Gives all disks their names. Layers with the same tar, stored in several ways, have one.
fn publish(converted: &mut Converted, disks: &Disks, console: &Console) -> anyhow::Result<()> {
    let mut files = BTreeMap::new();
    for done in &mut converted.done {
        if let Some(disk) = done.disk.take() {
            files.insert(disks.disk(done.diff_id), disk);
        }
        if let Some(device) = done.hash_device.take() {
            files.insert(disks.hash_device(done.diff_id), device);
        }
    }
    let names: Vec<_> = files.keys().cloned().collect();
    files::publish(files.into_iter().map(|(name, disk)| (disk, name)))?;
    for name in names {
        console.note(|| format!("made {}", name.display()));
    }
    Ok(())
}

/// The name of a tar's disk: the tar's, without what says that it is one.
fn data_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    if name == "-" {
        return None;
    }
    let packed = [".gz", ".zst"].iter().find_map(|suffix| name.strip_suffix(suffix));
    let name = packed.unwrap_or(name);
    let bare = [".tar", ".tgz"].iter().find_map(|suffix| name.strip_suffix(suffix));
    let bare = bare.unwrap_or(name);
    Some(if bare.is_empty() { name } else { bare }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_of_a_folders_tar_has_its_name() {
        let cases = [
            ("data.tar", Some("data")),
            ("/a/data.tar.gz", Some("data")),
            ("data.tgz", Some("data")),
            ("data.tar.zst", Some("data")),
            ("data.bin", Some("data.bin")),
            (".tar", Some(".tar")),
            ("-", None),
        ];
        for (path, name) in cases {
            assert_eq!(data_name(Path::new(path)).as_deref(), name, "{path}");
        }
    }
}
