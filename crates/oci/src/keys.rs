//! The keys of annotations that anybody may set, as the reference names them.

/// Whether the spec is of a pod (`sandbox`) or of a container in one (`container`).
pub const KUBERNETES_CONTAINER_TYPE: &str = "io.kubernetes.cri.container-type";
/// The id of the pod.
pub const KUBERNETES_SANDBOX_ID: &str = "io.kubernetes.cri.sandbox-id";
/// Where processes that crash leave their dumps.
pub const CONTAINER_PROCESS_DUMP_LOCATION: &str = "io.microsoft.container.processdumplocation";
/// The memory of a container, in MB.
pub const CONTAINER_MEMORY_SIZE_IN_MB: &str = "io.microsoft.container.memory.sizeinmb";
/// The processors of a container.
pub const CONTAINER_PROCESSOR_COUNT: &str = "io.microsoft.container.processor.count";
/// The most processor time of a container, 1 to 10,000.
pub const CONTAINER_PROCESSOR_LIMIT: &str = "io.microsoft.container.processor.limit";
/// The share of processor time of a container, 0 to 10,000.
pub const CONTAINER_PROCESSOR_WEIGHT: &str = "io.microsoft.container.processor.weight";
/// The most bytes a second to and from the storage of a container.
pub const CONTAINER_STORAGE_QOS_BANDWIDTH_MAXIMUM: &str =
    "io.microsoft.container.storage.qos.bandwidthmaximum";
/// The most storage operations a second of a container.
pub const CONTAINER_STORAGE_QOS_IOPS_MAXIMUM: &str =
    "io.microsoft.container.storage.qos.iopsmaximum";
/// The limit of core dumps, `soft;hard`; Linux.
pub const RLIMIT_CORE: &str = "io.microsoft.lcow.rlimitcore";
/// The size of `/dev/shm` in KB; Linux.
pub const LCOW_DEV_SHM_SIZE_IN_KB: &str = "io.microsoft.lcow.shm.size-kb";
/// Whether a Linux container is privileged.
pub const LCOW_PRIVILEGED: &str = "io.microsoft.virtualmachine.lcow.privileged";
/// Whether a Linux container shares the utility VM's network namespace.
pub const LCOW_HOST_NETWORK: &str = "io.microsoft.virtualmachine.lcow.hostnetwork";
/// The file, below the logs of the pod, that gets a copy of the output; Linux.
pub const LCOW_TEE_LOG_PATH: &str = "io.microsoft.container.lcow.tee-log-path";
/// Where a container sees the folder of that file; Linux.
pub const LCOW_TEE_LOG_DIR_MOUNT: &str = "io.microsoft.container.lcow.tee-log-dir-mount";
/// Whether a pod goes without a network namespace.
pub const SKIP_POD_NETWORKING: &str = "io.microsoft.cri.skip-pod-networking";
/// The id of a pod that is there, which the new one joins.
pub const TENANT_SANDBOX_ID: &str = "io.microsoft.cri.tenant-sandbox-id";
/// The id of a pod that shares its utility VM with others.
pub const VIRTUAL_POD_ID: &str = "io.microsoft.cri.virtual-pod-id";
/// The device-mapper table on the command line of the kernel; Linux.
pub const DM_VERITY_CREATE_ARGS: &str = "io.microsoft.virtualmachine.lcow.dmverity-create-args";
/// Whether the root filesystem is a SCSI disk with dm-verity; Linux.
pub const DM_VERITY_MODE: &str = "io.microsoft.virtualmachine.lcow.dmverity-mode";
/// The file of that root filesystem.
pub const DM_VERITY_ROOTFS_VHD: &str = "io.microsoft.virtualmachine.lcow.dmverity-rootfs-vhd";
/// Whether scratch disks are encrypted.
pub const LCOW_ENCRYPTED_SCRATCH_DISK: &str =
    "io.microsoft.virtualmachine.storage.scratch.encrypted";
/// The file of the guest state (VMGS); Linux.
pub const LCOW_GUEST_STATE_FILE: &str = "io.microsoft.virtualmachine.lcow.gueststatefile";
/// Whether the host compatibility layer is enabled; Linux.
pub const LCOW_HCL_ENABLED: &str = "io.microsoft.virtualmachine.lcow.hcl-enabled";
/// The file of the AMD certificate of the host; Linux.
pub const LCOW_HOST_AMD_CERTIFICATE: &str = "io.microsoft.virtualmachine.lcow.amd-certificate";
/// Whether a security policy is tried without the hardware for it.
pub const NO_SECURITY_HARDWARE: &str = "io.microsoft.virtualmachine.no_security_hardware";
/// The security policy in base64; makes a Linux pod confidential.
pub const LCOW_SECURITY_POLICY: &str = "io.microsoft.virtualmachine.lcow.securitypolicy";
/// Which enforcer the policy is for; Linux.
pub const LCOW_SECURITY_POLICY_ENFORCER: &str = "io.microsoft.virtualmachine.lcow.enforcer";
/// Whether containers see the security context; Linux.
pub const LCOW_SECURITY_POLICY_ENV: &str = "io.microsoft.virtualmachine.lcow.securitypolicy.env";
/// The file with the measurements of the utility VM; Linux.
pub const LCOW_REFERENCE_INFO_FILE: &str =
    "io.microsoft.virtualmachine.lcow.uvm-reference-info-file";
/// Files of device extensions, separated by commas; Windows.
pub const DEVICE_EXTENSIONS: &str = "io.microsoft.container.wcow.deviceextensions";
/// Where the root of a host process container is shown.
pub const HOST_PROCESS_ROOTFS_LOCATION: &str = "microsoft.com/hostprocess-rootfs-location";
/// Whether credentials of group managed service accounts are refused.
pub const WCOW_DISABLE_GMSA: &str = "io.microsoft.container.wcow.gmsa.disable";
/// Which dumps are written: `mini` or `full`; Windows.
pub const WCOW_PROCESS_DUMP_TYPE: &str = "io.microsoft.wcow.processdumptype";
/// How many dumps are kept; Windows.
pub const WCOW_PROCESS_DUMP_COUNT: &str = "io.microsoft.wcow.processdumpcount";
/// The file of the guest state (VMGS); Windows.
pub const WCOW_GUEST_STATE_FILE: &str = "io.microsoft.virtualmachine.wcow.gueststatefile";
/// The security policy in base64; makes a Windows pod confidential.
pub const WCOW_SECURITY_POLICY: &str = "io.microsoft.virtualmachine.wcow.securitypolicy";
/// Which enforcer the policy is for; Windows.
pub const WCOW_SECURITY_POLICY_ENFORCER: &str = "io.microsoft.virtualmachine.wcow.enforcer";
/// The file of the AMD certificate of the host; Windows.
pub const WCOW_HOST_AMD_CERTIFICATE: &str = "io.microsoft.virtualmachine.wcow.amd-certificate";
/// Whether containers see the security context; Windows.
pub const WCOW_SECURITY_POLICY_ENV: &str = "io.microsoft.virtualmachine.wcow.securitypolicy.env";
/// The file with the measurements of the utility VM; Windows.
pub const WCOW_REFERENCE_INFO_FILE: &str =
    "io.microsoft.virtualmachine.wcow.uvm-reference-info-file";
/// What isolates a confidential Windows pod.
pub const WCOW_ISOLATION_TYPE: &str = "io.microsoft.virtualmachine.wcow.isolation_type";
/// Whether a Windows utility VM starts without secure boot.
pub const WCOW_DISABLE_SECURE_BOOT: &str = "io.microsoft.virtualmachine.wcow.no_secure_boot";
/// Whether the EFI disk of a Windows utility VM can be written.
pub const WCOW_WRITABLE_EFI: &str = "io.microsoft.virtualmachine.wcow.writable_efi";
/// Whether the disks of a confidential Windows pod are kept.
pub const WCOW_DEBUG_MODE: &str = "io.microsoft.wcow.debug";
/// Where they are kept.
pub const WCOW_DEBUG_DATA_PATH: &str = "io.microsoft.wcow.debug_data_path";
/// Whether a host process container runs as the user of the shim.
pub const HOST_PROCESS_INHERIT_USER: &str = "microsoft.com/hostprocess-inherit-user";
/// Whether the container is a host process container.
pub const HOST_PROCESS_CONTAINER: &str = "microsoft.com/hostprocess-container";
/// Whether host process containers are refused.
pub const DISABLE_HOST_PROCESS_CONTAINER: &str = "microsoft.com/disable-hostprocess-container";
/// The folder with the boot files of the utility VM.
pub const BOOT_FILES_ROOT_PATH: &str = "io.microsoft.virtualmachine.bootfilesrootpath";
/// The folder for dumps of a utility VM that crashes.
pub const DUMP_DIRECTORY_PATH: &str = "io.microsoft.virtualmachine.dump-directory-path";
/// Whether only read-only folders are shared with the utility VM.
pub const DISABLE_WRITABLE_FILE_SHARES: &str =
    "io.microsoft.virtualmachine.fileshares.disablewritable";
/// Folders of drivers to install in the utility VM, separated by commas.
pub const VIRTUAL_MACHINE_KERNEL_DRIVERS: &str = "io.microsoft.virtualmachine.kerneldrivers";
/// The file with the signed hashes of the measurements.
pub const UVM_HASH_ENVELOPE_REFERENCE_INFO_FILE: &str =
    "io.microsoft.virtualmachine.uvm-hash-envelope-reference-info-file";
/// The CPU group of the utility VM.
pub const CPU_GROUP_ID: &str = "io.microsoft.virtualmachine.cpugroup.id";
/// The processors of the utility VM.
pub const PROCESSOR_COUNT: &str = "io.microsoft.virtualmachine.computetopology.processor.count";
/// The most processor time of the utility VM, 1 to 100,000.
pub const PROCESSOR_LIMIT: &str = "io.microsoft.virtualmachine.computetopology.processor.limit";
/// The share of processor time of the utility VM, 0 to 10,000.
pub const PROCESSOR_WEIGHT: &str = "io.microsoft.virtualmachine.computetopology.processor.weight";
/// Whether the utility VM's memory is virtual memory of the host.
pub const ALLOW_OVERCOMMIT: &str =
    "io.microsoft.virtualmachine.computetopology.memory.allowovercommit";
/// Whether virtual memory is committed when it is first used.
pub const ENABLE_DEFERRED_COMMIT: &str =
    "io.microsoft.virtualmachine.computetopology.memory.enabledeferredcommit";
/// Whether the guest tells which memory it does not use; Linux.
pub const ENABLE_COLD_DISCARD_HINT: &str =
    "io.microsoft.virtualmachine.computetopology.memory.enablecolddiscardhint";
/// Whether all memory, also that of devices, is physical.
pub const FULLY_PHYSICALLY_BACKED: &str = "io.microsoft.virtualmachine.fullyphysicallybacked";
/// The memory of the utility VM, in MB.
pub const MEMORY_SIZE_IN_MB: &str = "io.microsoft.virtualmachine.computetopology.memory.sizeinmb";
/// The size of the low gap for devices, in MB.
pub const MEMORY_LOW_MMIO_GAP_IN_MB: &str =
    "io.microsoft.virtualmachine.computetopology.memory.lowmmiogapinmb";
/// Where the high gap for devices begins, in MB.
pub const MEMORY_HIGH_MMIO_BASE_IN_MB: &str =
    "io.microsoft.virtualmachine.computetopology.memory.highmmiobaseinmb";
/// The size of the high gap for devices, in MB.
pub const MEMORY_HIGH_MMIO_GAP_IN_MB: &str =
    "io.microsoft.virtualmachine.computetopology.memory.highmmiogapinmb";
/// The most processors of a virtual NUMA node.
pub const NUMA_MAXIMUM_PROCESSORS_PER_NODE: &str =
    "io.microsoft.virtualmachine.computetopology.processor.numa.max-processors-per-node";
/// The most memory of a virtual NUMA node, in MB.
pub const NUMA_MAXIMUM_MEMORY_SIZE_PER_NODE: &str =
    "io.microsoft.virtualmachine.computetopology.processor.numa.max-size-per-node";
/// The physical NUMA nodes to prefer, separated by commas.
pub const NUMA_PREFERRED_PHYSICAL_NODES: &str =
    "io.microsoft.virtualmachine.computetopology.numa.preferred-physical-nodes";
/// The physical NUMA node of each virtual one, separated by commas.
pub const NUMA_MAPPED_PHYSICAL_NODES: &str =
    "io.microsoft.virtualmachine.computetopology.numa.mapped-physical-nodes";
/// The processors of each virtual NUMA node, separated by commas.
pub const NUMA_COUNT_OF_PROCESSORS: &str =
    "io.microsoft.virtualmachine.computetopology.numa.count-of-processors";
/// The memory of each virtual NUMA node, separated by commas.
pub const NUMA_COUNT_OF_MEMORY_BLOCKS: &str =
    "io.microsoft.virtualmachine.computetopology.numa.count-of-memory-blocks";
/// The resource partition of the utility VM, a GUID.
pub const RESOURCE_PARTITION_ID: &str = "io.microsoft.virtualmachine.resource-partition-id";
/// The most bytes a second to and from the storage of the utility VM.
pub const STORAGE_QOS_BANDWIDTH_MAXIMUM: &str =
    "io.microsoft.virtualmachine.storageqos.bandwidthmaximum";
/// The most storage operations a second of the utility VM.
pub const STORAGE_QOS_IOPS_MAXIMUM: &str = "io.microsoft.virtualmachine.storageqos.iopsmaximum";
/// Whether a Windows guest goes without network compartments of its own.
pub const DISABLE_COMPARTMENT_NAMESPACE: &str =
    "io.microsoft.virtualmachine.disablecompartmentnamespace";
/// Whether a Windows guest has UTC and not the time zone of the host.
pub const NO_INHERIT_HOST_TIMEZONE: &str = "io.microsoft.virtualmachine.wcow.timezone.noinherit";
/// Whether shared folders are not mapped directly; Windows.
pub const VSMB_NO_DIRECT_MAP: &str = "io.microsoft.virtualmachine.wcow.virtualSMB.nodirectmap";
/// The log sources of the guest, base64 of JSON; Windows.
pub const LOG_SOURCES: &str = "io.microsoft.virtualmachine.forwardlogs.sources";
/// Whether the guest sends its logs to the host; Windows.
pub const LOG_FORWARDING_ENABLED: &str = "io.microsoft.virtualmachine.forwardlogs.enable";
/// Whether the usual log sources are among them; Windows.
pub const DEFAULT_LOG_SOURCES_ENABLED: &str =
    "io.microsoft.virtualmachine.forwardlogs.defaultsources.enable";
/// Whether a Linux guest does not follow the clock of the host.
pub const DISABLE_LCOW_TIME_SYNC_SERVICE: &str =
    "io.microsoft.virtualmachine.lcow.timesync.disable";
/// What is added to the command line of the kernel; Linux.
pub const KERNEL_BOOT_OPTIONS: &str = "io.microsoft.virtualmachine.lcow.kernelbootoptions";
/// Whether the kernel is started without UEFI; Linux.
pub const KERNEL_DIRECT_BOOT: &str = "io.microsoft.virtualmachine.lcow.kerneldirectboot";
/// What the root filesystem is: `initrd` or `vhd`; Linux.
pub const PREFERRED_ROOTFS_TYPE: &str = "io.microsoft.virtualmachine.lcow.preferredrootfstype";
/// Whether the Linux guest has a PCI bus.
pub const VPCI_ENABLED: &str = "io.microsoft.virtualmachine.lcow.vpcienabled";
/// The most devices of persistent memory; Linux.
pub const VPMEM_COUNT: &str = "io.microsoft.virtualmachine.devices.virtualpmem.maximumcount";
/// Whether a device of persistent memory holds one layer only; Linux.
pub const VPMEM_NO_MULTI_MAPPING: &str = "io.microsoft.virtualmachine.lcow.vpmem.nomultimapping";
/// The size of a device of persistent memory, in bytes; Linux.
pub const VPMEM_SIZE: &str = "io.microsoft.virtualmachine.devices.virtualpmem.maximumsizebytes";
/// The address of the network configuration proxy.
pub const NETWORK_CONFIG_PROXY: &str = "io.microsoft.network.ncproxy";
/// The id that the proxy knows the pod by.
pub const NCPROXY_CONTAINER_ID: &str = "io.microsoft.network.ncproxy.containerid";
/// Has no effect any more.
pub const GPU_VHD_PATH: &str = "io.microsoft.lcow.gpuvhdpath";
/// What a container does with a GPU, separated by commas.
pub const CONTAINER_GPU_CAPABILITIES: &str = "io.microsoft.container.gpu.capabilities";
/// Whether the utility VM can migrate while it runs.
pub const LIVE_MIGRATION_SUPPORT_ENABLED: &str = "io.microsoft.migration.support-enabled";
/// The container, on the host that it comes from, whose place this one takes.
pub const LIVE_MIGRATION_SOURCE_CONTAINER_ID: &str = "io.microsoft.migration.source-container-id";
/// Sets what else refuses unsafe operations ([`crate::process_annotations`]).
pub const DISABLE_UNSAFE_OPERATIONS: &str = "io.microsoft.disable-unsafe-operations";
