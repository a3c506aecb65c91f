//! Credential guard: containers that act as a group managed service account.

use serde_json::Value;

use super::HvSocketServiceConfig;
use crate::document::document;
use crate::string_enum::string_enum;

document! {
    /// The credential guard instance of a container.
    pub struct ContainerCredentialGuardState {
        /// A secret that proves the container to the instance.
        pub cookie: String = "Cookie",
        /// Where the instance listens.
        pub rpc_endpoint: String = "RpcEndpoint",
        /// How it is reached: `LRPC` or `HvSocket`.
        pub transport: String = "Transport",
        /// The credential specification (JSON text).
        pub credential_spec: String = "CredentialSpec",
    }

    /// The credential guard instances of the host.
    pub struct ContainerCredentialGuardSystemInfo {
        /// All of them.
        pub instances: Vec<ContainerCredentialGuardInstance> = "Instances",
    }

    /// A credential guard instance.
    pub struct ContainerCredentialGuardInstance {
        /// The id of its container.
        pub id: String = "Id",
        /// What the container's document has to hold.
        pub credential_guard: Option<ContainerCredentialGuardState> = "CredentialGuard",
        /// The socket that the utility VM has to allow; for the transport `HvSocket`.
        pub hv_socket_config: Option<ContainerCredentialGuardHvSocketServiceConfig> = "HvSocketConfig",
    }

    /// The Hyper-V socket of a credential guard instance.
    pub struct ContainerCredentialGuardHvSocketServiceConfig {
        /// The GUID of its service.
        pub service_id: String = "ServiceId",
        /// The service's rules.
        pub service_config: Option<HvSocketServiceConfig> = "ServiceConfig",
    }

    /// A change to the credential guard instances.
    pub struct ContainerCredentialGuardOperationRequest {
        /// What is done.
        pub operation: ContainerCredentialGuardModifyOperation = "Operation",
        /// A [`ContainerCredentialGuardAddInstanceRequest`] or
        /// [`ContainerCredentialGuardRemoveInstanceRequest`].
        pub operation_details: Option<Value> = "OperationDetails",
    }

    /// An instance to add.
    pub struct ContainerCredentialGuardAddInstanceRequest {
        /// The id of its container.
        pub id: String = "Id",
        /// The credential specification (JSON text).
        pub credential_spec: String = "CredentialSpec",
        /// How it is reached: `LRPC` from the host, `HvSocket` from a utility VM.
        pub transport: String = "Transport",
    }

    /// An instance to remove.
    pub struct ContainerCredentialGuardRemoveInstanceRequest {
        /// The id of its container.
        pub id: String = "Id",
    }
}

string_enum! {
    /// What is done with a credential guard instance.
    pub enum ContainerCredentialGuardModifyOperation {
        /// It is added.
        AddInstance = "AddInstance",
        /// It is removed.
        RemoveInstance = "RemoveInstance",
    }
}
