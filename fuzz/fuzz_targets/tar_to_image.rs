//! Any archive becomes an image that `e2fsck -fn` finds no fault with, the same one each
//! time, or is refused. Needs e2fsck.
#![no_main]

use std::fs::File;
use std::io::{BufReader, Cursor, Seek, SeekFrom, Write};
use std::process::Command;

use ext4::{ConvertOptions, convert_tar_to_ext4};
use libfuzzer_sys::fuzz_target;

const BLOCK: usize = 512;
/// Large enough for all that a small archive holds, but its holes.
const MAX_DISK_SIZE: u64 = 8 << 20;

fuzz_target!(|input: (u8, &[u8])| {
    let (flags, archive) = input;
    let mut options = ConvertOptions::default();
    options.convert_whiteout = flags & 1 != 0;
    options.convert_backslash = flags & 2 != 0;
    options.image.inline_data = flags & 4 != 0;
    options.image.max_disk_size = MAX_DISK_SIZE;
    options.image.max_files = 1000;
    if flags & 8 != 0 {
        options.image.writable = Some(1 << 20);
    }
    let archive = with_checksums(archive);
    // The reference's bytes, whatever e2fsck thinks of them.
    convert(&archive, &options, 4096);
    options.image.fsck_clean = true;
    let image = convert(&archive, &options, 4096);
    assert!(image == convert(&archive, &options, 7));
    if let Some(image) = image {
        check(&image);
    }
});

fn convert(archive: &[u8], options: &ConvertOptions, chunk: usize) -> Option<Vec<u8>> {
    let input = BufReader::with_capacity(chunk, archive);
    let image = convert_tar_to_ext4(input, Cursor::new(Vec::new()), options).ok()?;
    Some(image.into_inner())
}

fn check(image: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    write_without_zeros(file.as_file_mut(), image);
    let fsck = Command::new("e2fsck").arg("-fn").arg(file.path()).output().expect("e2fsck");
    let found = String::from_utf8_lossy(&fsck.stdout);
    assert!(fsck.status.success(), "{}\n{found}", fsck.status);
}

fn write_without_zeros(file: &mut File, image: &[u8]) {
    file.set_len(image.len() as u64).expect("its length");
    for (index, block) in image.chunks(4096).enumerate() {
        if block.iter().any(|byte| *byte != 0) {
            file.seek(SeekFrom::Start(index as u64 * 4096)).expect("seek");
            file.write_all(block).expect("write");
        }
    }
}

/// Mutation seldom hits a checksum: each block that looks like a header gets its own.
fn with_checksums(archive: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    for block in archive.chunks_exact_mut(BLOCK) {
        if &block[257..262] != b"ustar" {
            continue;
        }
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    archive
}
