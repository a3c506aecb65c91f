//! Frames on a connection.

use std::io::{self, Read};

use gcs_protocol::{Header, MessageType};
use serde::Serialize;

/// A frame that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its header.
    pub header: Header,
    /// Its body.
    pub body: Vec<u8>,
}

/// The bytes of a frame with this value as its body.
///
/// # Errors
/// The value is no JSON, or the frame has more than `limit` bytes.
pub fn encode(
    kind: MessageType,
    id: u64,
    value: &impl Serialize,
    limit: u32,
) -> io::Result<Vec<u8>> {
    // The header's place first, so that the body is not copied.
    let mut bytes = vec![0; Header::LEN];
    serde_json::to_writer(&mut bytes, value)?;
    let too_long = || {
        let text = format!("a message of {} bytes is too long: {limit} are allowed", bytes.len());
        io::Error::new(io::ErrorKind::InvalidData, text)
    };
    if u32::try_from(bytes.len()).map_or(true, |length| length > limit) {
        return Err(too_long());
    }
    let header = Header::new(kind, bytes.len() - Header::LEN, id).map_err(|_| too_long())?.encode();
    bytes[..Header::LEN].copy_from_slice(&header);
    Ok(bytes)
}

/// The bytes of a frame without a body.
pub fn encode_empty(kind: MessageType, id: u64) -> [u8; Header::LEN] {
    Header { kind, body: 0, id }.encode()
}

/// Reads one frame; none at the end of the connection.
///
/// # Errors
/// The connection breaks, ends inside a frame, or the frame is longer than `limit`.
pub fn read(from: &mut impl Read, limit: u32) -> io::Result<Option<Frame>> {
    let mut bytes = [0; Header::LEN];
    let mut filled = 0;
    while filled < bytes.len() {
        match from.read(&mut bytes[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let header = Header::decode(bytes, limit)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    // The memory grows with what comes, not with what the header promises.
    let mut body = Vec::new();
    from.take(header.body.into()).read_to_end(&mut body)?;
    if u32::try_from(body.len()).ok() != Some(header.body) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(Frame { header, body }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{MAX_HELLO, kind};

    #[test]
    fn a_frame_comes_back() {
        let bytes = encode(kind::REQUEST, 7, &"text", 100).expect("short");
        let frame = read(&mut &bytes[..], 100).expect("whole").expect("one");
        assert_eq!((frame.header.kind, frame.header.id), (kind::REQUEST, 7));
        assert_eq!(frame.body, b"\"text\"");
        let empty = encode_empty(kind::WELCOME, 0);
        assert_eq!(read(&mut &empty[..], 16).expect("whole").expect("one").body, b"");
        assert_eq!(read(&mut &b""[..], 100).expect("the end"), None);
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_on_both_sides() {
        let text = "x".repeat(100);
        let kind_of = |error: io::Error| error.kind();
        let refused = encode(kind::HELLO, 0, &text, 117).map_err(kind_of);
        assert_eq!(refused, Err(io::ErrorKind::InvalidData));
        let bytes = encode(kind::HELLO, 0, &text, 118).expect("just fits");
        assert!(read(&mut &bytes[..], 118).is_ok());
        assert_eq!(read(&mut &bytes[..], 117).map_err(kind_of), Err(io::ErrorKind::InvalidData));
    }

    #[test]
    fn a_frame_that_ends_early_is_an_error() {
        let bytes = encode(kind::HELLO, 0, &"text", MAX_HELLO).expect("short");
        for end in 1..bytes.len() {
            let error = read(&mut &bytes[..end], MAX_HELLO).expect_err("not whole");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{end}");
        }
    }

    proptest::proptest! {
        #[test]
        fn garbage_is_no_frame_longer_than_what_came(bytes: Vec<u8>, limit: u32) {
            if let Ok(Some(frame)) = read(&mut &bytes[..], limit) {
                proptest::prop_assert!(frame.body.len() + Header::LEN <= bytes.len());
            }
        }
    }
}
