//! The version of a Windows.

use std::fmt;

/// The version of a Windows, such as 10.0.20348. Versions are ordered: major,
/// minor, build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct OsVersion {
    /// 10 since 2015, in Windows 11 and all servers too.
    pub major: u8,
    /// 0 since 2015.
    pub minor: u8,
    /// The build, one of [`build`](crate::build) where it has a name.
    pub build: u16,
}

impl OsVersion {
    /// A version of its parts.
    pub const fn new(major: u8, minor: u8, build: u16) -> Self {
        Self { major, minor, build }
    }

    /// A version out of one number, as `GetVersion` packs it: from the low end
    /// major (8 bits), minor (8 bits), build (16 bits).
    pub const fn from_packed(packed: u32) -> Self {
        let [major, minor, low, high] = packed.to_le_bytes();
        Self { major, minor, build: u16::from_le_bytes([low, high]) }
    }

    /// The version in one number, as [`OsVersion::from_packed`] reads it.
    pub const fn packed(self) -> u32 {
        let [low, high] = self.build.to_le_bytes();
        u32::from_le_bytes([self.major, self.minor, low, high])
    }
}

impl fmt::Display for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, build } = self;
        write!(f, "{major}.{minor}.{build}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_number_has_the_build_above_and_the_major_below() {
        let version = OsVersion::from_packed(0x4f7c_000a);
        assert_eq!(version, OsVersion::new(10, 0, 20348));
        assert_eq!(version.to_string(), "10.0.20348");
        assert_eq!(OsVersion::from_packed(0x1db1_0106), OsVersion::new(6, 1, 7601));
    }

    proptest! {
        #[test]
        fn a_number_comes_back(packed: u32) {
            prop_assert_eq!(OsVersion::from_packed(packed).packed(), packed);
        }

        #[test]
        fn versions_are_ordered_by_their_parts(a: (u8, u8, u16), b: (u8, u8, u16)) {
            let version = |(major, minor, build)| OsVersion::new(major, minor, build);
            prop_assert_eq!(version(a).cmp(&version(b)), a.cmp(&b));
        }
    }
}
