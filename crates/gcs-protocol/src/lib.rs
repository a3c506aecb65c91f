//! The frames of the host-guest bridge: 16-byte headers with JSON bodies.
//!
//! Does: encode and decode frame headers, and name the message types that the
//! reference's bridge uses. One codec serves every private wire of this system:
//! the bridge between host and guest, and the socket between a client and the
//! worker of a compute system.
//!
//! Does not: read or write sockets, or know the JSON bodies.
//!
//! ```
//! use gcs_protocol::{Header, MessageType};
//!
//! let header = Header { kind: MessageType::START, body: 2, id: 7 };
//! let bytes = header.encode();
//! assert_eq!(Header::decode(bytes, 64 * 1024)?, header);
//! # Ok::<(), gcs_protocol::FrameError>(())
//! ```
#![forbid(unsafe_code)]

mod frame;
mod message_type;

pub use frame::{FrameError, Header};
pub use message_type::MessageType;
