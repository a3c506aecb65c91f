//! The protobuf messages and ttrpc services that containerd's shim speaks.
//!
//! containerd's own come from the crate `containerd-shim-protos`, those of the
//! reference from `proto/`. Messages are `protobuf` 3 types. A service is a
//! trait to implement, `create_*` to serve it, and a client, all asynchronous:
//!
//! ```no_run
//! # async fn example() -> ttrpc::Result<()> {
//! use shim_protos::shimdiag::{PidRequest, ShimDiagClient};
//! use shim_protos::ttrpc::{asynchronous::Client, context};
//!
//! let diag = ShimDiagClient::new(Client::connect("unix:///run/shim.sock").await?);
//! let answer = diag.diag_pid(context::with_timeout(1_000_000_000), &PidRequest::new()).await?;
//! println!("{}", answer.pid);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod any;
mod generated;
pub mod task;

pub use protobuf;
pub use ttrpc;

/// Options of the runtime, and what `Pids` says of a process.
pub mod runhcs {
    pub use crate::generated::runhcs::*;
}

/// What `Pids` says of a process where containerd's client is Linux's own.
pub mod runc {
    pub use crate::generated::runc::*;
}

/// What `Stats` answers with: `containerd.runhcs.stats.v1`.
pub mod stats {
    pub use containerd_shim_protos::windows::stats::*;
}

/// The service ShimDiag: a look inside a running shim.
pub mod shimdiag {
    pub use crate::generated::{shimdiag::*, shimdiag_ttrpc::*};
}

/// The service ExtendedTask: what containerd asks beyond its task API.
pub mod extendedtask {
    pub use crate::generated::{extendedtask::*, extendedtask_ttrpc::*};
}

/// The service Inspect, which is this project's own: a pod for people to look at.
pub mod inspect {
    pub use crate::generated::{inspect::*, inspect_ttrpc::*};
}

/// The service ComputeAgent: what ncproxy asks of a shim.
pub mod computeagent {
    pub use crate::generated::{computeagent::*, computeagent_ttrpc::*};
}

/// The service NetworkConfigProxy: what a shim asks of ncproxy.
pub mod ncproxy {
    pub use crate::generated::{ncproxyttrpc::*, ncproxyttrpc_ttrpc::*};
}

/// The messages of the node's network service, which ncproxy calls over gRPC.
pub mod nodenetsvc {
    pub use crate::generated::nodenetsvc::*;
}

/// The service Migration: a sandbox moves while it runs.
pub mod migration {
    pub use crate::generated::migration_options as options;
    pub use crate::generated::{migration::*, migration_ttrpc::*};
}

/// What a shim hands to the one that takes its sandbox over.
pub mod save {
    pub use crate::generated::save::*;
}

/// The service that takes events, at the address in `TTRPC_ADDRESS`.
pub mod events {
    pub use containerd_shim_protos::api::ForwardRequest;
    pub use containerd_shim_protos::events::*;
    pub use containerd_shim_protos::shim::event::Envelope;
    pub use containerd_shim_protos::shim_async::{Events, EventsClient, create_events};
    pub use containerd_shim_protos::topics;
}

/// The service Sandbox: containerd's sandbox API.
pub mod sandbox {
    pub use containerd_shim_protos::sandbox_api::*;
    pub use containerd_shim_protos::sandbox_async::{Sandbox, SandboxClient, create_sandbox};
}

/// What containerd and a shim say to each other when it starts.
pub mod bootstrap {
    pub use containerd_shim_protos::bootstrap_api::*;
}

/// What the crate `ttrpc` leaves out of ttrpc's own messages.
pub mod ttrpc_types {
    pub use crate::generated::ttrpc_types::*;
}

/// Types that containerd's messages share.
pub mod types {
    pub use crate::generated::containerd_types::*;
    pub use containerd_shim_protos::types::{introspection, mount, platform, task};
}

/// Statistics of a Linux container, for either version of control groups.
pub mod cgroups {
    pub use containerd_shim_protos::cgroups::metrics as v1;
    pub use containerd_shim_protos::cgroups_v2::metrics as v2;
}
