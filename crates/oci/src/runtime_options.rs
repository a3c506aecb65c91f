//! What the shim's options say of every pod.

use std::collections::BTreeMap;

use crate::Spec;
use crate::keys;

/// Those of the shim's options that hold for a spec which says nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuntimeOptions {
    /// The folder with the boot files; empty for the usual one.
    pub boot_files_root_path: String,
    /// The processors of a utility VM; 0 for the usual number.
    pub vm_processor_count: i32,
    /// The memory of a utility VM, in MB; 0 for the usual size.
    pub vm_memory_size_in_mb: i32,
    /// The address of the network configuration proxy; empty for none.
    pub ncproxy_addr: String,
    /// Annotations of specs that don't have them.
    pub default_container_annotations: BTreeMap<String, String>,
}

impl RuntimeOptions {
    /// Makes annotations of the options. Those that the spec has stay as they are.
    pub fn apply(&self, spec: &mut Spec) {
        let number = |number: i32| if number == 0 { String::new() } else { number.to_string() };
        let own = [
            (keys::BOOT_FILES_ROOT_PATH, self.boot_files_root_path.clone()),
            (keys::PROCESSOR_COUNT, number(self.vm_processor_count)),
            (keys::MEMORY_SIZE_IN_MB, number(self.vm_memory_size_in_mb)),
            (keys::NETWORK_CONFIG_PROXY, self.ncproxy_addr.clone()),
        ];
        for (key, value) in own {
            if !value.is_empty() {
                spec.annotations.entry(key.to_owned()).or_insert(value);
            }
        }
        for (key, value) in &self.default_container_annotations {
            spec.annotations.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spec_wins() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let options = RuntimeOptions {
            boot_files_root_path: r"C:\boot".into(),
            vm_processor_count: 4,
            vm_memory_size_in_mb: 0,
            ncproxy_addr: String::new(),
            default_container_annotations: map(&[("a", "1"), ("b", "2")]),
        };
        let mut spec = Spec {
            annotations: map(&[("b", "own"), (keys::PROCESSOR_COUNT, "")]),
            ..Spec::default()
        };
        options.apply(&mut spec);
        let expected = [
            ("a", "1"),
            ("b", "own"),
            (keys::BOOT_FILES_ROOT_PATH, r"C:\boot"),
            (keys::PROCESSOR_COUNT, ""),
        ];
        assert_eq!(spec.annotations, map(&expected));
    }
}
