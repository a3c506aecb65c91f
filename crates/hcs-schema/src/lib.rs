//! The JSON documents of the Windows Host Compute Service, schema 1 and schema 2, and its HRESULT
//! values.
//!
//! # Does
//! - gives each document a struct with public fields, and reads and writes it byte for byte as
//!   the reference (hcsshim) does: the order of fields, their names, what is left out;
//! - keeps what it doesn't know: fields in `extra`, values of enumerations in `Other`;
//! - names HRESULTs and Win32 error codes, and says what they mean.
//!
//! # Does not
//! - check that a document makes sense: the compute service does;
//! - call an operating system.
//!
//! # Example
//! ```
//! use hcs_schema::schema2::{ComputeSystem, Container, GuestOs, Memory, Version};
//!
//! let mut system = ComputeSystem {
//!     owner: "example".into(),
//!     schema_version: Some(Version::V21),
//!     container: Some(Container {
//!         guest_os: Some(GuestOs { host_name: "web".into(), ..Default::default() }),
//!         ..Default::default()
//!     }),
//!     ..Default::default()
//! };
//! assert_eq!(
//!     serde_json::to_string(&system)?,
//!     r#"{"Owner":"example","SchemaVersion":{"Major":2,"Minor":1},"Container":{"GuestOs":{"HostName":"web"}}}"#
//! );
//!
//! // A field of a later schema survives.
//! system = serde_json::from_str(r#"{"Container":{"Memory":{"SizeInMB":64,"New":[1]}}}"#)?;
//! let memory: &Memory = system.container.as_ref().and_then(|c| c.memory.as_ref()).unwrap();
//! assert_eq!(memory.size_in_mb, 64);
//! assert_eq!(memory.extra.get("New"), Some(&serde_json::json!([1])));
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # How documents are read
//! `null` reads as the empty value. A field name that differs from a known one in case only is
//! taken for it, as the reference takes it. An error names the fields on the way to the fault:
//! `ComputeSystem.Container: Container.Memory: Memory.SizeInMB: invalid type: ...`.
//!
//! Differences from the reference, all on the side of keeping more: numbers in free-form values
//! keep 64 bits, and characters such as `<` are written as they are rather than escaped.

#![forbid(unsafe_code)]

mod bytes;
mod document;
mod field;
pub mod guest_request;
pub mod hresult;
mod raw_json;
pub mod resource_paths;
mod result;
pub mod schema1;
pub mod schema2;
mod string_enum;
mod system_type;
mod timestamp;

pub use bytes::Bytes;
pub use document::Extra;
pub use hresult::{HResult, Win32Error};
pub use raw_json::RawJson;
pub use result::{ErrorEvent, ResultDocument};
pub use system_type::SystemType;
pub use timestamp::{ParseTimestampError, Timestamp};
