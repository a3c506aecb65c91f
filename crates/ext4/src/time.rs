//! Times as inodes have them: 34 bits of seconds and 30 of nanoseconds.

pub use tar_stream::Timestamp;

/// The last second that an inode can name, in the year 2446.
const LAST: i64 = 0x3_7fff_ffff;
/// The first, in the year 1901.
const FIRST: i64 = -0x8000_0000;

/// How a time becomes the fields of an inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeEncoding {
    /// The reference's: bits 32 and 33 of the seconds follow the low 32 as they are.
    /// A kernel reads times before 1970, and after 2038, as others than were meant.
    Reference,
    /// The kernel's `ext4_encode_extra_time`: the low 32 bits are signed, and bits 32
    /// and 33 count from there.
    Kernel,
}

impl TimeEncoding {
    /// The low word is the field, the high word the extra field. No time is zero.
    pub(crate) fn encode(self, time: Option<Timestamp>) -> u64 {
        let Some(time) = time else { return 0 };
        match self {
            Self::Reference => reference(time),
            Self::Kernel => kernel(time),
        }
    }

    /// The time that [`encode`](Self::encode) was given, as far as the field tells.
    pub(crate) fn decode(self, field: u64) -> Option<Timestamp> {
        if field == 0 {
            return None;
        }
        let low = i64::from((field & 0xffff_ffff) as u32);
        let epoch = i64::from((field >> 32 & 3) as u32);
        let nanoseconds = (field >> 34 & 0x3fff_ffff) as u32;
        // The low word's own sign, taken off its unsigned value.
        let signed = if low > 0x7fff_ffff { low - (1 << 32) } else { low };
        let seconds = match self {
            Self::Kernel => signed + (epoch << 32),
            Self::Reference if epoch == 0 => signed,
            Self::Reference => low + (epoch << 32),
        };
        Some(Timestamp { seconds, nanoseconds })
    }
}

fn reference(time: Timestamp) -> u64 {
    if time.seconds < FIRST {
        return 0x8000_0000;
    }
    if time.seconds > LAST {
        return LAST.cast_unsigned();
    }
    // A negative number fills the extra word with ones.
    time.seconds.cast_unsigned() | u64::from(time.nanoseconds) << 34
}

fn kernel(time: Timestamp) -> u64 {
    let (seconds, nanoseconds) = match time.seconds {
        seconds if seconds < FIRST => (FIRST, 0),
        seconds if seconds > LAST => (LAST, 0),
        seconds => (seconds, time.nanoseconds),
    };
    let low = seconds.cast_unsigned() & 0xffff_ffff;
    // What is missing to the low word as a signed number, in units of 2^32.
    let epoch = ((seconds + 0x8000_0000) >> 32).cast_unsigned() & 3;
    low | epoch << 32 | u64::from(nanoseconds) << 34
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, nanoseconds: u32) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanoseconds })
    }

    #[test]
    fn both_agree_from_1970_to_2038() {
        for seconds in [1, 1_000_000_000, 0x7fff_ffff] {
            let time = at(seconds, 123_456_789);
            let field = TimeEncoding::Reference.encode(time);
            assert_eq!(field, TimeEncoding::Kernel.encode(time));
            assert_eq!(TimeEncoding::Kernel.decode(field), time);
            assert_eq!(TimeEncoding::Reference.decode(field), time);
        }
    }

    #[test]
    fn the_kernel_reads_back_every_second_it_can_name() {
        for seconds in [FIRST, -1, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x1_8000_0000, LAST] {
            let field = TimeEncoding::Kernel.encode(at(seconds, 1));
            assert_eq!(TimeEncoding::Kernel.decode(field), at(seconds, 1), "{seconds:#x}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_the_nearest() {
        assert_eq!(TimeEncoding::Reference.encode(at(i64::MAX, 5)), 0x3_7fff_ffff);
        assert_eq!(TimeEncoding::Reference.encode(at(i64::MIN, 5)), 0x8000_0000);
        let kernel = TimeEncoding::Kernel;
        assert_eq!(kernel.decode(kernel.encode(at(i64::MAX, 5))), at(LAST, 0));
        assert_eq!(kernel.decode(kernel.encode(at(i64::MIN, 5))), at(FIRST, 0));
    }

    #[test]
    fn before_1970_the_reference_fills_the_extra_word() {
        assert_eq!(TimeEncoding::Reference.encode(at(-1, 7)), u64::MAX);
    }
}
