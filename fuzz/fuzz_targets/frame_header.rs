//! A header that can be read is written with the same bytes.
#![no_main]

use gcs_protocol::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: ([u8; Header::LEN], u32)| {
    let (bytes, limit) = input;
    if let Ok(header) = Header::decode(bytes, limit) {
        assert!(u64::from(header.body) + 16 <= u64::from(limit));
        assert_eq!(header.encode(), bytes);
    }
});
