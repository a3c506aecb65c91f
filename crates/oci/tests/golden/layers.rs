//! The layers of containers.

use oci::layers::{BlockCim, BlockCimKind, LayersError, LcowLayers, RootfsMount, WcowLayers};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::rows;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    r#in: In,
    wcow: Option<Value>,
    wcow_error: Option<String>,
    lcow: Option<Value>,
    lcow_error: Option<String>,
}

#[derive(Deserialize)]
struct In {
    rootfs: Vec<Mount>,
    folders: Vec<String>,
}

#[derive(Deserialize)]
struct Mount {
    r#type: String,
    source: String,
    target: String,
    options: Vec<String>,
}

#[test]
fn golden_layers_are_parsed() {
    for row in rows::<Row>("layers.jsonl", 33) {
        let mounts = row.r#in.rootfs.into_iter().map(|mount| RootfsMount {
            kind: mount.r#type,
            source: mount.source,
            target: mount.target,
            options: mount.options,
        });
        let mounts: Vec<RootfsMount> = mounts.collect();
        let folders = &row.r#in.folders;
        let got = WcowLayers::parse(&mounts, folders).map(|layers| wcow(&layers));
        check(&row.name, got, row.wcow.map(without_null), row.wcow_error);
        let got = LcowLayers::parse(&mounts, folders).map(|layers| lcow(&layers));
        check(&row.name, got, row.lcow, row.lcow_error);
    }
}

fn check(
    name: &str,
    got: Result<Value, LayersError>,
    expected: Option<Value>,
    expected_error: Option<String>,
) {
    match (got, expected, expected_error) {
        (Ok(got), Some(expected), None) => assert_eq!(got, expected, "{name}"),
        // The cause is an error of its own, in the words of another JSON library.
        (Err(LayersError::Json { option, source }), None, Some(expected)) => {
            let causes =
                ["unexpected end of JSON input", "invalid character ", "json: cannot unmarshal "];
            let error = LayersError::Json { option, source };
            let found = expected.strip_prefix(&format!("{error}: ")).unwrap_or(&expected);
            let is_json = causes.iter().any(|cause| found.starts_with(cause));
            assert!(is_json, "{name}: {error:?}, not {expected}");
        }
        (Err(error), None, Some(expected)) => assert_eq!(error.to_string(), expected, "{name}"),
        (got, ..) => panic!("{name}: {got:?}"),
    }
}

/// A list that is not there is an empty one.
fn without_null(mut layers: Value) -> Value {
    if let Some(list) = layers.pointer_mut("/value/layerPaths")
        && list.is_null()
    {
        *list = json!([]);
    }
    layers
}

fn wcow(layers: &WcowLayers) -> Value {
    let cim = |cim: &BlockCim| {
        let kind = match cim.kind {
            BlockCimKind::SingleFile => 1,
            BlockCimKind::Device => 2,
        };
        json!({"Type": kind, "BlockPath": cim.block_path, "CimName": cim.name})
    };
    let (kind, value) = match layers {
        WcowLayers::Wcifs { scratch, layers } => {
            ("wcowWCIFSLayers", json!({"scratchLayerPath": scratch, "layerPaths": layers}))
        }
        WcowLayers::ForkedCim { scratch, layers } => {
            let layers = layers
                .iter()
                .map(|layer| json!({"layerPath": layer.folder, "cimPath": layer.cim}))
                .collect::<Vec<_>>();
            ("wcowForkedCIMLayers", json!({"scratchLayerPath": scratch, "layers": layers}))
        }
        WcowLayers::BlockCim { scratch, layers, merged } => {
            let value = json!({
                "scratchLayerPath": scratch,
                "parentLayers": layers.iter().map(cim).collect::<Vec<_>>(),
                "mergedLayer": merged.as_ref().map(cim),
            });
            ("wcowBlockCIMLayers", value)
        }
        other => panic!("{other:?}"),
    };
    json!({"kind": kind, "value": value})
}

fn lcow(layers: &LcowLayers) -> Value {
    let list = layers.layers.iter();
    let list = list.map(|layer| json!({"VHDPath": layer.vhd_path, "Partition": layer.partition}));
    json!({"Layers": list.collect::<Vec<_>>(), "ScratchVHDPath": layers.scratch_vhd_path})
}
