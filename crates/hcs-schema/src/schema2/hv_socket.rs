//! Hyper-V sockets.

use std::collections::BTreeMap;

use crate::document::document;

document! {
    /// The Hyper-V sockets of a container.
    pub struct HvSocket {
        /// Which may be used.
        pub config: Option<HvSocketSystemConfig> = "Config",
        /// Whether PowerShell Direct may connect.
        pub enable_power_shell_direct: bool = "EnablePowerShellDirect",
    }

    /// The Hyper-V sockets of a virtual machine.
    pub struct HvSocket2 {
        /// Which may be used.
        pub hv_socket_config: Option<HvSocketSystemConfig> = "HvSocketConfig",
    }

    /// Which Hyper-V sockets a system may use.
    pub struct HvSocketSystemConfig {
        /// Who may bind by default, a security descriptor in SDDL.
        pub default_bind_security_descriptor: String = "DefaultBindSecurityDescriptor",
        /// Who may connect by default, a security descriptor in SDDL.
        pub default_connect_security_descriptor: String = "DefaultConnectSecurityDescriptor",
        /// Services with rules of their own, by service GUID.
        pub service_table: BTreeMap<String, HvSocketServiceConfig> = "ServiceTable",
    }

    /// The rules of a service.
    pub struct HvSocketServiceConfig {
        /// Who may bind, a security descriptor in SDDL.
        pub bind_security_descriptor: String = "BindSecurityDescriptor",
        /// Who may connect, a security descriptor in SDDL.
        pub connect_security_descriptor: String = "ConnectSecurityDescriptor",
        /// Whether a host process may listen for all systems at once.
        pub allow_wildcard_binds: bool = "AllowWildcardBinds",
        /// Whether the service is refused altogether.
        pub disabled: bool = "Disabled",
    }

    /// The addresses of a system in the address family of Hyper-V sockets.
    pub struct HvSocketAddress {
        /// The system's own address, a GUID.
        pub local_address: String = "LocalAddress",
        /// The address of its parent, a GUID.
        pub parent_address: String = "ParentAddress",
    }
}
