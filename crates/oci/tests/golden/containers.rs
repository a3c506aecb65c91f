//! The documents of containers.

use std::io;

use hcs_schema::schema2::Layer;
use oci::Spec;
use oci::container::{
    ContainerError, CpuLimits, LinuxContainerDocument, Place, WindowsContainer, cpu_affinity,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{json, rows};

const HOST_BUILD: u16 = 26100;
const HOST_PROCESSORS: i32 = 8;
/// What the program that recorded containers on the host saw of its machine.
const PROGRAM_PROCESSORS: i32 = 2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    r#in: In,
    doc: Option<Value>,
    v1: Option<Value>,
    v2: Option<Value>,
    v2_error: Option<String>,
    cpu_limits: Option<Value>,
    cpu_limits_error: Option<String>,
    cpu_affinity: Option<Value>,
}

#[derive(Deserialize)]
struct In {
    kind: String,
    spec: Spec,
    #[serde(default, rename = "hostCPUs")]
    vm_processors: i32,
    #[serde(default)]
    dump: String,
    #[serde(default)]
    scale: bool,
    #[serde(default, rename = "nS")]
    network_namespace: String,
}

#[test]
fn golden_container_documents_are_made() {
    for row in rows::<Row>("container-docs.jsonl", 54) {
        match row.r#in.kind.as_str() {
            "lcow" => {
                let root = "/run/gcs/c/c1";
                let scratch = "/run/gcs/c/c1/scratch";
                let document = LinuxContainerDocument::new(&row.r#in.spec, root, scratch);
                assert_eq!(Some(json(document)), row.doc, "{}", row.name);
            }
            "argon" => {
                let resolve = |path: &str| match path.strip_prefix(r"C:\") {
                    Some(below) => Ok(format!(r"{{volume-of-C}}\{below}")),
                    None => Err(io::Error::from(io::ErrorKind::NotFound)),
                };
                let place = Place::Host { processors: PROGRAM_PROCESSORS, resolve: &resolve };
                windows(&row, place);
            }
            "xenon" => {
                let place = Place::Vm {
                    processors: row.r#in.vm_processors,
                    scale_from: row.r#in.scale.then_some(HOST_PROCESSORS),
                    pod: "p1",
                    process_dump_location: &row.r#in.dump,
                    shared: &|_, _| None,
                };
                windows(&row, place);
            }
            other => panic!("{other}"),
        }
    }
}

fn windows(row: &Row, place: Place<'_>) {
    let Row { name, r#in: In { spec, network_namespace, .. }, .. } = row;
    let layers = ["1", "2"].map(|number| Layer {
        id: "11111111-1111-1111-1111-111111111111".replace('1', number),
        path: format!(r"C:\layers\{number}"),
        ..Layer::default()
    });
    let container = WindowsContainer {
        id: "c1",
        owner: "owner",
        spec,
        place,
        host_build: HOST_BUILD,
        layers: &layers,
        network_namespace,
        credential_guard: None,
        disk_mounts: &[],
        device_namespace: None,
    };
    match (container.documents(), &row.v2_error) {
        (Ok(documents), None) => {
            assert_eq!(Some(json(documents.v2)), row.v2, "{name}");
            assert_eq!(Some(json(documents.v1)), row.v1, "{name}");
        }
        // What is no number is named in the words of another library.
        (Err(ContainerError::DumpCount(_)), Some(expected)) if expected.starts_with("strconv.") => {
        }
        (Err(error), Some(expected)) => assert_eq!(error.to_string(), *expected, "{name}"),
        (got, _) => panic!("{name}: {got:?}"),
    }

    let limits = CpuLimits::from_spec(spec, HOST_PROCESSORS);
    let limits = limits.map(|limits| json!([limits.count, limits.limit, limits.weight]));
    let error = row.cpu_limits_error.clone();
    let expected = error.map_or_else(|| Ok(row.cpu_limits.clone()), Err);
    assert_eq!(limits.map(Some).map_err(|error| error.to_string()), expected, "{name}");

    let affinity = cpu_affinity(spec, HOST_BUILD).expect("an affinity");
    let affinity = (!affinity.is_empty()).then(|| json(affinity));
    assert_eq!(affinity, row.cpu_affinity, "{name}");
}
