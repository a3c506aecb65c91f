//! The keys of annotations that are for tests and for platforms that know the
//! insides of a utility VM.

/// Followed by a GUID: the rules of this Hyper-V socket service, as JSON.
pub const UVM_HYPERVSOCKET_CONFIG_PREFIX: &str =
    "io.microsoft.virtualmachine.hv-socket.service-table.";
/// The named pipe of the serial console of the utility VM.
pub const UVM_CONSOLE_PIPE: &str = "io.microsoft.virtualmachine.console.pipe";
/// More vsock ports that the guest may use, separated by commas; Linux.
pub const EXTRA_VSOCK_PORTS: &str = "io.microsoft.virtualmachine.lcow.extra-vsock-ports";
/// Whether folders of the root filesystem get a writable overlay; Linux.
pub const WRITABLE_OVERLAY_DIRS: &str =
    "io.microsoft.virtualmachine.lcow.writable-overlay-directories";
/// Whether the guest routes by policy; Linux.
pub const NETWORKING_POLICY_BASED_ROUTING: &str =
    "io.microsoft.virtualmachine.lcow.network.policybasedrouting";
/// What is added to the guest agent's command line; Linux.
pub const EXTRA_LCOW_EXEC_ARGS: &str = "io.microsoft.virtualmachine.lcow.extra-exec-command-args";
/// Registry values of a Windows utility VM, as JSON.
pub const ADDITIONAL_REGISTRY_VALUES: &str = "io.microsoft.virtualmachine.wcow.additional-reg-keys";
/// Registry values of a Windows container, as JSON; for tests of the platform.
pub const WCOW_REGISTRY_ANNOTATION_TEST: &str =
    "io.microsoft.container.wcow.test-registry-annotation";
