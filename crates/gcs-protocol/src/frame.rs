//! The frame header.

use crate::MessageType;

/// What precedes each body on the wire: type (u32), size with the header (u32)
/// and message id (u64), little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the message is.
    pub kind: MessageType,
    /// Bytes of body after the header.
    pub body: u32,
    /// Pairs a response with its request; 0 in a notification.
    pub id: u64,
}

/// Why bytes are not a frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The size field is below the header's own or above the reader's limit.
    #[error("invalid message size {size}: a frame has 16 to {limit} bytes")]
    Size {
        /// The size field.
        size: u32,
        /// What the reader accepts.
        limit: u32,
    },
    /// A body is too large for the size field.
    #[error("a message body of {0} bytes does not fit a frame")]
    Body(usize),
}

impl Header {
    /// Bytes of a header.
    pub const LEN: usize = 16;
    const LEN_U32: u32 = 16;

    /// The header of a body of this length.
    ///
    /// # Errors
    /// [`FrameError::Body`] where frame and body together pass 4 GiB.
    pub fn new(kind: MessageType, body: usize, id: u64) -> Result<Self, FrameError> {
        match u32::try_from(body) {
            Ok(body) if body <= u32::MAX - Self::LEN_U32 => Ok(Self { kind, body, id }),
            _ => Err(FrameError::Body(body)),
        }
    }

    /// The header as it goes on the wire.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&self.kind.0.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.body.saturating_add(Self::LEN_U32).to_le_bytes());
        bytes[8..].copy_from_slice(&self.id.to_le_bytes());
        bytes
    }

    /// Reads a header. A frame, header included, may have `limit` bytes; the
    /// reference's host takes 64 KiB.
    ///
    /// # Errors
    /// [`FrameError::Size`] where the size field lies.
    pub fn decode(bytes: [u8; Self::LEN], limit: u32) -> Result<Self, FrameError> {
        let [k0, k1, k2, k3, s0, s1, s2, s3, id @ ..] = bytes;
        let size = u32::from_le_bytes([s0, s1, s2, s3]);
        match size.checked_sub(Self::LEN_U32) {
            Some(body) if size <= limit => Ok(Self {
                kind: MessageType(u32::from_le_bytes([k0, k1, k2, k3])),
                body,
                id: u64::from_le_bytes(id),
            }),
            _ => Err(FrameError::Size { size, limit }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_has_the_references_layout() {
        let header = Header::new(MessageType::NEGOTIATE_PROTOCOL, 0x20, 5).expect("small");
        assert_eq!(
            header.encode(),
            [0x01, 0x0b, 0x10, 0x10, 0x30, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn a_size_below_the_header_is_refused() {
        let mut bytes = [0; Header::LEN];
        bytes[4] = 15;
        assert_eq!(
            Header::decode(bytes, 1 << 16),
            Err(FrameError::Size { size: 15, limit: 1 << 16 })
        );
    }

    proptest! {
        #[test]
        fn decoding_never_panics_and_inverts_encoding(bytes: [u8; 16], limit: u32) {
            if let Ok(header) = Header::decode(bytes, limit) {
                prop_assert_eq!(header.encode(), bytes);
                prop_assert!(header.body <= limit);
            }
        }
    }
}
