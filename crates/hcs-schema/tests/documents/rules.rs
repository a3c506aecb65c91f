//! How documents treat what they don't know, what is absent, and what is wrong.

use hcs_schema::schema1::{ContainerConfig, MappedVirtualDiskController};
use hcs_schema::schema2::{
    ComputeSystem, Container, MemoryMigrationTransferThrottleParams, ModifySettingRequest,
    Plan9ShareFlags, PropertyQuery, PropertyType, Storage, Version,
};
use hcs_schema::{Extra, SystemType, guest_request};
use serde_json::{from_str, json, to_string};

#[test]
fn unknown_fields_survive_at_each_level_and_are_written_last() {
    let text = r#"{"Zeta":null,"Owner":"o","Container":{"Alpha":{"b":1,"a":[2.5]},"GuestOs":{"HostName":"h","Domain":"d"}}}"#;
    let system: ComputeSystem = from_str(text).unwrap();
    assert_eq!(system.extra.get("Zeta"), Some(&json!(null)));
    assert_eq!(
        to_string(&system).unwrap(),
        r#"{"Owner":"o","Container":{"GuestOs":{"HostName":"h","Domain":"d"},"Alpha":{"a":[2.5],"b":1}},"Zeta":null}"#
    );
}

#[test]
fn unknown_values_of_enumerations_survive() {
    let text = r#"{"PropertyTypes":["Memory","Weather"]}"#;
    let query: PropertyQuery = from_str(text).unwrap();
    assert_eq!(query.property_types, [PropertyType::Memory, PropertyType::Other("Weather".into())]);
    assert_eq!(to_string(&query).unwrap(), text);
}

#[test]
fn an_enumeration_is_made_from_its_text() {
    assert_eq!(SystemType::from("VirtualMachine"), SystemType::VirtualMachine);
    assert_eq!(SystemType::from(String::from("Pod")).to_string(), "Pod");
    assert!(SystemType::default().is_empty());
}

#[test]
fn null_is_the_empty_value() {
    let text = r#"{"Owner":null,"Container":{"Memory":null,"MappedPipes":[null],"Networking":{"NetworkAdapters":["a",null]}}}"#;
    let system: ComputeSystem = from_str(text).unwrap();
    assert_eq!(
        to_string(&system).unwrap(),
        r#"{"Container":{"MappedPipes":[{}],"Networking":{"NetworkAdapters":["a",""]}}}"#
    );
}

#[test]
fn names_in_another_case_are_known() {
    let system: ComputeSystem = from_str(r#"{"owner":"o","CONTAINER":{}}"#).unwrap();
    assert_eq!(system.owner, "o");
    assert_eq!(system.container, Some(Container::default()));
    assert!(system.extra.is_empty());
}

#[test]
fn a_field_put_under_a_known_name_is_not_written_twice() {
    let mut system = ComputeSystem { owner: "o".into(), ..Default::default() };
    system.extra.insert("Owner", json!("other"));
    system.extra.insert("New", json!(1));
    assert_eq!(to_string(&system).unwrap(), r#"{"Owner":"o","New":1}"#);
}

#[test]
fn an_empty_list_that_is_always_written_is_null() {
    let config: ContainerConfig = from_str(r#"{"SystemType":"Container","Layers":[]}"#).unwrap();
    assert_eq!(
        to_string(&config).unwrap(),
        r#"{"SystemType":"Container","Name":"","Layers":null,"HvPartition":false}"#
    );
}

#[test]
fn number_keys_are_in_the_order_of_their_text() {
    let text = r#"{"MappedVirtualDisks":{"10":{"ContainerPath":"b"},"9":{"ContainerPath":"a"}}}"#;
    let controller: MappedVirtualDiskController = from_str(text).unwrap();
    assert_eq!(controller.mapped_virtual_disks[&9].container_path, "a");
    assert_eq!(to_string(&controller).unwrap(), text);
    assert!(from_str::<MappedVirtualDiskController>(r#"{"MappedVirtualDisks":{"x":{}}}"#).is_err());
}

#[test]
fn whole_floats_have_no_fraction() {
    let params: MemoryMigrationTransferThrottleParams =
        from_str(r#"{"ThrottlingScale":2.0}"#).unwrap();
    assert_eq!(to_string(&params).unwrap(), r#"{"ThrottlingScale":2}"#);
}

#[test]
fn an_error_names_the_way_to_the_fault() {
    let error = from_str::<ComputeSystem>(r#"{"Container":{"Memory":{"SizeInMB":"much"}}}"#);
    assert_eq!(
        error.unwrap_err().to_string(),
        "ComputeSystem.Container: Container.Memory: Memory.SizeInMB: invalid type: string \"much\", expected u64 at line 1 column 41"
    );
}

#[test]
fn a_number_out_of_range_is_refused() {
    assert!(from_str::<Version>(r#"{"Major":2147483648}"#).is_err());
    assert!(from_str::<Version>(r#"{"Major":1.0}"#).is_err());
}

#[test]
fn a_document_that_is_no_object_is_refused() {
    let error = from_str::<Storage>("[]").unwrap_err().to_string();
    assert!(error.starts_with("invalid type: sequence, expected a Storage document"), "{error}");
}

#[test]
fn a_request_is_made_as_the_reference_makes_it() {
    let request = ModifySettingRequest {
        resource_path: hcs_schema::resource_paths::scsi_attachment("0", 1),
        request_type: guest_request::RequestType::Remove,
        ..Default::default()
    };
    assert_eq!(
        to_string(&request).unwrap(),
        r#"{"ResourcePath":"VirtualMachine/Devices/Scsi/0/Attachments/1","RequestType":"Remove"}"#
    );
}

#[test]
fn flags_are_joined() {
    let flags = Plan9ShareFlags::READ_ONLY | Plan9ShareFlags::LINUX_METADATA;
    assert_eq!(flags, Plan9ShareFlags(5));
    assert!(flags.contains(Plan9ShareFlags::READ_ONLY));
    assert!(!flags.contains(Plan9ShareFlags::CASE_SENSITIVE));
}

#[test]
fn no_unknown_fields_cost_a_pointer() {
    assert_eq!(size_of::<Extra>(), size_of::<usize>());
}
