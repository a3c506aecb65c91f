//! Between the two schemas.
//!
//! The facade speaks schema 1 and the hosts schema 2. Where they have a field in
//! common they write it the same way, so a document is carried over by its JSON:
//! what only one of them names is kept.

use hcs_schema::schema1::{
    ContainerProperties, ProcessConfig, ResourceModificationRequestResponse,
};
use hcs_schema::schema2::{ModifySettingRequest, ProcessParameters, Properties};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The statistics, processes and disks of a system. The other properties are
/// not for the facade, and the ids among them have another form there.
pub(crate) fn container_properties(
    properties: Properties,
) -> serde_json::Result<ContainerProperties> {
    carried_over(&Properties {
        statistics: properties.statistics,
        process_list: properties.process_list,
        extra: properties.extra,
        ..Default::default()
    })
}

pub(crate) fn process_parameters(config: &ProcessConfig) -> serde_json::Result<ProcessParameters> {
    carried_over(config)
}

/// The request; the field `ResourceType`, which schema 2 does not have, is kept
/// among the extra ones.
pub(crate) fn modify_request(
    request: &ResourceModificationRequestResponse,
) -> serde_json::Result<ModifySettingRequest> {
    let mut carried: ModifySettingRequest = carried_over(request)?;
    // Schema 1 writes settings always, also none.
    carried.settings.get_or_insert(Value::Null);
    Ok(carried)
}

fn carried_over<T: DeserializeOwned>(document: &impl Serialize) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::to_value(document)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statistics_keep_what_only_schema_1_names() {
        let statistics = json!({
            "Timestamp": "2001-02-03T04:05:06.789Z",
            "ContainerStartTime": "2001-02-03T04:05:00Z",
            "Uptime100ns": 67_890_000,
            "Processor": { "TotalRuntime100ns": 3, "RuntimeUser100ns": 1, "RuntimeKernel100ns": 2 },
            "Memory": { "MemoryUsageCommitBytes": 9_000_000_000_u64 },
            "Storage": { "ReadCountNormalized": 5 },
            "Network": [{ "BytesReceived": 6, "EndpointId": "e1" }],
        });
        let properties =
            serde_json::from_value(json!({ "RuntimeId": "no GUID", "Statistics": statistics }));
        let carried = container_properties(properties.unwrap()).unwrap().statistics;
        assert_eq!(carried.network[0].bytes_received, 6);
        assert_eq!(carried.memory.usage_commit_bytes, 9_000_000_000);
        assert_eq!(serde_json::to_value(carried).unwrap(), statistics);
    }

    #[test]
    fn statistics_that_a_host_does_not_have_are_zero() {
        let carried = container_properties(Properties::default()).unwrap();
        assert_eq!(carried, ContainerProperties::default());
        let some = serde_json::from_value(json!({ "Statistics": { "Uptime100ns": 1 } }));
        let carried = container_properties(some.unwrap()).unwrap();
        assert_eq!(carried.statistics.uptime_100ns, 1);
        assert_eq!(carried.statistics.memory, Default::default());
    }

    #[test]
    fn disks_are_found_by_controller_and_number() {
        let properties = serde_json::from_value(json!({
            "MappedVirtualDiskControllers":
                { "2": { "MappedVirtualDisks": { "5": { "ContainerPath": "/data" } } } },
        }));
        let carried = container_properties(properties.unwrap()).unwrap();
        let controller = &carried.mapped_virtual_disk_controllers[&2];
        assert_eq!(controller.mapped_virtual_disks[&5].container_path, "/data");
    }

    #[test]
    fn a_process_is_asked_for_in_the_same_words() {
        let config = ProcessConfig {
            command_args: vec!["sh".into(), "-c".into(), "true".into()],
            environment: [("A".into(), "1".into())].into(),
            emulate_console: true,
            console_size: [25, 80],
            create_in_utility_vm: true,
            oci_specification: serde_json::from_str(r#"{"cwd":"/"}"#).unwrap(),
            ..Default::default()
        };
        let parameters = process_parameters(&config).unwrap();
        assert_eq!(parameters.console_size, [25, 80]);
        assert_eq!(
            serde_json::to_value(&parameters).unwrap(),
            serde_json::to_value(&config).unwrap()
        );
    }
}
