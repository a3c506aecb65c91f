//! What a process that stays gives back when it has nothing to do.
//!
//! Making a container touches most of a program once. Its pages would stay
//! counted in each worker, though all of them share one copy in the page cache.

use std::ffi::c_void;
use std::fs;

use rustix::mm::{Advice, madvise};

/// Gives free heap and the pages of program text back to the kernel. Text that
/// is needed again comes from the page cache.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it has no precondition; only memory that is not allocated goes.
    unsafe {
        libc::malloc_trim(0);
    }
    for (start, length) in text_mappings() {
        // SAFETY: the pages are a file's, mapped without the right to write, so
        // the kernel reads the same bytes again when they are next touched.
        let advised = unsafe { madvise(start as *mut c_void, length, Advice::LinuxDontNeed) };
        if let Err(error) = advised {
            tracing::debug!(%error, "program text could not be given back");
        }
    }
}

/// Address and length of each mapped part of a file that can be executed and
/// not written.
fn text_mappings() -> Vec<(usize, usize)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines().filter_map(parse).collect()
}

fn parse(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let is_text = fields.next()? == "r-xp";
    let is_file = fields.nth(3)?.starts_with('/');
    let start = usize::from_str_radix(start, 16).ok()?;
    let length = usize::from_str_radix(end, 16).ok()?.checked_sub(start)?;
    (is_text && is_file).then_some((start, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_of_files_is_given_back() {
        let text = "55d0a000-55d0c000 r-xp 00002000 fe:00 12 /usr/bin/hcs-worker";
        assert_eq!(parse(text), Some((0x55d0_a000, 0x2000)));
        for other in [
            "55d0a000-55d0c000 rw-p 00002000 fe:00 12 /usr/bin/hcs-worker",
            "7ffd000-7ffe000 r-xp 00000000 00:00 0 [vdso]",
            "7ffd000-7ffe000 r-xp 00000000 00:00 0",
            "",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_program_goes_on_without_its_pages() {
        give_back();
        assert!(!text_mappings().is_empty());
    }
}
