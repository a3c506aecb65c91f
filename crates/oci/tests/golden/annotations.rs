//! Whole specs: what they are of, their annotations, the options of their VM.

use std::collections::BTreeMap;

use oci::uvm::{
    ConfidentialOptions, CreateOptions, Host, LcowOptions, RootfsType, UvmOptions, WcowOptions,
};
use oci::{RuntimeOptions, SandboxRole, Spec, keys, process_annotations, sandbox};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{json, rows};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    r#in: In,
    #[serde(rename = "isLCOW")]
    is_lcow: bool,
    #[serde(rename = "isWCOW")]
    is_wcow: bool,
    is_isolated: bool,
    is_job_container: bool,
    sandbox: Option<Value>,
    sandbox_error: Option<String>,
    annotations: Option<Value>,
    annotations_error: Option<String>,
    annotations_after_error: Option<Value>,
    #[serde(rename = "disableGMSA")]
    disable_gmsa: bool,
    uvm_options: Option<Value>,
    uvm_options_error: Option<String>,
}

#[derive(Deserialize)]
struct In {
    spec: Spec,
    options: Option<Options>,
}

/// The shim's options, as far as they matter to a spec.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Options {
    boot_files_root_path: String,
    vm_processor_count: i32,
    vm_memory_size_in_mb: i32,
    #[serde(rename = "NCProxyAddr")]
    ncproxy_addr: String,
    default_container_annotations: BTreeMap<String, String>,
}

impl Options {
    fn apply(self, spec: &mut Spec) {
        let options = RuntimeOptions {
            boot_files_root_path: self.boot_files_root_path,
            vm_processor_count: self.vm_processor_count,
            vm_memory_size_in_mb: self.vm_memory_size_in_mb,
            ncproxy_addr: self.ncproxy_addr,
            default_container_annotations: self.default_container_annotations,
        };
        options.apply(spec);
    }
}

/// The host on which the rows were recorded.
const HOST: Host<'static> = Host {
    build: 26100,
    is_arm64: false,
    processors: 8,
    program_folder: "<exe-dir>",
    program_files: r"C:\Program Files",
    current_folder: r"C:\",
    log_level: "info",
    exists: &|path| {
        let files = ["kernel", "vmlinux", "initrd.img", "rootfs.vhd", "my.vmgs"];
        path.strip_prefix(r"C:\boot\").is_some_and(|file| files.contains(&file))
    },
};

#[test]
fn golden_specs_are_understood() {
    for row in rows::<Row>("annotations.jsonl", 102) {
        let name = &row.name;
        let mut spec = row.r#in.spec;
        assert_eq!(
            [spec.is_lcow(), spec.is_wcow(), spec.is_isolated(), spec.is_job_container()],
            [row.is_lcow, row.is_wcow, row.is_isolated, row.is_job_container],
            "{name}"
        );

        let found = sandbox(spec.annotations()).map(|found| {
            let role = |role| match role {
                SandboxRole::Sandbox => "sandbox",
                SandboxRole::Container => "container",
            };
            let (role, id) = found.map_or(("", ""), |found| (role(found.role), found.id));
            json!({"type": role, "id": id})
        });
        let expected = row.sandbox_error.map_or(Ok(row.sandbox), Err);
        assert_eq!(found.map(Some).map_err(|error| error.to_string()), expected, "{name}");

        row.r#in.options.unwrap_or_default().apply(&mut spec);
        let processed = process_annotations(&mut spec.annotations);
        let error = processed.err().map(|error| error.to_string());
        assert_eq!(error, row.annotations_error, "{name}");
        let annotations = row.annotations.or(row.annotations_after_error);
        assert_eq!(Some(json(&spec.annotations)), annotations, "{name}");
        let disabled = spec.annotations().bool(keys::WCOW_DISABLE_GMSA).unwrap_or(false);
        assert_eq!(disabled, row.disable_gmsa, "{name}");

        let options = CreateOptions::from_spec(&mut spec, "id@vm", "owner", &HOST);
        let options = options.map(|options| match options {
            CreateOptions::Lcow(options) => lcow(&options),
            CreateOptions::Wcow(options) => wcow(&options),
        });
        let options = options.map_err(|error| error.to_string());
        match (options, row.uvm_options, row.uvm_options_error) {
            (Ok(options), Some(expected), None) => {
                let different: Vec<_> = expected
                    .as_object()
                    .expect("an object")
                    .iter()
                    .filter(|(key, value)| options.get(*key) != Some(*value))
                    .map(|(key, value)| (key, value, options.get(key)))
                    .collect();
                assert!(different.is_empty(), "{name}: {different:?}");
                assert_eq!(Value::Object(options), expected, "{name}");
            }
            (Err(error), None, Some(expected)) => assert_eq!(error, expected, "{name}"),
            (options, ..) => panic!("{name}: {options:?}"),
        }
    }
}

fn join(parts: impl IntoIterator<Item = Value>) -> Map<String, Value> {
    parts
        .into_iter()
        .flat_map(|part| match part {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        })
        .collect()
}

fn common(options: &UvmOptions) -> Value {
    let services = options.additional_hyperv_config.iter().map(|(guid, rules)| {
        let rules = json!({
            "BindSecurityDescriptor": rules.bind_security_descriptor,
            "ConnectSecurityDescriptor": rules.connect_security_descriptor,
            "AllowWildcardBinds": rules.allow_wildcard_binds,
            "Disabled": rules.disabled,
        });
        (guid.clone(), rules)
    });
    json!({
        "ID": options.id,
        "Owner": options.owner,
        "MemorySizeInMB": options.memory_size_in_mb,
        "LowMMIOGapInMB": options.low_mmio_gap_in_mb,
        "HighMMIOBaseInMB": options.high_mmio_base_in_mb,
        "HighMMIOGapInMB": options.high_mmio_gap_in_mb,
        "AllowOvercommit": options.allow_overcommit,
        "FullyPhysicallyBacked": options.fully_physically_backed,
        "EnableDeferredCommit": options.enable_deferred_commit,
        "ProcessorCount": options.processor_count,
        "ProcessorLimit": options.processor_limit,
        "ProcessorWeight": options.processor_weight,
        "StorageQoSIopsMaximum": options.storage_qos_iops_maximum,
        "StorageQoSBandwidthMaximum": options.storage_qos_bandwidth_maximum,
        "CPUGroupID": options.cpu_group_id,
        "ResourcePartitionID": options.resource_partition_id,
        "NetworkConfigProxy": options.network_config_proxy,
        "ProcessDumpLocation": options.process_dump_location,
        "NoWritableFileShares": options.no_writable_file_shares,
        "SCSIControllerCount": options.scsi_controller_count,
        "DumpDirectoryPath": options.dump_directory_path,
        "AdditionalHyperVConfig": services.collect::<Map<_, _>>(),
        "MaxMemorySizePerNumaNode": options.max_memory_size_per_numa_node,
        "MaxProcessorsPerNumaNode": options.max_processors_per_numa_node,
        "PreferredPhysicalNumaNodes": options.preferred_physical_numa_nodes,
        "NumaMappedPhysicalNodes": options.numa_mapped_physical_nodes,
        "NumaProcessorCounts": options.numa_processor_counts,
        "NumaMemoryBlocksCounts": options.numa_memory_blocks_counts,
        // Of the tools, no annotation sets it.
        "EnableGraphicsConsole": false,
        "ConsolePipe": options.console_pipe,
    })
}

fn confidential(options: &ConfidentialOptions) -> Value {
    json!({
        "GuestStateFilePath": options.guest_state_file_path,
        "SecurityPolicy": options.security_policy,
        "SecurityPolicyEnabled": options.security_policy_enabled,
        "SecurityPolicyEnforcer": options.security_policy_enforcer,
        "UVMReferenceInfoFile": options.uvm_reference_info_file,
        "UVMHashEnvelopeReferenceInfoFile": options.uvm_hash_envelope_reference_info_file,
        // The caller sets it.
        "BundleDirectory": "",
    })
}

fn lcow(options: &LcowOptions) -> Map<String, Value> {
    let rootfs_type = match options.preferred_rootfs_type {
        RootfsType::Initrd => 0,
        RootfsType::Vhd => 1,
        RootfsType::None => 2,
    };
    let devices = options.assigned_devices.as_ref().map(|devices| {
        let device = |device: &oci::uvm::VpciDeviceId| {
            json!({
                "deviceInstanceID": device.device_instance_id,
                "virtualFunctionIndex": device.virtual_function_index,
            })
        };
        devices.iter().map(device).collect::<Vec<_>>()
    });
    let own = json!({
        "DmVerityRootFsVhd": options.dm_verity_rootfs_vhd,
        "DmVerityMode": options.dm_verity_mode,
        "DmVerityCreateArgs": options.dm_verity_create_args,
        "BootFilesPath": options.boot_files_path,
        "KernelFile": options.kernel_file,
        "KernelDirect": options.kernel_direct,
        "RootFSFile": options.rootfs_file,
        "KernelBootOptions": options.kernel_boot_options,
        "UseGuestConnection": options.use_guest_connection,
        "ExecCommandLine": options.exec_command_line,
        "ForwardStdout": options.forward_stdout,
        "ForwardStderr": options.forward_stderr,
        "VPMemDeviceCount": options.vpmem_device_count,
        "VPMemSizeBytes": options.vpmem_size_bytes,
        "VPMemNoMultiMapping": options.vpmem_no_multi_mapping,
        "PreferredRootFSType": rootfs_type,
        "EnableColdDiscardHint": options.enable_cold_discard_hint,
        "VPCIEnabled": options.vpci_enabled,
        "EnableScratchEncryption": options.enable_scratch_encryption,
        "DisableTimeSyncService": options.disable_time_sync_service,
        "HclEnabled": options.hcl_enabled,
        "ExtraVSockPorts": options.extra_vsock_ports,
        "AssignedDevices": devices,
        "PolicyBasedRouting": options.policy_based_routing,
        "WritableOverlayDirs": options.writable_overlay_dirs,
        // Of Windows VMs, and of what comes after.
        "DisableCompartmentNamespace": false,
        "UseGuestStateFile": false,
    });
    join([common(&options.common), confidential(&options.confidential), own])
}

fn wcow(options: &WcowOptions) -> Map<String, Value> {
    let registry = options.additional_registry_keys.iter().map(|value| {
        let key = value.key.as_ref().expect("a key");
        json!({
            "Key": {"Hive": key.hive, "Name": key.name, "Volatile": key.volatile},
            "Name": value.name,
            "Type_": value.type_,
            "StringValue": value.string_value,
            "BinaryValue": value.binary_value,
            "DWordValue": value.d_word_value,
            "QWordValue": value.q_word_value,
            "CustomType": value.custom_type,
        })
    });
    let own = json!({
        "DisableCompartmentNamespace": options.disable_compartment_namespace,
        "IsolationType": options.isolation_type.map_or("", |isolation| isolation.as_str()),
        "DisableSecureBoot": options.disable_secure_boot,
        "FirmwareParameters": options.firmware_parameters,
        "WritableEFI": options.writable_efi,
        "DebugMode": options.debug_mode,
        "DebugDataPath": options.debug_data_path,
        // From the layers.
        "BootFiles": null,
        "BootFilesRootPath": options.boot_files_root_path,
        "NoDirectMap": options.no_direct_map,
        "NoInheritHostTimezone": options.no_inherit_host_timezone,
        "AdditionalRegistryKeys": registry.collect::<Vec<_>>(),
        "LogSources": options.log_sources,
        "LogForwardingEnabled": options.log_forwarding_enabled,
        "DefaultLogSourcesEnabled": options.default_log_sources_enabled,
    });
    join([common(&options.common), confidential(&options.confidential), own])
}
