//! What the reference had in its registry, in files.

use serde_json::Value;

/// Records of one test, gone with it.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new(entries: &Value) -> Self {
        let place = Self(tempfile::tempdir().expect("temp"));
        let folder = place.0.path().join(place.root());
        std::fs::create_dir_all(&folder).expect("folder");
        for entry in entries.as_array().expect("entries") {
            let mut record = entry["State"].clone();
            for name in ["ShimPid", "InitPid"] {
                if let Some(pid) = entry.get(name) {
                    record[name] = pid.clone();
                }
            }
            let path = folder.join(format!("{}.json", entry["ID"].as_str().expect("id")));
            std::fs::write(path, record.to_string()).expect("write");
        }
        place
    }

    pub(crate) fn records(&self) -> runhcs::Records {
        runhcs::Records::Folder(self.0.path().into())
    }

    pub(crate) fn root(&self) -> &str {
        "zzroot"
    }
}
