//! Digests of blobs and of uncompressed layers.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::input::quoted;

const ALGORITHM: &str = "sha256:";
const BLOBS: &str = "blobs/sha256/";

/// A sha256 digest, written `sha256:HEX`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn hex(&self) -> String {
        verity::to_hex(&self.0)
    }

    /// The name that a blob of this digest has in an OCI layout.
    pub(crate) fn blob_name(&self) -> String {
        format!("{BLOBS}{}", self.hex())
    }

    /// The digest that a blob in an OCI layout has by its name.
    pub(crate) fn of_blob_name(name: &str) -> Option<Self> {
        parse_hex(name.strip_prefix(BLOBS)?).ok().map(Self)
    }
}

impl FromStr for Digest {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let hex = text.strip_prefix(ALGORITHM);
        let hex = hex.with_context(|| format!("digest {} is no sha256:HEX", quoted(text)))?;
        parse_hex(hex).map(Self).with_context(|| format!("digest {}", quoted(text)))
    }
}

impl TryFrom<String> for Digest {
    type Error = anyhow::Error;

    fn try_from(text: String) -> anyhow::Result<Self> {
        text.parse()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The 32 bytes of 64 hex digits.
pub(crate) fn parse_hex(text: &str) -> anyhow::Result<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        bail!("not 64 hex digits but {} characters", text.chars().count());
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        let value = high.zip(low).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
        *byte = value.context("not all characters are hex digits")?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_form() {
        let text = format!("sha256:{}", "0a".repeat(32));
        let digest: Digest = text.parse().expect("digest");
        assert_eq!(digest.to_string(), text);
        assert_eq!(digest.blob_name(), format!("blobs/sha256/{}", "0a".repeat(32)));
        assert_eq!(Digest::of_blob_name(&digest.blob_name()), Some(digest));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for text in ["", "sha256:", "sha256:../../etc/passwd", "sha512:00", &"0a".repeat(32)] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
        let odd = format!("sha256:{}", "é".repeat(32));
        assert!(odd.parse::<Digest>().is_err());
        assert!(Digest::of_blob_name("blobs/sha256/x").is_none());
    }
}
