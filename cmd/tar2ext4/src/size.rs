//! Sizes as people write them.

/// Reads a number of bytes: `4096`, `512K`, `16G`, `1.5G` is none. Units are powers of
/// 1024, with or without `B` or `iB` behind them.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(format!("{unit:?} is none of K, M, G, T")),
    };
    let number: u64 = number.parse().map_err(|_| "a size is a whole number, such as 512M")?;
    number.checked_mul(1 << shift).ok_or_else(|| "the size is beyond 16 EiB".into())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn units_are_powers_of_1024() {
        assert_eq!(parse("4096"), Ok(4096));
        assert_eq!(parse("3k"), Ok(3072));
        assert_eq!(parse("2MiB"), Ok(2 << 20));
        assert_eq!(parse("128G"), Ok(128 << 30));
        assert_eq!(parse("1T"), Ok(1 << 40));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "G", "-1", "1.5G", "1X", "99999999999T"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
