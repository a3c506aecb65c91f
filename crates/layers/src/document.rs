//! The documents of the calls of computestorage.dll.

use hcs_schema::schema2::{FileSystemFilterType, Layer, Version};
use serde::Serialize;

/// The layers below the one that a call is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LayerData {
    /// The version of the schema; written also where it is not set.
    pub schema_version: Version,
    /// The layers below, the topmost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
    /// The filter of an overlay; empty for all other calls.
    #[serde(skip_serializing_if = "FileSystemFilterType::is_empty")]
    pub filter_type: FileSystemFilterType,
}

/// How a layer is exported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExportLayerOptions {
    /// Whether it is a container's scratch.
    #[serde(skip_serializing_if = "is_false")]
    pub is_writable_layer: bool,
}

/// How a base layer is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OsLayerOptions {
    /// What boots from it.
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    pub layer_type: Option<OsLayerType>,
    /// Whether the cache of code integrity is left as it is.
    #[serde(skip_serializing_if = "is_false")]
    pub disable_ci_cache_optimization: bool,
    /// Whether the boot configuration is left as it is.
    #[serde(skip_serializing_if = "is_false")]
    pub skip_update_bcd_for_boot: bool,
}

/// What boots from a base layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OsLayerType {
    /// A container.
    Container,
    /// A utility VM.
    Vm,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(document: &impl Serialize) -> String {
        serde_json::to_string(document).unwrap()
    }

    #[test]
    fn what_is_not_set_is_left_out_but_the_version() {
        assert_eq!(json(&LayerData::default()), r#"{"SchemaVersion":{}}"#);
        assert_eq!(json(&ExportLayerOptions::default()), "{}");
        assert_eq!(json(&OsLayerOptions::default()), "{}");
    }

    #[test]
    fn what_is_set_has_the_service_s_names() {
        let data = LayerData {
            schema_version: Version { major: 2, minor: 1, ..Version::default() },
            layers: vec![Layer { id: "i".into(), path: "p".into(), ..Layer::default() }],
            filter_type: FileSystemFilterType::UnionFS,
        };
        assert_eq!(
            json(&data),
            r#"{"SchemaVersion":{"Major":2,"Minor":1},"Layers":[{"Id":"i","Path":"p"}],"FilterType":"UnionFS"}"#
        );
        let options = OsLayerOptions {
            layer_type: Some(OsLayerType::Vm),
            disable_ci_cache_optimization: true,
            skip_update_bcd_for_boot: true,
        };
        assert_eq!(
            json(&options),
            r#"{"Type":"Vm","DisableCiCacheOptimization":true,"SkipUpdateBcdForBoot":true}"#
        );
        assert_eq!(
            json(&ExportLayerOptions { is_writable_layer: true }),
            r#"{"IsWritableLayer":true}"#
        );
    }
}
