//! What this host cannot carry out is named, and leaves nothing behind.

use compute::{ComputeService, Document};
use e2e::drive::{document, end, failure, inner};
use e2e::{Stage, on_stage};
use hcs_schema::SystemType;
use hcs_schema::schema1::{self, ContainerConfig};
use hcs_schema::schema2;
use serde_json::json;

async fn refused(stage: &Stage, document: impl Into<Document>, field: &str) {
    let host = stage.host();
    let outcome = host.create(&stage.id("a"), &document.into()).await;
    let text = failure(outcome);
    assert!(text.contains(field), "{field} is not named in: {text}");
    assert!(host.enumerate(&Default::default()).await.expect("enumerate").is_empty(), "{field}");
}

#[test]
fn a_field_of_schema_2_that_cannot_be_carried_out_is_named() {
    on_stage("a_field_of_schema_2_that_cannot_be_carried_out_is_named", async |stage| {
        let with = |change: &dyn Fn(&mut schema2::Container)| {
            let mut document = document(stage);
            change(inner(&mut document));
            document
        };
        let cases: Vec<(schema2::ComputeSystem, &str)> = vec![
            (with(&|c| c.hv_socket = Some(Default::default())), "HvSocket"),
            (with(&|c| c.registry_changes = Some(Default::default())), "RegistryChanges"),
            (with(&|c| c.assigned_devices = vec![Default::default()]), "AssignedDevices"),
            (with(&|c| c.isolation_type = schema2::IsolationType::HostProcess), "IsolationType"),
            (with(&|c| c.storage = None), "Storage"),
            (with(&|c| drop(c.extra.insert("Newer", json!(1)))), "Newer"),
            (
                with(&|c| {
                    c.networking = Some(schema2::Networking {
                        namespace: "none-such".into(),
                        ..Default::default()
                    })
                }),
                "Namespace",
            ),
            (
                with(&|c| {
                    c.processor = Some(schema2::Processor { maximum: 10_001, ..Default::default() })
                }),
                "Maximum",
            ),
            (
                with(&|c| {
                    c.processor = Some(schema2::Processor { weight: -1, ..Default::default() })
                }),
                "Weight",
            ),
            (
                with(&|c| {
                    c.mapped_directories = vec![schema2::MappedDirectory {
                        host_path: "relative".into(),
                        container_path: "/x".into(),
                        ..Default::default()
                    }]
                }),
                "HostPath",
            ),
            (
                with(&|c| {
                    c.mapped_directories = vec![schema2::MappedDirectory {
                        host_path: "/not/there/at/all".into(),
                        container_path: "/x".into(),
                        ..Default::default()
                    }]
                }),
                "/not/there/at/all",
            ),
            (
                with(&|c| {
                    c.storage = Some(schema2::Storage {
                        layers: vec![e2e::drive::layer("/no/layer".as_ref())],
                        ..Default::default()
                    })
                }),
                "/no/layer",
            ),
            (
                schema2::ComputeSystem {
                    virtual_machine: Some(Default::default()),
                    ..document(stage)
                },
                "VirtualMachine",
            ),
            (
                schema2::ComputeSystem { hosting_system_id: "vm".into(), ..document(stage) },
                "HostingSystemId",
            ),
            (
                schema2::ComputeSystem {
                    schema_version: Some(schema2::Version::V10),
                    ..document(stage)
                },
                "SchemaVersion",
            ),
        ];
        for (document, field) in cases {
            refused(stage, document, field).await;
        }
        // The id is free after all of these.
        let system =
            stage.host().create(&stage.id("a"), &document(stage).into()).await.expect("create");
        end(system).await;
    });
}

#[test]
fn a_field_of_schema_1_that_cannot_be_carried_out_is_named() {
    on_stage("a_field_of_schema_1_that_cannot_be_carried_out_is_named", async |stage| {
        let config = || ContainerConfig {
            system_type: SystemType::Container,
            layers: vec![schema1::Layer {
                path: stage.layer().display().to_string(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let cases = [
            (ContainerConfig { hv_partition: true, ..config() }, "HvPartition"),
            (ContainerConfig { credentials: "{}".into(), ..config() }, "Credentials"),
            (ContainerConfig { endpoint_list: vec!["e".into()], ..config() }, "EndpointList"),
            (ContainerConfig { storage_sandbox_size: 1, ..config() }, "StorageSandboxSize"),
            (ContainerConfig { memory_maximum_in_mb: -1, ..config() }, "MemoryMaximumInMB"),
            (ContainerConfig { servicing: true, ..config() }, "Servicing"),
            (ContainerConfig { system_type: SystemType::VirtualMachine, ..config() }, "SystemType"),
        ];
        for (config, field) in cases {
            refused(stage, config, field).await;
        }
    });
}
