//! What a process that stays gives back when it has nothing to do.
//!
//! Making a container touches most of a program once. Its pages would stay
//! counted in each worker, though all of them share one copy in the page cache.

use std::ffi::c_void;
use std::fs;

use rustix::mm::{Advice, madvise};

/// What is below the stack pointer and may be in use: the frames of the call that gives
/// the rest back.
const SLACK: usize = 16 << 10;

const PAGE: usize = 4096;

/// Gives free heap, stack that is not in use and unchanged pages of programs back to the
/// kernel. A program's page that is needed again comes from the page cache.
///
/// No other thread may change how the process's programs are mapped meanwhile.
pub fn give_back() {
    let here = 0_u8;
    for mapping in mappings() {
        let Some((start, length)) = mapping.spare(std::ptr::from_ref(&here).addr()) else {
            continue;
        };
        // SAFETY: the pages are a file's, mapped without the right to write and as the file
        // has them, so the kernel reads the same bytes again when they are next touched; or
        // they are of this thread's stack, further below its pointer than its frames go.
        let advised = unsafe { madvise(start as *mut c_void, length, Advice::LinuxDontNeed) };
        if let Err(error) = advised {
            tracing::debug!(%error, "memory could not be given back");
        }
    }
    // Last: what was read above is free by now.
    #[cfg(target_env = "gnu")]
    // SAFETY: it has no precondition; only memory that is not allocated goes.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// A mapping, as `/proc/self/smaps` tells of it.
#[derive(Debug, PartialEq, Eq)]
struct Mapping {
    start: usize,
    end: usize,
    kind: Kind,
    /// Bytes in memory.
    resident: usize,
    /// Bytes that are no file's any more, in memory or swapped out.
    changed: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A part of a file that can't be written to.
    File,
    /// The first thread's stack.
    Stack,
    Other,
}

impl Mapping {
    /// Address and length of what can go, on a thread whose stack pointer is here.
    fn spare(&self, here: usize) -> Option<(usize, usize)> {
        if self.resident == 0 {
            return None;
        }
        match self.kind {
            Kind::File if self.changed == 0 => Some((self.start, self.end - self.start)),
            Kind::Stack if (self.start..self.end).contains(&here) => {
                let end = here.saturating_sub(SLACK) / PAGE * PAGE;
                (end > self.start).then(|| (self.start, end - self.start))
            }
            _ => None,
        }
    }
}

fn mappings() -> Vec<Mapping> {
    parse(&fs::read_to_string("/proc/self/smaps").unwrap_or_default())
}

/// Parses what proc(5) describes: a line for each mapping, and lines of its figures below.
fn parse(smaps: &str) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    for line in smaps.lines() {
        if let Some(mapping) = header(line) {
            mappings.push(mapping);
        } else if let Some(mapping) = mappings.last_mut() {
            let mut fields = line.split_ascii_whitespace();
            let (name, value) = (fields.next(), fields.next().and_then(|text| text.parse().ok()));
            let bytes = value.map(|kilobytes: usize| kilobytes.saturating_mul(1024));
            match (name, bytes) {
                (Some("Rss:"), Some(bytes)) => mapping.resident = bytes,
                (Some("Anonymous:" | "Swap:"), Some(bytes)) => mapping.changed += bytes,
                _ => {}
            }
        }
    }
    mappings
}

fn header(line: &str) -> Option<Mapping> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok().filter(|end| *end > start)?;
    let rights = fields.next()?;
    let kind = match fields.nth(3) {
        Some(path) if path.starts_with('/') && matches!(rights, "r-xp" | "r--p") => Kind::File,
        Some("[stack]") => Kind::Stack,
        _ => Kind::Other,
    };
    Some(Mapping { start, end, kind, resident: 0, changed: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
55d0a000-55d0c000 r-xp 00002000 fe:00 12                         /usr/bin/hcs-worker
Size:                  8 kB
Rss:                   4 kB
Anonymous:             0 kB
Swap:                  0 kB
55d0c000-55d0e000 r--p 00004000 fe:00 12                         /usr/bin/hcs-worker
Rss:                   8 kB
Anonymous:             4 kB
55d0e000-55d10000 rw-p 00006000 fe:00 12                         /usr/bin/hcs-worker
Rss:                   8 kB
Anonymous:             0 kB
55e00000-55e02000 r--p 00000000 fe:00 13                         /usr/lib/locale
Rss:                   0 kB
7f000000-7f100000 rw-p 00000000 00:00 0                          [stack]
Rss:                  64 kB
Anonymous:            64 kB
VmFlags: rd wr mr mw me gd ac
7ffd0000-7ffd1000 r-xp 00000000 00:00 0                          [vdso]
Rss:                   4 kB
";

    fn spare(here: usize) -> Vec<(usize, usize)> {
        parse(SMAPS).iter().filter_map(|mapping| mapping.spare(here)).collect()
    }

    #[test]
    fn only_unchanged_pages_of_files_are_given_back() {
        assert_eq!(spare(0), [(0x55d0_a000, 0x2000)]);
    }

    #[test]
    fn of_a_stack_only_what_is_below_its_frames_is_given_back() {
        assert_eq!(spare(0x7f0f_0123)[1..], [(0x7f00_0000, 0xe_c000)]);
        assert_eq!(spare(0x7f00_3fff).len(), 1, "nothing is far enough below");
    }

    #[test]
    fn swapped_pages_are_changed_ones() {
        let swapped = SMAPS.replace("Swap:                  0", "Swap:                  4");
        assert_eq!(parse(&swapped)[0].changed, 4096);
    }

    #[test]
    fn a_program_goes_on_without_its_pages() {
        let kept = vec![7_u8; 1 << 20];
        give_back();
        assert!(mappings().iter().any(|mapping| mapping.kind == Kind::File));
        assert!(kept.iter().all(|byte| *byte == 7));
    }
}
