//! Images that are not what they say.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::images::{Files, Packing, docker_new, docker_old, layer, sha256};
use crate::run::{Ran, create, names, roothash};

/// Both commands refuse the image with the same words; the folder of disks stays empty.
fn refused(image: &Path, parts: &[&str]) {
    let folder = tempfile::tempdir().expect("folder");
    let check = |ran: &Ran| {
        let error = ran.failure();
        parts.iter().for_each(|part| assert!(error.contains(part), "{part} is not in: {error}"));
    };
    check(&create(image, folder.path(), &[]));
    check(&create(image, folder.path(), &["--hash-dev-vhd"]));
    check(&roothash(image, &[]));
    assert!(names(folder.path()).is_empty());
}

fn refused_files(files: &Files, parts: &[&str]) {
    let folder = tempfile::tempdir().expect("folder");
    files.write_tar(&folder.path().join("tar"));
    files.write_folder(&folder.path().join("folder"));
    refused(&folder.path().join("tar"), parts);
    refused(&folder.path().join("folder"), parts);
}

fn layout(layers: &[(Vec<u8>, Packing)]) -> Files {
    let mut files = Files::default();
    let manifest = files.image(layers, "linux/amd64");
    files.layout(&[manifest]);
    files
}

#[test]
fn a_blob_with_another_digest_is_named() {
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let files = layout(&[(layer(1), packing), (layer(2), packing)]);
        let hex = sha256(&packing.pack(&layer(2)));
        let name = format!("blobs/sha256/{hex}");
        let wanted = format!("blob sha256:{hex} is damaged");
        // Other content, a bit that the tar does not notice, and a tar that is cut off.
        let mut flipped = files.0[&name].clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        let cut = files.0[&name][..middle].to_vec();
        for bytes in [packing.pack(&layer(3)), flipped, cut, b"no tar at all".to_vec()] {
            let mut files = files.clone();
            files.put(&name, bytes);
            refused_files(&files, &["layer 1", &wanted]);
        }
    }
    let files = layout(&[(layer(1), Packing::Plain)]);
    for (name, bytes) in files.0.iter().filter(|(name, _)| name.starts_with("blobs/")) {
        let mut files = files.clone();
        files.put(name, [&bytes[..], b" "].concat());
        refused_files(&files, &[name.trim_start_matches("blobs/sha256/"), "is damaged"]);
    }
}

#[test]
fn a_layer_that_is_not_the_configurations_is_refused() {
    let mut files = docker_old(&[layer(1), layer(2)]);
    let names: Vec<_> = files.0.keys().filter(|name| name.ends_with(".tar")).cloned().collect();
    for name in &names {
        files.put(name, layer(3));
    }
    refused_files(&files, &["layer ", &sha256(&layer(3)), "configuration"]);
    let mut files = docker_old(&[layer(1)]);
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&files.0["manifest.json"]).expect("manifest");
    let name = manifest[0]["Layers"][0].clone();
    manifest[0]["Layers"] = json!([name, name]);
    files.put_json("manifest.json", &manifest);
    refused_files(&files, &["2 layers", "configuration with 1"]);
}

#[test]
fn names_that_lead_out_are_refused() {
    let outside = tempfile::tempdir().expect("folder");
    let secret = outside.path().join("layer.tar");
    fs::write(&secret, layer(1)).expect("write");
    let absolute = secret.to_str().expect("utf-8").to_owned();
    for name in ["../layer.tar", "a/../../layer.tar", "..\\layer.tar", "", &absolute] {
        let mut files = docker_old(&[layer(1)]);
        files.put_json("manifest.json", &json!([{ "Layers": [name] }]));
        refused_files(&files, &["layer 0", "not one of a file below the top"]);
        files.put_json("manifest.json", &json!([{ "Config": name, "Layers": [] }]));
        let folder = tempfile::tempdir().expect("folder");
        files.write_tar(&folder.path().join("tar"));
        refused(&folder.path().join("tar"), &["not one of a file below the top"]);
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_a_folder_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let image = folder.path().join("image");
    let files = layout(&[(layer(1), Packing::Plain)]);
    files.write_folder(&image);
    let blob = image.join(format!("blobs/sha256/{}", sha256(&layer(1))));
    fs::rename(&blob, folder.path().join("outside")).expect("move");
    std::os::unix::fs::symlink("../../../outside", &blob).expect("link");
    refused(&image, &["layer 0", "link out of the folder"]);
}

#[test]
fn what_is_missing_is_named() {
    let files = layout(&[(layer(1), Packing::Gzip), (layer(2), Packing::Gzip)]);
    let blobs: Vec<_> = files.0.keys().filter(|name| name.starts_with("blobs/")).collect();
    for name in blobs {
        let mut files = files.clone();
        files.0.remove(name);
        refused_files(&files, &[name.trim_start_matches("blobs/sha256/"), "is missing"]);
    }
    let files = docker_old(&[layer(1), layer(2)]);
    for name in files.0.keys().filter(|name| name.ends_with(".tar")) {
        let mut files = files.clone();
        files.0.remove(name);
        refused_files(&files, &["layer ", name, "is missing"]);
    }
}

#[test]
fn documents_are_bounded() {
    let mut files = docker_new(&[layer(1)]);
    files.put("index.json", vec![b' '; (16 << 20) + 1]);
    refused_files(&files, &["index.json", "at most 16777216"]);
    files.put("index.json", "[".repeat(1 << 20));
    refused_files(&files, &["index.json"]);
    files.put("index.json", "{}");
    refused_files(&files, &["index.json", "no image"]);
}

#[test]
fn many_long_names_are_not_kept_for_each_image() {
    let mut files = Files::default();
    let long = "n".repeat(4 << 20);
    let mut images: Vec<_> =
        (0..200).map(|_| files.image(&[(layer(1), Packing::Plain)], "linux/mips")).collect();
    for (number, image) in images.iter_mut().enumerate() {
        // Other manifests of the same image.
        let hex = image["digest"].as_str().expect("digest").trim_start_matches("sha256:");
        let manifest = files.0[&format!("blobs/sha256/{hex}")].clone();
        let spaces = vec![b' '; number];
        *image = files.blob(crate::images::MANIFEST, &[manifest, spaces].concat());
    }
    let index = json!({ "manifests": images });
    let mut index = files.blob(crate::images::INDEX, index.to_string().as_bytes());
    index["annotations"] = json!({ "org.opencontainers.image.ref.name": long });
    files.layout(&[index]);
    let folder = tempfile::tempdir().expect("folder");
    let image = folder.path().join("image");
    files.write_tar(&image);
    let ran = roothash(&image, &[]);
    assert!(ran.failure().contains("and 184 more"), "{ran:?}");
    assert!(ran.stderr.len() < 2000, "{}", ran.stderr.len());
}

#[test]
fn an_index_in_itself_comes_to_an_end() {
    // It can't have its own digest, but each level can name the next several times.
    let mut files = layout(&[(layer(1), Packing::Plain)]);
    let mut index: serde_json::Value =
        serde_json::from_slice(&files.0["index.json"]).expect("index");
    for _ in 0..4 {
        let blob = files.blob(crate::images::INDEX, index.to_string().as_bytes());
        index = json!({ "manifests": vec![blob; 8] });
    }
    files.put_json("index.json", &index);
    refused_files(&files, &["more than 1024 manifests"]);
}

#[test]
fn a_file_that_is_nothing_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let image = folder.path().join("image");
    fs::write(&image, "").expect("write");
    refused(&image, &["image", "empty"]);
    fs::write(&image, "no tar ".repeat(1000)).expect("write");
    refused(&image, &["no image archive", "no tar"]);
    fs::write(&image, Packing::Gzip.pack(&b"no tar ".repeat(1000))).expect("write");
    refused(&image, &["no image archive", "no tar"]);
    let whole = layer(1);
    fs::write(&image, &whole[..whole.len() / 2]).expect("write");
    refused(&image, &["image"]);
    let mut nested = Files::default();
    nested.put("layout/blobs/sha256/00", "");
    nested.put("layout/index.json", "{}");
    nested.write_tar(&image);
    refused(&image, &["tar -C layout", "--data-vhd"]);
    fs::remove_file(&image).expect("remove");
    fs::create_dir(&image).expect("folder");
    refused(&image, &["is no image"]);
}

#[test]
fn a_failure_leaves_what_was_there_before() {
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    let mut files = layout(&[(layer(1), Packing::Plain), (layer(2), Packing::Plain)]);
    files.write_tar(&image);
    create(&image, &disks, &[]).root_hashes();
    let before: Vec<_> =
        names(&disks).iter().map(|name| fs::read(disks.join(name)).expect("disk")).collect();
    files.put(&format!("blobs/sha256/{}", sha256(&layer(2))), layer(3));
    files.write_tar(&image);
    create(&image, &disks, &[]).failure();
    let after: Vec<_> =
        names(&disks).iter().map(|name| fs::read(disks.join(name)).expect("disk")).collect();
    assert!(before == after);
}
