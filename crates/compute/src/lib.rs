//! The compute service as traits: systems, processes, events and errors.
//!
//! Does: name what a host of compute systems can do ([`ComputeService`],
//! [`ComputeSystem`], [`Process`]), the errors it gives and how they are
//! classified ([`error`]), what each call may do in which state ([`state`]), the
//! time limits ([`timeouts`]), and a recording fake that can fail any call
//! ([`fake`]).
//!
//! Does not: talk to any service. `host-windows` and `host-linux` do that, and
//! everything above sees only these traits.
//!
//! # Example
//! A function that works on any host, tried on the fake one:
//!
//! ```
//! use compute::fake::FakeService;
//! use compute::{ComputeService, Document, Error, Result, StdioSource, SystemId, error};
//! use hcs_schema::schema2::{self, ProcessParameters};
//!
//! /// Runs one command in a new container, which is gone afterwards.
//! async fn run(host: &dyn ComputeService, id: &SystemId, command: &str) -> Result<i32> {
//!     let document = Document::from(schema2::ComputeSystem {
//!         owner: "example".into(),
//!         should_terminate_on_last_handle_closed: true,
//!         ..Default::default()
//!     });
//!     let system = host.create(id, &document).await?;
//!     system.start().await?;
//!     let parameters = ProcessParameters { command_line: command.into(), ..Default::default() };
//!     let process = system.create_process(&parameters, StdioSource::Pipes).await?;
//!     process.wait().await?;
//!     process.exit_code().await
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let host = FakeService::linux();
//! let id: SystemId = "c1".parse().unwrap();
//! let command = async {
//!     // What the command does: it ends with code 7.
//!     let inside = host.inside("c1").unwrap();
//!     inside.exit_process(inside.pids()[0], 7);
//! };
//! let (code, ()) = tokio::join!(run(&host, &id, "exit 7"), command);
//! assert_eq!(code, Ok(7));
//! assert!(error::is_not_exist(&host.open(&id).await.err().unwrap()));
//!
//! // And where the process cannot be made, nothing is left either.
//! host.fail_next(compute::operation::CREATE_PROCESS, error::Named::OperationDenied);
//! let failed: Error = run(&host, &id, "exit 7").await.unwrap_err();
//! assert_eq!(failed.to_string(), "hcs::System::CreateProcess c1: operation denied");
//! assert!(host.inside("c1").is_none());
//! # });
//! ```

#![forbid(unsafe_code)]

pub mod cpu_group;
pub mod error;
pub mod event;
pub mod fake;
pub mod id;
pub mod operation;
pub mod process;
pub mod processor_info;
pub mod schema_version;
pub mod service;
pub mod state;
pub mod stdio;
pub mod system;
pub mod timeouts;

/// Command lines, split and joined.
pub use command_line;
pub use error::{Error, Result};
pub use event::{EventStream, SystemEvent, SystemExit};
pub use id::SystemId;
pub use process::{ConsoleSize, Process, Signal};
pub use service::{ComputeService, Document};
pub use state::State;
pub use stdio::{ReadPipe, Stdio, StdioSource, WritePipe};
pub use system::ComputeSystem;
