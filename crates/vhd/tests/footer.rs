//! The footer as bytes and at the end of files.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Cursor;

use proptest::prelude::*;
use vhd::{DiskType, Footer, VhdError};

fn footers() -> impl Strategy<Value = Footer> {
    let kind =
        prop_oneof![Just(DiskType::Fixed), Just(DiskType::Dynamic), Just(DiskType::Differencing)];
    let sizes = (0..1_u64 << 62, 0..1_u64 << 62);
    let creator = (any::<[u8; 4]>(), any::<u32>(), any::<[u8; 4]>());
    let rest = prop::collection::vec(any::<u8>(), 427);
    let small = (2..4_u32, any::<u16>(), any::<u64>(), any::<u32>(), any::<[u8; 4]>(), any::<u8>());
    (kind, sizes, creator, rest, small, any::<[u8; 16]>()).prop_map(
        |(disk_type, sizes, creator, rest, small, unique_id)| Footer {
            features: small.0,
            version: 0x0001_0000 | u32::from(small.1),
            data_offset: small.2,
            timestamp: small.3,
            creator_application: creator.0,
            creator_version: creator.1,
            creator_host_os: creator.2,
            original_size: sizes.0,
            current_size: sizes.1,
            geometry: small.4,
            disk_type,
            unique_id,
            saved_state: small.5,
            reserved: rest.try_into().unwrap(),
        },
    )
}

/// Changes bytes of a footer and makes its checksum right again.
fn changed(at: usize, with: &[u8]) -> [u8; 512] {
    let mut bytes = Footer::fixed(4096, [5; 16]).to_bytes();
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes[64..68].fill(0);
    let sum: u32 = bytes.iter().map(|&byte| u32::from(byte)).sum();
    bytes[64..68].copy_from_slice(&(!sum).to_be_bytes());
    bytes
}

proptest! {
    #[test]
    fn what_was_written_is_read(footer in footers()) {
        prop_assert_eq!(Footer::parse(&footer.to_bytes()).unwrap(), footer);
    }

    #[test]
    fn bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 500..520), cookie: bool) {
        if cookie {
            bytes[..8].copy_from_slice(b"conectix");
        }
        let _ = Footer::parse(&bytes);
        let _ = vhd::read(Cursor::new(bytes));
    }

    #[test]
    fn a_flipped_bit_is_refused(bit in 0..512 * 8_usize) {
        let mut bytes = Footer::fixed(4096, [5; 16]).to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Footer::parse(&bytes).is_err());
    }
}

#[test]
fn a_new_footer_has_the_bytes_of_the_reference() {
    let bytes = Footer::fixed(0x0123_4567_8000, [0xab; 16]).to_bytes();
    let mut want = Vec::new();
    want.extend(b"conectix\0\0\0\x02\0\x01\0\0");
    want.extend([0xff; 8]);
    want.extend([0; 8]);
    want.extend([0, 0x0a, 0, 0, 0, 0, 0, 0]);
    want.extend([0, 0, 1, 0x23, 0x45, 0x67, 0x80, 0].repeat(2));
    want.extend([0, 0, 0, 0, 0, 0, 0, 2]);
    let id = [0xab; 16];
    let sum: u32 = want.iter().chain(&id).map(|&byte| u32::from(byte)).sum();
    want.extend((u32::MAX - sum).to_be_bytes());
    want.extend(id);
    want.resize(512, 0);
    assert_eq!(bytes[..], want);
}

#[test]
fn fields_that_cannot_be_are_refused() {
    let parse = |bytes: &[u8]| Footer::parse(bytes).unwrap_err();
    assert!(Footer::parse(&changed(85, &[1])).is_ok());
    assert!(matches!(parse(&[0; 511]), VhdError::Length(511)));
    assert!(matches!(parse(&[0; 512]), VhdError::Cookie));
    assert!(matches!(parse(&changed(11, &[0])), VhdError::Features(0)));
    assert!(matches!(parse(&changed(11, &[6])), VhdError::Features(6)));
    assert!(matches!(parse(&changed(13, &[2])), VhdError::Version(0x0002_0000)));
    assert!(matches!(parse(&changed(63, &[1])), VhdError::DiskType(1)));
    assert!(matches!(parse(&changed(40, &[0x80])), VhdError::Size(_)));
    assert!(matches!(parse(&changed(48, &[0x80])), VhdError::Size(_)));
    let mut bytes = changed(85, &[1]);
    bytes[86] = 1;
    let error = parse(&bytes);
    assert!(matches!(error, VhdError::Checksum { .. }), "{error}");
}

#[test]
fn files_without_a_footer_have_none() {
    for len in [0, 1, 511, 512, 4096] {
        assert!(vhd::read(Cursor::new(vec![0; len])).unwrap().is_none(), "{len}");
    }
}

#[test]
fn the_footer_is_found_behind_any_length() {
    for len in [0, 1, 511, 512, 4096] {
        let mut file = Cursor::new(vec![1; len]);
        assert_eq!(vhd::append(&mut file, [9; 16]).unwrap(), len as u64);
        assert_eq!(file.position(), len as u64 + 512);
        assert_eq!(vhd::read(&mut file).unwrap(), Some(Footer::fixed(len as u64, [9; 16])));
    }
}

#[test]
fn a_disk_that_lost_data_is_refused() {
    let footer = Footer::fixed(4096, [9; 16]).to_bytes();
    let mut file = vec![0; 4095];
    file.extend(footer);
    let error = vhd::read(Cursor::new(file)).unwrap_err();
    let text = "invalid vhd footer: disk of 4096 bytes in a file with 4095";
    assert_eq!(error.to_string(), text);
}
