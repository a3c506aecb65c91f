//! Paths of a Windows program as paths of this machine.

use anyhow::{Context, ensure};
use serde_json::Value;

/// Fields that hold paths of the host.
const FIELDS: [&str; 6] =
    ["Path", "HostPath", "OciBundlePath", "ScratchDirPath", "SaveStateFilePath", "SandboxPath"];
/// The field that holds an OCI spec, whose names are others.
const OCI: &str = "OciSpecification";

/// Drives by their letter in upper case, each with its folder without a slash at
/// the end.
#[derive(Debug, Clone)]
pub(crate) struct Drives(Vec<(char, String)>);

impl Drives {
    /// Drives as they are written: `Z:=/`.
    pub(crate) fn parse(texts: &[String]) -> anyhow::Result<Self> {
        let drive = |text: &String| {
            let wrong = || format!("--drive {text:?} is no drive: write it as Z:=/folder");
            let (name, folder) = text.split_once(":=").with_context(wrong)?;
            let mut letters = name.chars();
            let letter = letters.next().filter(char::is_ascii_alphabetic).with_context(wrong)?;
            ensure!(letters.next().is_none() && folder.starts_with('/'), wrong());
            Ok((letter.to_ascii_uppercase(), folder.trim_end_matches('/').to_owned()))
        };
        texts.iter().map(drive).collect::<anyhow::Result<_>>().map(Self)
    }

    /// Makes the host paths of a document this machine's.
    pub(crate) fn translate(&self, document: &mut Value) {
        match document {
            Value::Array(items) => items.iter_mut().for_each(|item| self.translate(item)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(path) if FIELDS.contains(&name.as_str()) => self.path(path),
                        value if name == OCI => self.spec(value),
                        value => self.translate(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// The root and the sources of mounts.
    fn spec(&self, spec: &mut Value) {
        let root = spec.pointer_mut("/root/path");
        if let Some(Value::String(path)) = root {
            self.path(path);
        }
        let mounts = spec.get_mut("mounts").and_then(Value::as_array_mut);
        for mount in mounts.into_iter().flatten() {
            if let Some(Value::String(path)) = mount.get_mut("source") {
                self.path(path);
            }
        }
    }

    fn path(&self, path: &mut String) {
        let rest = path.strip_prefix(r"\\?\").unwrap_or(path);
        let mut letters = rest.chars();
        let letter = letters.next().unwrap_or_default().to_ascii_uppercase();
        let Some((_, folder)) = self.0.iter().find(|(known, _)| *known == letter) else {
            return;
        };
        let below = letters.as_str();
        let Some(below) = below.strip_prefix(":\\").or_else(|| below.strip_prefix(":/")) else {
            return;
        };
        *path = format!("{folder}/{}", below.replace('\\', "/"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn drives() -> Drives {
        Drives::parse(&["Z:=/".into(), "y:=/srv/".into()]).expect("drives")
    }

    #[test]
    fn paths_of_drives_are_translated() {
        for (windows, linux) in [
            (r"Z:\tmp\layer", "/tmp/layer"),
            (r"\\?\z:\tmp\a b", "/tmp/a b"),
            ("Y:/x/y", "/srv/x/y"),
            (r"C:\windows", r"C:\windows"),
            ("/tmp", "/tmp"),
            ("Z:relative", "Z:relative"),
            ("", ""),
        ] {
            let mut path = windows.to_owned();
            drives().path(&mut path);
            assert_eq!(path, linux, "{windows}");
        }
    }

    #[test]
    fn only_fields_that_hold_host_paths_are_touched() {
        let mut document = json!({"Container": {"Storage": {"Layers": [{"Path": "Z:\\l"}]},
            "MappedDirectories": [{"HostPath": "Z:\\d", "ContainerPath": "Z:\\d"}]},
            "HostedSystem": {"OciBundlePath": "\\\\?\\Z:\\b", "OciSpecification": {
                "root": {"path": "Z:\\r"}, "mounts": [{"source": "Z:\\m", "destination": "Z:\\m"}],
                "process": {"cwd": "Z:\\", "env": ["Path=Z:\\"]}}}});
        drives().translate(&mut document);
        assert_eq!(
            document,
            json!({"Container": {"Storage": {"Layers": [{"Path": "/l"}]},
                "MappedDirectories": [{"HostPath": "/d", "ContainerPath": "Z:\\d"}]},
                "HostedSystem": {"OciBundlePath": "/b", "OciSpecification": {
                    "root": {"path": "/r"}, "mounts": [{"source": "/m", "destination": "Z:\\m"}],
                    "process": {"cwd": "Z:\\", "env": ["Path=Z:\\"]}}}})
        );
    }

    #[test]
    fn what_is_no_drive_is_refused() {
        for text in ["", "Z", "Z:", "Z:=", "Z:=srv", "ZZ:=/", "1:=/"] {
            assert!(Drives::parse(&[text.into()]).is_err(), "{text}");
        }
    }
}
