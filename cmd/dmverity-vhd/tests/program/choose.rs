//! Which of several images is taken.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::images::{Files, INDEX, Packing, docker_new, docker_old, layer, root_hash};
use crate::run::roothash;

fn image(files: &mut Files, number: u8, platform: &str) -> Value {
    files.image(&[(layer(number), Packing::Gzip)], platform)
}

fn write(files: &Files) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("image");
    files.write_tar(&path);
    (folder, path)
}

fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[test]
fn platforms_are_chosen_in_a_nested_index() {
    let mut files = Files::default();
    let here = image(&mut files, 1, &format!("linux/{}", machine()));
    let v6 = image(&mut files, 2, "linux/arm/v6");
    let mut v7 = image(&mut files, 3, "linux/arm/v7");
    v7["platform"] = json!({ "os": "linux", "architecture": "arm", "variant": "v7" });
    let mut attestation = image(&mut files, 4, "unknown/unknown");
    attestation["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    // As in an index of all platforms of which one was pulled.
    let absent = json!({ "mediaType": "", "digest": format!("sha256:{}", "0".repeat(64)) });
    let index = json!({ "manifests": [v6, v7, attestation, here, absent] });
    let index = files.blob(INDEX, index.to_string().as_bytes());
    files.layout(&[index]);
    let (_folder, path) = write(&files);

    assert_eq!(roothash(&path, &[]).root_hashes(), [root_hash(&layer(1))]);
    let chosen = |platform: &str| roothash(&path, &["--platform", platform]);
    assert_eq!(chosen("linux/arm/v7").root_hashes(), [root_hash(&layer(3))]);
    assert_eq!(chosen("linux/arm/v6").root_hashes(), [root_hash(&layer(2))]);
    let ran = chosen("linux/arm");
    let error = ran.failure();
    assert!(error.contains("linux/arm/v6") && error.contains("linux/arm/v7"), "{error}");
    let ran = chosen("windows/amd64");
    let error = ran.failure();
    assert!(error.contains("windows/amd64") && error.contains(machine()), "{error}");
}

#[test]
fn without_an_image_for_this_machine_there_is_a_list() {
    let mut files = Files::default();
    let manifests = [image(&mut files, 1, "linux/mips"), image(&mut files, 2, "plan9/386")];
    files.layout(&manifests);
    let (_folder, path) = write(&files);
    let ran = roothash(&path, &[]);
    let error = ran.failure();
    for part in ["linux/mips", "plan9/386", "--platform", machine()] {
        assert!(error.contains(part), "{error}");
    }
    // The only one is taken, whatever it is for.
    files.layout(&manifests[..1]);
    let (_folder, path) = write(&files);
    assert_eq!(roothash(&path, &[]).root_hashes(), [root_hash(&layer(1))]);
}

#[test]
fn names_are_chosen_in_a_layout() {
    let mut files = Files::default();
    let platform = format!("linux/{}", machine());
    let mut manifests = [image(&mut files, 1, &platform), image(&mut files, 2, &platform)];
    for (manifest, name) in manifests.iter_mut().zip(["one", "two"]) {
        manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
    }
    files.layout(&manifests);
    let (_folder, path) = write(&files);
    assert_eq!(roothash(&path, &["--ref", "two"]).root_hashes(), [root_hash(&layer(2))]);
    let ran = roothash(&path, &[]);
    let error = ran.failure();
    assert!(error.contains("one") && error.contains("--ref"), "{error}");
    let ran = roothash(&path, &["--ref", "three"]);
    let error = ran.failure();
    assert!(error.contains("three") && error.contains("two"), "{error}");
}

#[test]
fn tags_are_chosen_in_archives_of_docker() {
    for (files, name) in [(docker_old(&[layer(1)]), "old:1"), (docker_new(&[layer(1)]), "new:1")] {
        let (_folder, path) = write(&files);
        assert_eq!(roothash(&path, &["--ref", name]).root_hashes(), [root_hash(&layer(1))]);
        let ran = roothash(&path, &["--ref", "other:1"]);
        assert!(ran.failure().contains(name), "{ran:?}");
        let ran = roothash(&path, &["--platform", "linux/arm64"]);
        assert!(ran.failure().contains("linux/amd64"), "{ran:?}");
    }
}
