//! The files of a container's image and its mounts, where its processes see them.

use std::fs;
use std::io;
use std::os::windows::fs::{symlink_dir, symlink_file};
use std::path::{Path, PathBuf};

use compute::SystemId;
use compute::error::SystemCode;
use oci::Spec;
use oci::container::{ContainerError, is_volume};
use oci::host_process::RootLocation;
use oci::spec::Mount;
use windows_sys::Win32::Storage::FileSystem::{DeleteVolumeMountPointW, SetVolumeMountPointW};

use crate::failure::Outcome;
use crate::job::{Binding, Job};
use crate::path::root::Root;
use crate::path::{self};
use crate::wide::Wide;

/// Why files are not where a container is to see them.
#[derive(Debug, thiserror::Error)]
enum FilesError {
    /// A mount lacks one of its ends.
    #[error(
        "invalid OCI spec - a mount must have both source and a destination: source {source_path:?}, \
         destination {destination:?}"
    )]
    Ends { source_path: String, destination: String },
    /// A pipe is no file.
    #[error(
        "named pipe mounts not supported for job containers - interact with the pipe directly: {0}"
    )]
    Pipe(String),
    /// What is to be mounted can't be looked at.
    #[error("mounting {what} at {destination}")]
    Mount {
        what: String,
        destination: String,
        #[source]
        source: io::Error,
    },
    /// A folder can't be removed.
    #[error("the folder {} of a volume is left", .0.display())]
    Left(PathBuf),
    /// A volume can't be mounted.
    #[error("failed to mount {volume} at {}", folder.display())]
    Volume {
        volume: String,
        folder: PathBuf,
        #[source]
        code: SystemCode,
    },
}

/// What was made, which is undone when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Links to mounts, the last one first removed.
    links: Vec<PathBuf>,
    _volume: Option<MountPoint>,
}

impl Drop for Files {
    fn drop(&mut self) {
        for link in self.links.drain(..).rev() {
            // A link to a folder is a folder.
            if let Err(error) = fs::remove_dir(&link).or_else(|_| fs::remove_file(&link)) {
                tracing::warn!(link = %link.display(), %error, "a link to a mount is left");
            }
        }
    }
}

/// Puts the files of a spec's root and mounts to where the container of a job sees them.
pub(super) fn lay(job: &Job, id: &SystemId, spec: &Spec) -> Outcome<(RootLocation, Files)> {
    let root = spec.root.as_ref().map(|root| root.path.as_str()).unwrap_or_default();
    let mounts = check(&spec.mounts)?;
    if root.is_empty() {
        return Err(ContainerError::NoRoot.into());
    }
    let has_volume = is_volume(root.trim_end_matches('\\'));
    if !has_volume && !Path::new(root).is_dir() {
        return Err(ContainerError::Root(root.to_owned()).into());
    }
    if Job::can_bind() {
        let location = RootLocation::bound(spec)?;
        job.promote_to_silo()?;
        job.bind(Path::new(location.folder()), Path::new(root), Binding::Replace)?;
        for mount in mounts {
            let binding =
                if is_readonly(mount) { Binding::ReplaceReadOnly } else { Binding::Replace };
            job.bind(Path::new(&mount.destination), Path::new(&mount.source), binding)?;
        }
        return Ok((location, Files::default()));
    }
    let (location, mut files) = if has_volume {
        let location = RootLocation::own(spec, id.as_str())?;
        let volume = Some(MountPoint::new(location.folder(), root)?);
        (location, Files { links: Vec::new(), _volume: volume })
    } else {
        (RootLocation::existing(root), Files::default())
    };
    for mount in mounts {
        files.link(&location, mount)?;
    }
    Ok((location, files))
}

/// Unmounts the volume of a container whose maker could not do it.
pub(super) fn remove_remains(id: &SystemId, spec: &Spec) -> Outcome<()> {
    let folder = PathBuf::from(RootLocation::own(spec, id.as_str())?.folder());
    match fs::symlink_metadata(&folder) {
        Ok(_) => drop(MountPoint(folder.clone())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    match fs::symlink_metadata(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(FilesError::Left(folder).into()),
    }
}

/// The mounts, each of which can be made.
fn check(mounts: &[Mount]) -> Outcome<&[Mount]> {
    for Mount { source, destination, .. } in mounts {
        if source.is_empty() || destination.is_empty() {
            let (source_path, destination) = (source.clone(), destination.clone());
            return Err(FilesError::Ends { source_path, destination }.into());
        }
        if source.to_ascii_lowercase().starts_with(r"\\.\pipe\") {
            return Err(FilesError::Pipe(source.clone()).into());
        }
    }
    Ok(mounts)
}

fn is_readonly(mount: &Mount) -> bool {
    mount.options.iter().any(|option| option.eq_ignore_ascii_case("ro"))
}

impl Files {
    /// Makes a link to a mount below the root. No link that the image brings is followed
    /// on the way.
    fn link(&mut self, root: &RootLocation, mount: &Mount) -> Outcome<()> {
        let failed = |source: io::Error| FilesError::Mount {
            what: mount.source.clone(),
            destination: mount.destination.clone(),
            source,
        };
        if is_readonly(mount) {
            tracing::warn!(
                source = mount.source,
                "a mount can be written, since this Windows has links only"
            );
        }
        let is_folder = fs::metadata(&mount.source).map_err(failed)?.is_dir();
        let place = PathBuf::from(root.place(&mount.destination));
        if let Ok(below) = place.strip_prefix(root.folder())
            && let Some(folders) = below.parent()
        {
            make_folders(&Root::open(Path::new(root.folder()))?, folders)?;
        }
        let made = if is_folder {
            symlink_dir(&mount.source, &place)
        } else {
            symlink_file(&mount.source, &place)
        };
        made.map_err(failed)?;
        self.links.push(place);
        Ok(())
    }
}

/// Makes the folders of a path below a root that are missing.
fn make_folders(root: &Root, path: &Path) -> Result<(), path::PathError> {
    let mut folder = PathBuf::new();
    for part in path.components() {
        folder.push(part);
        match root.metadata(&folder) {
            Err(error) if error.is_not_found() => root.make_folder(&folder)?,
            _ => root.refuse_reparse_point(&folder)?,
        }
    }
    Ok(())
}

/// A folder that a volume is mounted at, until this is dropped.
#[derive(Debug)]
struct MountPoint(PathBuf);

impl MountPoint {
    /// Mounts a volume at a folder, which is made.
    fn new(folder: &str, volume: &str) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        // From now on the folder is removed, whatever happens.
        let point = Self(folder.into());
        // Both have to end so.
        let told = |path: &str| Wide::new(format!(r"{}\", path.trim_end_matches('\\')));
        let (at, what) = (told(folder)?, told(volume)?);
        // SAFETY: both paths end with a NUL.
        if unsafe { SetVolumeMountPointW(at.as_ptr(), what.as_ptr()) } == 0 {
            let code = crate::nt::last_code();
            let (volume, folder) = (volume.to_owned(), PathBuf::from(folder));
            return Err(FilesError::Volume { volume, folder, code }.into());
        }
        Ok(point)
    }
}

impl Drop for MountPoint {
    fn drop(&mut self) {
        let Ok(path) = Wide::new(format!(r"{}\", self.0.display())) else { return };
        // SAFETY: the path ends with a NUL.
        if unsafe { DeleteVolumeMountPointW(path.as_ptr()) } == 0 {
            let code = crate::nt::last_code();
            tracing::debug!(folder = %self.0.display(), %code, "no volume was mounted");
        }
        // It is empty unless the volume is still there.
        if let Err(error) = fs::remove_dir(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the folder of a volume is left");
        }
    }
}
