//! What is mounted in Windows containers.

use std::io;

use hcs_schema::schema2::MappedDirectory;
use oci::Spec;
use oci::container::{ContainerError, Place, WindowsContainer, WindowsDocuments};
use serde_json::{Value, json};

fn documents(
    mounts: Value,
    place: Place<'_>,
    host_build: u16,
) -> Result<WindowsDocuments, ContainerError> {
    let spec: Spec = serde_json::from_value(json!({
        "root": {"path": r"\\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\"},
        "mounts": mounts,
        "windows": {}
    }))
    .expect("a spec");
    let disk = MappedDirectory { container_path: r"C:\disk".into(), ..Default::default() };
    let container = WindowsContainer {
        id: "c1",
        owner: "owner",
        spec: &spec,
        place,
        host_build,
        layers: &[],
        network_namespace: "",
        credential_guard: None,
        disk_mounts: &[disk],
        device_namespace: None,
    };
    container.documents()
}

fn vm(shared: &dyn Fn(&str, bool) -> Option<String>) -> Place<'_> {
    Place::Vm { processors: 2, scale_from: None, pod: "p1", process_dump_location: "", shared }
}

const PIPES: &str = r#"[
    {"source": "\\\\.\\pipe\\a", "destination": "\\\\.\\pipe\\b"},
    {"source": "uvm://\\\\.\\pipe\\c", "destination": "d"}
]"#;

fn pipes() -> Value {
    serde_json::from_str(PIPES).expect("JSON")
}

#[test]
fn a_vm_sees_pipes_of_its_own_and_of_the_host() {
    let made = documents(pipes(), vm(&|_, _| None), 26100).expect("documents");
    let mapped: Vec<[&str; 2]> = made
        .v2
        .mapped_pipes
        .iter()
        .map(|pipe| [pipe.host_path.as_str(), pipe.container_pipe_name.as_str()])
        .collect();
    let host = r"\\?\VMSMB\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\IPC$\a";
    assert_eq!(mapped, [[host, "b"], [r"\\.\pipe\p1\c", "d"]]);
    assert_eq!(made.v1.mapped_pipes.len(), 2);
}

#[test]
fn pipes_need_a_newer_host() {
    let error = documents(pipes(), vm(&|_, _| None), 15063).unwrap_err();
    assert!(matches!(error, ContainerError::Pipes), "{error}");
}

#[test]
fn on_the_host_a_source_is_resolved() {
    let resolve = |path: &str| match path {
        r"C:\link" => Ok(r"\\?\Volume{1}\target".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let place = Place::Host { processors: 2, resolve: &resolve };
    let mounts = json!([{"source": r"C:\link", "destination": r"C:\m", "options": ["RO"]}]);
    let made = documents(mounts, place, 26100).expect("documents");
    let [mapped, disk] = made.v2.mapped_directories.as_slice() else {
        panic!("{:?}", made.v2.mapped_directories);
    };
    assert_eq!(mapped.host_path, r"\\?\Volume{1}\target");
    assert!(mapped.read_only);
    assert_eq!(disk.container_path, r"C:\disk");
    assert_eq!(made.v1.mapped_directories[0].host_path, r"C:\link");

    let mounts = json!([{"source": r"C:\gone", "destination": r"C:\m"}]);
    let error = documents(mounts, place, 26100).unwrap_err();
    assert_eq!(error.to_string(), r#"failed to resolve path for mount source "C:\\gone""#);
}

#[test]
fn a_vm_sees_what_is_shared_with_it() {
    let shared = |path: &str, read_only: bool| {
        (path == r"C:\x" && read_only).then(|| r"\\?\VMSMB\s1".to_owned())
    };
    let mount =
        |options: &[&str]| json!([{"source": r"C:\x", "destination": r"C:\m", "options": options}]);
    let made = documents(mount(&["ro"]), vm(&shared), 26100).expect("documents");
    assert_eq!(made.v2.mapped_directories[0].host_path, r"\\?\VMSMB\s1");
    let error = documents(mount(&[]), vm(&shared), 26100).unwrap_err();
    assert_eq!(error.to_string(), "not attached");
}
