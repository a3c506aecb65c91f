//! Makes layers, archives and layouts.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A layer's tar, other for each number, with a whiteout and a larger file.
pub(crate) fn layer(number: u8) -> Vec<u8> {
    let text = format!("of layer {number}\n");
    let large: Vec<u8> = (0..150_000_u32).flat_map(|word| (word * 7 + 1).to_le_bytes()).collect();
    let large = &large[usize::from(number)..];
    tar_of([
        ("etc/motd", text.as_bytes()),
        ("etc/.wh.gone", b""),
        ("usr/lib/modules/large.bin", large),
    ])
}

/// A tar of files, in this order.
pub(crate) fn tar_of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes).expect("append");
    }
    tar.into_inner().expect("tar")
}

/// How a layer is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    pub(crate) fn pack(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => bytes.to_vec(),
            Self::Gzip => {
                let level = flate2::Compression::fast();
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
                gzip.write_all(bytes).expect("gzip");
                gzip.finish().expect("gzip")
            }
            Self::Zstd => zstd::encode_all(bytes, 1).expect("zstd"),
        }
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    verity::to_hex(&Sha256::digest(bytes))
}

pub(crate) fn root_hash(layer: &[u8]) -> String {
    let root = layer_image::convert_and_compute_root_digest(Cursor::new(layer.to_vec()));
    verity::to_hex(&root.expect("convert"))
}

pub(crate) fn root_hashes(layers: &[Vec<u8>]) -> Vec<String> {
    layers.iter().map(|layer| root_hash(layer)).collect()
}

/// Files of an archive or a layout.
#[derive(Debug, Default, Clone)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl Files {
    pub(crate) fn put(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        self.0.insert(name.into(), bytes.as_ref().to_vec());
    }

    pub(crate) fn put_json(&mut self, name: &str, value: &Value) {
        self.put(name, value.to_string());
    }

    /// Adds a blob. Gives its descriptor.
    pub(crate) fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let hex = sha256(bytes);
        self.put(&format!("blobs/sha256/{hex}"), bytes);
        json!({ "mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len() })
    }

    /// Adds an image to a layout. Gives its manifest's descriptor.
    pub(crate) fn image(&mut self, layers: &[(Vec<u8>, Packing)], platform: &str) -> Value {
        let config = config(layers.iter().map(|(layer, _)| &layer[..]), platform);
        let config = self.blob(CONFIG, config.to_string().as_bytes());
        let pack = |(layer, packing): &(Vec<u8>, Packing)| {
            self.blob("application/vnd.oci.image.layer.v1.tar", &packing.pack(layer))
        };
        let layers: Vec<Value> = layers.iter().map(pack).collect();
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
        self.blob(MANIFEST, manifest.to_string().as_bytes())
    }

    /// Makes a layout of what was added.
    pub(crate) fn layout(&mut self, manifests: &[Value]) {
        self.put_json("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }));
        self.put_json("index.json", &json!({ "schemaVersion": 2, "manifests": manifests }));
    }

    pub(crate) fn write_tar(&self, path: &Path) {
        let files = self.0.iter().map(|(name, bytes)| (name.as_str(), &bytes[..]));
        fs::write(path, tar_of(files)).expect("write");
    }

    pub(crate) fn write_folder(&self, path: &Path) {
        for (name, bytes) in &self.0 {
            let path = path.join(name);
            fs::create_dir_all(path.parent().expect("folder")).expect("folder");
            fs::write(path, bytes).expect("write");
        }
    }
}

pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub(crate) fn config<'a>(layers: impl Iterator<Item = &'a [u8]>, platform: &str) -> Value {
    let diff_ids: Vec<String> = layers.map(|layer| format!("sha256:{}", sha256(layer))).collect();
    let parts: Vec<&str> = platform.split('/').collect();
    let mut config = json!({
        "os": parts[0],
        "architecture": parts[1],
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    if let Some(variant) = parts.get(2) {
        config["variant"] = json!(variant);
    }
    config
}

/// An archive as `docker save` made it before version 25.
pub(crate) fn docker_old(layers: &[Vec<u8>]) -> Files {
    let mut files = Files::default();
    let config = config(layers.iter().map(Vec::as_slice), "linux/amd64").to_string();
    let config_name = format!("{}.json", sha256(config.as_bytes()));
    files.put(&config_name, &config);
    let mut names = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let id = sha256(format!("layer {number}").as_bytes());
        files.put(&format!("{id}/VERSION"), "1.0");
        files.put(&format!("{id}/layer.tar"), layer);
        names.push(format!("{id}/layer.tar"));
    }
    let entry = json!({ "Config": config_name, "RepoTags": ["old:1"], "Layers": names });
    files.put_json("manifest.json", &json!([entry]));
    files
}

/// An archive as `docker save` makes it since version 25: a layout with a manifest.json.
pub(crate) fn docker_new(layers: &[Vec<u8>]) -> Files {
    let mut files = Files::default();
    let plain: Vec<_> = layers.iter().map(|layer| (layer.clone(), Packing::Plain)).collect();
    let manifest = files.image(&plain, "linux/amd64");
    files.layout(&[manifest]);
    let config = config(layers.iter().map(Vec::as_slice), "linux/amd64").to_string();
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", sha256(bytes));
    let names: Vec<String> = layers.iter().map(|layer| blob(layer)).collect();
    let config = blob(config.as_bytes());
    let entry = json!({ "Config": config, "RepoTags": ["new:1"], "Layers": names });
    files.put_json("manifest.json", &json!([entry]));
    files
}
