//! CPU groups and the host's processors, as the service is asked for them.

use compute::cpu_group::{self, CpuGroupError, NO_GROUP};
use compute::error::{SystemCode, is_access_is_denied};
use compute::fake::FakeService;
use compute::processor_info::{ProcessorInfoError, host_processor_info};
use compute::{ComputeService, ComputeSystem, Document, operation};
use hcs_schema::RawJson;
use hcs_schema::schema2::{self, PropertyType};
use serde_json::{Value, json};

fn raw(value: &Value) -> RawJson {
    RawJson::new(value).expect("JSON")
}

/// What the last call handed over, after a check of its name.
fn last(service: &FakeService, operation: &str) -> Value {
    let call = service.calls().pop().expect("a call");
    assert_eq!(call.operation, operation);
    call.argument
}

async fn vm(service: &FakeService) -> Box<dyn ComputeSystem> {
    let document = Document::from(schema2::ComputeSystem::default());
    let vm = service.create(&"vm1".parse().expect("an id"), &document).await.expect("a system");
    vm.start().await.expect("it starts");
    vm
}

#[tokio::test]
async fn groups_are_created_and_deleted() {
    let service = FakeService::windows();
    cpu_group::create(&service, "AB-cd", &[0, 2]).await.unwrap();
    assert_eq!(
        last(&service, operation::MODIFY_SERVICE_SETTINGS),
        json!({"PropertyType": "CpuGroup", "Settings": {
            "Operation": "CreateGroup",
            "OperationDetails": {
                "GroupId": "ab-cd", "LogicalProcessorCount": 2, "LogicalProcessors": [0, 2]
            }
        }})
    );
    cpu_group::delete(&service, "AB-cd").await.unwrap();
    assert_eq!(
        last(&service, operation::MODIFY_SERVICE_SETTINGS),
        json!({"PropertyType": "CpuGroup", "Settings": {
            "Operation": "DeleteGroup", "OperationDetails": {"GroupId": "AB-cd"}
        }})
    );
}

#[tokio::test]
async fn a_group_that_is_not_created_says_why() {
    let service = FakeService::windows();
    let denied = SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED;
    service.fail_next(operation::MODIFY_SERVICE_SETTINGS, denied);
    let error = cpu_group::create(&service, "g", &[0]).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to make cpugroups CreateGroup request for group g");
    assert!(is_access_is_denied(&error));
}

#[tokio::test]
async fn a_group_is_found_in_any_case() {
    let service = FakeService::windows();
    let groups = json!({"CpuGroups": [
        {"GroupId": "aa-11", "HypervisorGroupId": 7},
        {"GroupId": "bb-22", "Affinity": {"LogicalProcessorCount": 1, "LogicalProcessors": [3]},
            "GroupProperties": [{"PropertyCode": 0x1_0000, "PropertyValue": 50}]}
    ]});
    service.set_service_property(PropertyType::CPUGroup, raw(&groups));
    let group = cpu_group::config(&service, "BB-22").await.unwrap();
    assert_eq!(
        last(&service, operation::SERVICE_PROPERTIES),
        json!({"PropertyTypes": ["CpuGroup"]})
    );
    assert_eq!(serde_json::to_value(&group).unwrap(), groups["CpuGroups"][1]);

    let error = cpu_group::config(&service, "cc").await.unwrap_err();
    assert_eq!(error.to_string(), "no cpugroup exists with id cc");
}

#[tokio::test]
async fn answers_that_are_no_groups_are_refused() {
    let service = FakeService::windows();
    let error = cpu_group::config(&service, "g").await.unwrap_err();
    assert!(matches!(error, CpuGroupError::NoAnswer), "{error}");
    service.set_service_property(PropertyType::CPUGroup, raw(&json!([1])));
    let error = cpu_group::config(&service, "g").await.unwrap_err();
    assert_eq!(error.to_string(), "failed to unmarshal host cpugroups");
}

#[tokio::test]
async fn a_machine_joins_and_leaves_a_group() {
    let service = FakeService::windows();
    let vm = vm(&service).await;
    let request = |id| {
        json!({"ResourcePath": "VirtualMachine/ComputeTopology/Processor/CpuGroup",
            "Settings": {"Id": id}})
    };
    cpu_group::assign(vm.as_ref(), "g1").await.unwrap();
    assert_eq!(last(&service, operation::MODIFY), request("g1"));
    cpu_group::release(vm.as_ref()).await.unwrap();
    assert_eq!(last(&service, operation::MODIFY), request(NO_GROUP));

    let calls = service.calls().len();
    let error = cpu_group::assign(vm.as_ref(), "").await.unwrap_err();
    assert_eq!(error.to_string(), "must specify an ID to use when configuring a VM's cpugroup");
    assert_eq!(service.calls().len(), calls);

    service.fail_next(operation::MODIFY, SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED);
    let error = cpu_group::release(vm.as_ref()).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to remove VM vm1 from cpugroup");
    assert!(is_access_is_denied(&error));
}

#[tokio::test]
async fn the_processors_of_the_host_are_told() {
    let service = FakeService::windows();
    let topology = json!({"LogicalProcessorCount": 2, "LogicalProcessors": [
        {"RootVpIndex": 1}, {"LpIndex": 1, "NodeNumber": 1, "PackageId": 2, "CoreId": 3}
    ]});
    service.set_service_property(PropertyType::ProcessorTopology, raw(&topology));
    let info = host_processor_info(&service).await.unwrap();
    assert_eq!(
        last(&service, operation::SERVICE_PROPERTIES),
        json!({"PropertyTypes": ["ProcessorTopology"]})
    );
    assert_eq!((info.logical_processor_count, info.logical_processors[1].core_id), (2, 3));
}

#[tokio::test]
async fn processors_that_are_not_told_are_an_error() {
    let service = FakeService::windows();
    let error = host_processor_info(&service).await.unwrap_err();
    assert_eq!(error.to_string(), "wrong number of service properties present");

    service.set_service_property(PropertyType::ProcessorTopology, raw(&json!("x")));
    let error = host_processor_info(&service).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to unmarshal host processor topology");

    let denied = SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED;
    service.fail_next(operation::SERVICE_PROPERTIES, denied);
    let error = host_processor_info(&service).await.unwrap_err();
    assert!(matches!(error, ProcessorInfoError::Query(_)));
    assert!(is_access_is_denied(&error));
}
