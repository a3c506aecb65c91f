//! A bundle: the folder that a container is made from.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use compute::Document;
use hcs_schema::schema2::{ComputeSystem, Version};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// The most that a config.json may have, in bytes.
const MAX_CONFIG: u64 = 16 << 20;

/// The file in a bundle that describes its container.
pub(crate) const CONFIG: &str = "config.json";

/// A bundle that was read.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// The absolute path of the folder.
    pub(crate) folder: String,
    pub(crate) rootfs: String,
    /// Whether its process wants a console.
    pub(crate) terminal: bool,
    pub(crate) spec: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(default)]
    oci_version: String,
    #[serde(default)]
    root: Root,
    #[serde(default)]
    process: Option<Process>,
    #[serde(default, borrow)]
    vm: Option<&'a RawValue>,
    #[serde(default, borrow)]
    windows: Option<&'a RawValue>,
    #[serde(default, borrow)]
    linux: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Root {
    #[serde(default)]
    path: String,
}

#[derive(Deserialize, Default)]
struct Process {
    #[serde(default)]
    terminal: bool,
}

impl Bundle {
    /// Reads the bundle in a folder, or in the current one.
    pub(crate) fn read(folder: Option<&Path>) -> anyhow::Result<Self> {
        let folder = absolute(folder)?;
        let path = folder.join(CONFIG);
        let text = read(&path)?;
        let refused = |error: &dyn std::fmt::Display| anyhow!("{}: {error}", path.display());
        let spec: Spec<'_> = serde_json::from_str(&text).map_err(|error| refused(&error))?;
        if spec.oci_version.is_empty() {
            bail!(refused(&"ociVersion is missing"));
        }
        if spec.vm.is_some() || (spec.windows.is_some() && spec.linux.is_some()) {
            bail!(refused(&"it asks for a utility VM, which this host cannot run yet"));
        }
        if spec.windows.is_some() {
            bail!(refused(
                &"windows: it describes a Windows container, which this host cannot run"
            ));
        }
        let Some(process) = spec.process else {
            bail!(refused(&"process is missing: it says what to run"));
        };
        let rootfs = path_text(&folder.join(&spec.root.path))?;
        Ok(Self {
            folder: path_text(&folder)?,
            rootfs,
            terminal: process.terminal,
            spec: RawValue::from_string(text).map_err(|error| refused(&error))?,
        })
    }

    /// The document of the container's compute system.
    pub(crate) fn document(&self, owner: &str) -> anyhow::Result<Document> {
        let specification: serde_json::Value = serde_json::from_str(self.spec.get())?;
        Ok(Document::from(ComputeSystem {
            owner: owner.to_owned(),
            schema_version: Some(Version::V21),
            hosted_system: Some(json!({
                "SchemaVersion": Version::V21,
                "OciBundlePath": self.folder,
                "OciSpecification": specification,
            })),
            ..ComputeSystem::default()
        }))
    }
}

/// The absolute path of a folder that exists, without symbolic links.
fn absolute(folder: Option<&Path>) -> anyhow::Result<PathBuf> {
    let folder = folder.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::canonicalize(folder)
        .map_err(|error| anyhow!("the bundle {}: {error}", folder.display()))
}

fn path_text(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str();
    let text = text.ok_or_else(|| anyhow!("the path {} is not Unicode", path.display()))?;
    // A long path of Windows, which `canonicalize` gives for short ones too.
    let short = text.strip_prefix(r"\\?\").filter(|short| short.get(1..3) == Some(r":\"));
    Ok(short.unwrap_or(text).to_owned())
}

/// The text of a file of no more than [`MAX_CONFIG`] bytes.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    let failed = |error: &dyn std::fmt::Display| anyhow!("reading {}: {error}", path.display());
    let mut text = String::with_capacity(8 << 10);
    let mut file = File::open(path).map_err(|error| failed(&error))?.take(MAX_CONFIG + 1);
    file.read_to_string(&mut text).map_err(|error| failed(&error))?;
    if text.len() as u64 > MAX_CONFIG {
        bail!(failed(&format_args!("it has more than {MAX_CONFIG} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(config: &str) -> anyhow::Result<Bundle> {
        let temp = tempfile::tempdir().expect("temp");
        std::fs::write(temp.path().join(CONFIG), config).expect("write");
        Bundle::read(Some(temp.path()))
    }

    #[test]
    fn a_bundle_is_read() {
        let bundle = bundle(
            r#"{"ociVersion":"1.0.2","root":{"path":"r"},"process":{"terminal":true},"linux":{}}"#,
        )
        .expect("bundle");
        assert_eq!(Path::new(&bundle.rootfs), Path::new(&bundle.folder).join("r"));
        assert!(bundle.terminal);
        let document = bundle.document("me").expect("document").to_json().expect("json");
        assert_eq!(document["HostedSystem"]["OciSpecification"]["root"]["path"], "r");
        assert_eq!(document["HostedSystem"]["SchemaVersion"]["Major"], 2);
        assert_eq!(document["Owner"], "me");
    }

    #[test]
    fn what_is_wrong_with_a_bundle_is_said() {
        for (config, words) in [
            ("", "EOF"),
            ("1", "invalid type"),
            ("{}", "ociVersion"),
            (r#"{"ociVersion":"1.0.2"}"#, "process is missing"),
            (r#"{"ociVersion":"1.0.2","process":{},"windows":{}}"#, "a Windows container"),
            (r#"{"ociVersion":"1.0.2","process":{},"windows":{},"linux":{}}"#, "utility VM"),
            (r#"{"ociVersion":"1.0.2","process":{},"vm":{}}"#, "utility VM"),
        ] {
            let error = bundle(config).expect_err(config).to_string();
            assert!(error.contains(words) && error.contains(CONFIG), "{error}");
        }
        let missing = Bundle::read(Some(Path::new("/does/not/exist"))).expect_err("missing");
        assert!(missing.to_string().contains("/does/not/exist"), "{missing}");
    }
}
