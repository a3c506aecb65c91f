//! A client of containerd's CRI plugin: what Kubernetes' node agent calls.
//!
//! Only the messages and fields that tests use, by their numbers in
//! `k8s.io/cri-api`'s `runtime/v1/api.proto`.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(120);

macro_rules! messages {
    ($($name:ident { $($tag:literal $kind:tt $field:ident: $type:ty,)* })*) => {
        $(messages!(@one $name [$($tag $kind $field: $type,)*] []);)*
    };
    (@one $name:ident [] [$($done:tt)*]) => {
        #[derive(Clone, PartialEq, prost::Message)]
        #[allow(missing_docs, reason = "they are the interface's own")]
        pub struct $name { $($done)* }
    };
    (@one $name:ident [$tag:literal text $field:ident: $type:ty, $($rest:tt)*] [$($done:tt)*]) => {
        messages!(@one $name [$($rest)*]
            [$($done)* #[prost(string, tag = $tag)] pub $field: $type,]);
    };
    (@one $name:ident [$tag:literal texts $field:ident: $type:ty, $($rest:tt)*] [$($done:tt)*]) => {
        messages!(@one $name [$($rest)*]
            [$($done)* #[prost(string, repeated, tag = $tag)] pub $field: $type,]);
    };
    (@one $name:ident [$tag:literal map $field:ident: $type:ty, $($rest:tt)*] [$($done:tt)*]) => {
        messages!(@one $name [$($rest)*]
            [$($done)* #[prost(map = "string, string", tag = $tag)] pub $field: $type,]);
    };
    (@one $name:ident [$tag:literal bytes $field:ident: $type:ty, $($rest:tt)*] [$($done:tt)*]) => {
        messages!(@one $name [$($rest)*]
            [$($done)* #[prost(bytes = "vec", tag = $tag)] pub $field: $type,]);
    };
    (@one $name:ident [$tag:literal i32 $field:ident: $type:ty, $($rest:tt)*] [$($done:tt)*]) => {
        messages!(@one $name [$($rest)*]
            [$($done)* #[prost(int32, tag = $tag)] pub $field: $type,]);
    };
    (@one $name:ident [$tag:literal i64 $field:ident: $type:ty, $($rest:tt)*] [$($done:tt)*]) => {
        messages!(@one $name [$($rest)*]
            [$($done)* #[prost(int64, tag = $tag)] pub $field: $type,]);
    };
    (@one $name:ident [$tag:literal u64 $field:ident: $type:ty, $($rest:tt)*] [$($done:tt)*]) => {
        messages!(@one $name [$($rest)*]
            [$($done)* #[prost(uint64, tag = $tag)] pub $field: $type,]);
    };
    (@one $name:ident [$tag:literal one $field:ident: $type:ty, $($rest:tt)*] [$($done:tt)*]) => {
        messages!(@one $name [$($rest)*]
            [$($done)* #[prost(message, optional, tag = $tag)] pub $field: Option<$type>,]);
    };
}

messages! {
    RunPodSandboxRequest { "1" one config: PodSandboxConfig, "2" text runtime_handler: String, }
    PodSandboxConfig {
        "1" one metadata: PodSandboxMetadata,
        "2" text hostname: String,
        "3" text log_directory: String,
        "6" map labels: HashMap<String, String>,
        "8" one linux: LinuxPodSandboxConfig,
    }
    PodSandboxMetadata { "1" text name: String, "2" text uid: String, "3" text namespace: String, }
    LinuxPodSandboxConfig { "1" text cgroup_parent: String, }
    Pod { "1" text pod_sandbox_id: String, }
    CreateContainerRequest {
        "1" text pod_sandbox_id: String,
        "2" one config: ContainerConfig,
        "3" one sandbox_config: PodSandboxConfig,
    }
    ContainerConfig {
        "1" one metadata: ContainerMetadata,
        "2" one image: ImageSpec,
        "3" texts command: Vec<String>,
        "11" text log_path: String,
        "15" one linux: LinuxContainerConfig,
    }
    ContainerMetadata { "1" text name: String, }
    ImageSpec { "1" text image: String, }
    LinuxContainerConfig { "1" one resources: LinuxContainerResources, }
    LinuxContainerResources { "4" i64 memory_limit_in_bytes: i64, }
    Container { "1" text container_id: String, }
    ExecSyncRequest {
        "1" text container_id: String,
        "2" texts cmd: Vec<String>,
        "3" i64 timeout: i64,
    }
    ExecSyncResponse {
        "1" bytes stdout: Vec<u8>,
        "2" bytes stderr: Vec<u8>,
        "3" i32 exit_code: i32,
    }
    ContainerStatsResponse { "1" one stats: ContainerStats, }
    ContainerStats { "2" one cpu: CpuUsage, "3" one memory: MemoryUsage, }
    CpuUsage { "2" one usage_core_nano_seconds: UInt64Value, }
    MemoryUsage { "2" one working_set_bytes: UInt64Value, }
    UInt64Value { "1" u64 value: u64, }
    UpdateContainerResourcesRequest {
        "1" text container_id: String,
        "2" one linux: LinuxContainerResources,
    }
    StopContainerRequest { "1" text container_id: String, "2" i64 timeout: i64, }
    PodSandboxStatusResponse { "1" one status: PodSandboxStatus, }
    PodSandboxStatus { "3" i32 state: i32, "5" one network: PodSandboxNetworkStatus, }
    PodSandboxNetworkStatus { "1" text ip: String, }
    ContainerStatusResponse { "1" one status: ContainerStatus, }
    ContainerStatus { "3" i32 state: i32, "7" i32 exit_code: i32, "10" text reason: String, }
    Empty {}
}

/// A connection to the runtime service.
#[derive(Debug)]
pub struct Cri(Grpc<Channel>);

impl Cri {
    /// Connects to containerd.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn connect(socket: &Path) -> Result<Self, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(format!("unix://{}", socket.display()))?;
        Ok(Self(Grpc::new(endpoint.timeout(LIMIT).connect().await?)))
    }

    /// Makes a call by its method's name.
    ///
    /// # Errors
    /// What containerd answers.
    pub async fn call<I, O>(&mut self, method: &'static str, request: I) -> Result<O, Status>
    where
        I: prost::Message + Send + Sync + 'static,
        O: prost::Message + Default + Send + Sync + 'static,
    {
        self.0.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = format!("/runtime.v1.RuntimeService/{method}");
        let path = PathAndQuery::try_from(path).map_err(|e| Status::internal(e.to_string()))?;
        let codec = ProstCodec::<I, O>::default();
        Ok(self.0.unary(Request::new(request), path, codec).await?.into_inner())
    }
}
