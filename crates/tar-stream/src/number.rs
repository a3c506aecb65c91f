//! The numbers and texts of headers.

use crate::entry::Timestamp;

const NANOSECOND_DIGITS: usize = 9;
const SECOND: u32 = 1_000_000_000;

/// A header's text: what stands before the first NUL.
pub(crate) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A header's number: binary where the first bit is set, else octal.
///
/// None where it is no number or does not fit.
pub(crate) fn numeric(field: &[u8]) -> Option<i64> {
    match field.split_first() {
        Some((first, rest)) if first & 0x80 != 0 => binary(*first, rest),
        _ => octal(field),
    }
}

/// Two's complement, the highest byte first. The highest bit is the mark of the form, and the
/// one below it the sign.
fn binary(first: u8, rest: &[u8]) -> Option<i64> {
    let head = i128::from(first & 0x3f) - i128::from(first & 0x40);
    // Checked, for the multiplication: fields have 12 bytes at most, which i128 holds.
    let value = rest
        .iter()
        .try_fold(head, |value, byte| value.checked_mul(256)?.checked_add(i128::from(*byte)))?;
    i64::try_from(value).ok()
}

/// Digits with any spaces and NULs around them; none at all are 0.
pub(crate) fn octal(field: &[u8]) -> Option<i64> {
    let padding = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !padding(byte)).unwrap_or(field.len());
    let end = field.iter().rposition(|byte| !padding(byte)).map_or(start, |last| last + 1);
    let digits = text(field.get(start..end)?);
    digits.iter().try_fold(0_i64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })
}

/// A decimal number of an extended header, with a sign or without.
pub(crate) fn decimal(text: &[u8]) -> Option<i64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// A time of an extended header: decimal seconds since 1970, with a fraction or without.
///
/// Digits below the nanosecond are dropped. None where it is no such number.
pub(crate) fn time(text: &[u8]) -> Option<Timestamp> {
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let whole = parts.next().unwrap_or_default();
    let fraction = parts.next().unwrap_or_default();
    let seconds = decimal(whole)?;
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(NANOSECOND_DIGITS);
    let nanoseconds = digits.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    if nanoseconds == 0 || !whole.starts_with(b"-") {
        return Some(Timestamp { seconds, nanoseconds });
    }
    // The fraction counts backwards too. At the least second Go's time wraps around.
    Some(Timestamp { seconds: seconds.wrapping_sub(1), nanoseconds: SECOND - nanoseconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_at_the_first_nul() {
        assert_eq!(text(b"ab\0cd\0"), b"ab");
        assert_eq!(text(b"abcd"), b"abcd");
        assert_eq!(text(b"\0abc"), b"");
        assert_eq!(text(b""), b"");
    }

    #[test]
    fn octal_numbers_have_spaces_and_nuls_around_them() {
        assert_eq!(numeric(b"0000644\0"), Some(0o644));
        assert_eq!(numeric(b"\0 17 \0  "), Some(0o17));
        assert_eq!(numeric(b"        "), Some(0));
        assert_eq!(numeric(b""), Some(0));
        assert_eq!(numeric(b"77777777"), Some(0o7777_7777));
        assert_eq!(numeric(b"777777777777"), Some(0o7777_7777_7777));
        // What follows a NUL within is not looked at.
        assert_eq!(numeric(b"12\0x 1  "), Some(0o12));
    }

    #[test]
    fn what_is_no_octal_number_is_refused() {
        for field in [b"8       ", b"1 2     ", b"-1      ", b"0x1     ", b"+1      ", b"1.0     "]
        {
            assert_eq!(numeric(field), None, "{}", field.escape_ascii());
        }
    }

    #[test]
    fn binary_numbers_are_in_twos_complement() {
        assert_eq!(numeric(b"\x80\0\0\x01"), Some(1));
        assert_eq!(numeric(b"\xff\xff\xff\xff"), Some(-1));
        assert_eq!(numeric(b"\xbf\xff"), Some(0x3fff));
        assert_eq!(numeric(b"\xc0\0"), Some(-0x4000));
        assert_eq!(numeric(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), Some(i64::MAX));
        assert_eq!(numeric(b"\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"), Some(i64::MIN));
        assert_eq!(numeric(b"\x80\0\0\0\x80\0\0\0\0\0\0\0"), None);
        assert_eq!(numeric(b"\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(numeric(&[0xbf; 40]), None);
    }

    #[test]
    fn decimal_numbers_may_have_a_sign() {
        assert_eq!(decimal(b"12"), Some(12));
        assert_eq!(decimal(b"+12"), Some(12));
        assert_eq!(decimal(b"-012"), Some(-12));
        assert_eq!(decimal(b"9223372036854775807"), Some(i64::MAX));
        for text in [&b""[..], b"-", b" 1", b"1 ", b"1_0", b"0x1", b"\xff", b"9223372036854775808"]
        {
            assert_eq!(decimal(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn times_have_fractions() {
        let at = |seconds, nanoseconds| Some(Timestamp { seconds, nanoseconds });
        assert_eq!(time(b"1350244992"), at(1_350_244_992, 0));
        assert_eq!(time(b"1.5"), at(1, 500_000_000));
        assert_eq!(time(b"1."), at(1, 0));
        assert_eq!(time(b"+1.000000001"), at(1, 1));
        assert_eq!(time(b"1.1234567899"), at(1, 123_456_789));
        assert_eq!(time(b"-1.5"), at(-2, 500_000_000));
        assert_eq!(time(b"-0.25"), at(-1, 750_000_000));
        assert_eq!(time(b"-1.0000000009"), at(-1, 0));
        assert_eq!(time(b"-9223372036854775808.5"), at(i64::MAX, 500_000_000));
        for text in [&b""[..], b".5", b"1.5.5", b"1.-5", b"1.5 ", b"1.0000000000x", b"x", b"1e5"] {
            assert_eq!(time(text), None, "{}", text.escape_ascii());
        }
    }
}
