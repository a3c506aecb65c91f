//! Options of utility VMs that specs and hosts lead to.

use std::collections::BTreeMap;

use oci::uvm::{CreateOptions, Host, LcowOptions, RootfsType, VpciDeviceId, WcowOptions};
use oci::{Spec, internal_keys, keys};

fn host(exists: &dyn Fn(&str) -> bool) -> Host<'_> {
    Host {
        build: 26100,
        is_arm64: false,
        processors: 8,
        program_folder: r"C:\shim",
        program_files: r"C:\Program Files",
        current_folder: r"C:\here",
        log_level: "debug",
        exists,
    }
}

fn spec(json: &str, annotations: &[(&str, &str)]) -> Spec {
    let spec: Spec = serde_json::from_str(json).expect("a spec");
    let pairs = annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Spec { annotations: pairs.collect::<BTreeMap<_, _>>(), ..spec }
}

fn lcow(annotations: &[(&str, &str)], host: &Host<'_>) -> LcowOptions {
    let mut spec = spec(r#"{"linux": {}}"#, annotations);
    match CreateOptions::from_spec(&mut spec, "id", "owner", host) {
        Ok(CreateOptions::Lcow(options)) => *options,
        other => panic!("{other:?}"),
    }
}

fn wcow(annotations: &[(&str, &str)]) -> Result<WcowOptions, String> {
    let mut spec = spec(r#"{"windows": {"hyperv": {}}}"#, annotations);
    match CreateOptions::from_spec(&mut spec, "id", "owner", &host(&|_| false)) {
        Ok(CreateOptions::Wcow(options)) => Ok(*options),
        Err(error) => Err(error.to_string()),
        other => panic!("{other:?}"),
    }
}

const POLICY: (&str, &str) = (keys::WCOW_SECURITY_POLICY, "cG9saWN5");

#[test]
fn a_confidential_windows_vm_needs_memory_and_an_isolation_that_there_is() {
    assert_eq!(
        wcow(&[POLICY, (keys::MEMORY_SIZE_IN_MB, "1024")]).unwrap_err(),
        "minimum 2048MB of memory is required for confidential pods, got: 1024"
    );
    assert_eq!(
        wcow(&[POLICY, (keys::WCOW_ISOLATION_TYPE, "")]).unwrap_err(),
        r#"invalid WCOW isolation type """#
    );
    assert_eq!(
        wcow(&[POLICY, (keys::WCOW_DEBUG_MODE, "true")]).unwrap_err(),
        r#""io.microsoft.wcow.debug_data_path" must be set to a non-empty path when "io.microsoft.wcow.debug" is enabled"#
    );
}

#[test]
fn the_guest_state_belongs_to_the_isolation() {
    for (annotation, file) in [
        ((keys::WCOW_ISOLATION_TYPE, "SNP"), r"C:\cboot\cwcow.snp.vmgs"),
        ((keys::WCOW_ISOLATION_TYPE, "VBS"), r"C:\cboot\cwcow.vbs.vmgs"),
        ((keys::NO_SECURITY_HARDWARE, "true"), r"C:\cboot\cwcow.gso.vmgs"),
        ((keys::WCOW_GUEST_STATE_FILE, r"D:\x.vmgs"), r"D:\x.vmgs"),
    ] {
        let all = [POLICY, (keys::BOOT_FILES_ROOT_PATH, r"C:\cboot"), annotation];
        let confidential = wcow(&all).expect("options").confidential;
        assert_eq!(confidential.guest_state_file_path, file);
        assert_eq!(confidential.uvm_reference_info_file, r"C:\cboot\reference_info.cose");
    }
}

#[test]
fn boot_files_beside_the_program_come_first() {
    let beside = host(&|path| path == r"C:\shim\LinuxBootFiles");
    assert_eq!(lcow(&[], &beside).boot_files_path, r"C:\shim\LinuxBootFiles");
    let nowhere = host(&|_| false);
    assert_eq!(lcow(&[], &nowhere).boot_files_path, r"C:\Program Files\Linux Containers");
    let relative = [(keys::BOOT_FILES_ROOT_PATH, "boot")];
    assert_eq!(lcow(&relative, &nowhere).boot_files_path, r"C:\here\boot");
}

#[test]
fn an_older_or_other_host_has_other_defaults() {
    let everything = |_: &str| true;
    let host = Host { build: 17763, processors: 1, ..host(&everything) };
    let options = lcow(&[], &host);
    assert!(!options.kernel_direct && options.vpmem_no_multi_mapping);
    assert_eq!((options.kernel_file.as_str(), options.common.processor_count), ("kernel", 1));
    let options = lcow(&[], &Host { build: 26100, is_arm64: true, ..host });
    assert!(!options.kernel_direct && !options.vpmem_no_multi_mapping);
    assert_eq!(options.vpmem_device_count, 0);
}

#[test]
fn what_a_policy_sets_can_be_named_otherwise() {
    let options = lcow(
        &[
            (keys::LCOW_SECURITY_POLICY, "cA=="),
            (keys::LCOW_GUEST_STATE_FILE, "own.vmgs"),
            (keys::DM_VERITY_ROOTFS_VHD, "own.vhd"),
            (keys::DM_VERITY_MODE, "false"),
            (keys::LCOW_ENCRYPTED_SCRATCH_DISK, "false"),
            (keys::KERNEL_BOOT_OPTIONS, "lost"),
            (keys::VPMEM_COUNT, "9"),
        ],
        &host(&|_| false),
    );
    assert_eq!(options.confidential.guest_state_file_path, "own.vmgs");
    assert_eq!(options.dm_verity_rootfs_vhd, "own.vhd");
    assert!(!options.dm_verity_mode && !options.enable_scratch_encryption);
    assert_eq!(options.preferred_rootfs_type, RootfsType::None);
    assert_eq!((options.kernel_boot_options.as_str(), options.vpmem_device_count), ("", 0));
}

#[test]
fn the_guest_agent_gets_more_arguments() {
    let more = [(internal_keys::EXTRA_LCOW_EXEC_ARGS, "-scrub-logs=false")];
    assert_eq!(
        lcow(&more, &host(&|_| false)).exec_command_line,
        "/bin/gcs -v4 -log-format json -loglevel debug -scrub-logs=false"
    );
}

#[test]
fn physical_memory_leaves_no_persistent_memory() {
    let annotations = [(keys::FULLY_PHYSICALLY_BACKED, "true"), (keys::VPMEM_COUNT, "9")];
    let options = lcow(&annotations, &host(&|_| false));
    assert_eq!(options.vpmem_device_count, 0);
    assert!(options.common.fully_physically_backed && !options.common.allow_overcommit);
}

#[test]
fn devices_go_to_the_vm_and_not_to_its_first_container() {
    let json = r#"{"linux": {}, "windows": {"devices": [{"id": "PCI\\A/7", "idType": "vpci"}]}}"#;
    let mut spec = spec(json, &[]);
    let options = CreateOptions::from_spec(&mut spec, "id", "owner", &host(&|_| false));
    let Ok(CreateOptions::Lcow(options)) = options else {
        panic!("{options:?}");
    };
    let device = VpciDeviceId { device_instance_id: r"PCI\A".into(), virtual_function_index: 7 };
    assert_eq!(options.assigned_devices, Some(vec![device]));
    assert!(spec.windows.expect("a section").devices.is_empty());
    assert_eq!(VpciDeviceId::parse(r"PCI\A/70000").virtual_function_index, 0);
}

#[test]
fn a_vm_for_neither_system_has_no_options() {
    let mut neither = Spec::default();
    let error = CreateOptions::from_spec(&mut neither, "id", "owner", &host(&|_| false));
    let text = error.unwrap_err().to_string();
    assert_eq!(text, "cannot create UVM opts for non-isolated spec");
}
