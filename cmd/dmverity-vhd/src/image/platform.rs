//! What an image is made for.

use std::fmt;
use std::str::FromStr;

use anyhow::bail;
use serde::Deserialize;

use crate::input::quoted;

/// An operating system and a processor, by Go's names for them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Platform {
    /// Linux on this machine's processor.
    pub(super) fn of_this_machine() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "powerpc64" => "ppc64",
            "loongarch64" => "loong64",
            same => same,
        };
        Self { os: "linux".into(), architecture: architecture.into(), variant: None }
    }

    /// Whether an image of the other is one of this. One without a variant takes any.
    pub(super) fn takes(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
    }

    /// Whether it stands for no platform: builders say so of what they attest.
    pub(super) fn is_unknown(&self) -> bool {
        self.os == "unknown"
    }
}

impl FromStr for Platform {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => bail!("a platform is OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64"),
        };
        if parts.contains(&"") {
            bail!("a part of the platform is empty");
        }
        Ok(Self {
            os: os.into(),
            architecture: architecture.into(),
            variant: variant.map(String::from),
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}/{}", self.os, self.architecture);
        let text = self.variant.iter().fold(text, |text, variant| format!("{text}/{variant}"));
        f.write_str(&quoted(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().expect("platform")
    }

    #[test]
    fn a_variant_is_asked_for_or_not() {
        assert!(platform("linux/arm").takes(&platform("linux/arm/v7")));
        assert!(platform("linux/arm/v7").takes(&platform("linux/arm/v7")));
        assert!(!platform("linux/arm/v7").takes(&platform("linux/arm/v6")));
        assert!(!platform("linux/arm/v7").takes(&platform("linux/arm")));
        assert!(!platform("linux/arm").takes(&platform("linux/arm64")));
        assert!(!platform("linux/arm").takes(&platform("windows/arm")));
    }

    #[test]
    fn a_platform_has_two_parts_or_three() {
        for text in ["", "linux", "linux/", "linux/arm/v7/x", "/arm"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
        assert_eq!(platform("linux/arm/v7").to_string(), "linux/arm/v7");
    }
}
