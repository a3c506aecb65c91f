//! A config.json to begin with.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{anyhow, bail};

use crate::cli::Spec;
use crate::config::CONFIG;

/// Writes a config.json that nobody has written yet.
pub(super) fn write(spec: &Spec) -> anyhow::Result<u8> {
    let folder = spec.bundle.as_deref().unwrap_or(Path::new("."));
    let path = folder.join(CONFIG);
    let text = if spec.rootless { rootless() } else { include_str!("spec/root.json").to_owned() };
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} exists: remove it first, or choose another folder", path.display())
        }
        other => other.map_err(|error| anyhow!("writing {}: {error}", path.display())),
    }?;
    Ok(0)
}

/// For this user, who is root in the container.
fn rootless() -> String {
    #[cfg(unix)]
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    #[cfg(not(unix))]
    let (user, group) = (0, 0);
    include_str!("spec/rootless.json")
        .replace("\"HOST-USER\"", &user.to_string())
        .replace("\"HOST-GROUP\"", &group.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_written_once() {
        let temp = tempfile::tempdir().expect("temp");
        let spec = |rootless| Spec { bundle: Some(temp.path().into()), rootless };
        write(&spec(false)).expect("write");
        let error = write(&spec(false)).expect_err("it exists").to_string();
        assert!(error.contains("exists"), "{error}");
        crate::config::Bundle::read(Some(temp.path())).expect("a bundle");
    }

    #[test]
    fn a_rootless_spec_maps_this_user() {
        let spec: serde_json::Value = serde_json::from_str(&rootless()).expect("json");
        assert!(spec["linux"]["uidMappings"][0]["hostID"].is_u64());
        assert!(spec["linux"]["gidMappings"][0]["hostID"].is_u64());
        assert!(spec["linux"]["resources"].is_null());
    }
}
