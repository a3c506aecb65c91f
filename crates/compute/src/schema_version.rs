//! Which version of the schema a document has.

use hcs_schema::schema2::Version;
use osversion::build;

/// Why a version of the schema can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsupportedVersion {
    /// The host's build is older than the version.
    #[error("unsupported on this Windows build")]
    Build,
    /// There is no such version; its JSON.
    #[error("unknown schema version {0}")]
    Unknown(String),
}

/// Whether a host of this build takes documents of a version: 1.0 always, 2.1
/// since build 17763, 2.5 since build 20348.
///
/// # Errors
/// The build is older, or there is no such version.
pub fn check(version: &Version, host_build: u16) -> Result<(), UnsupportedVersion> {
    let since = match (version.major, version.minor) {
        (1, 0) => 0,
        (2, 1) => build::RS5,
        (2, 5) => build::LTSC2022,
        _ => {
            let json = serde_json::to_string(version).unwrap_or_default();
            return Err(UnsupportedVersion::Unknown(json));
        }
    };
    if host_build < since { Err(UnsupportedVersion::Build) } else { Ok(()) }
}

/// The version that documents for a host of this build have: the wanted one where
/// the host takes it, else the host's own (2.1 since build 17763, 1.0 before).
///
/// A wanted version that the host doesn't take is no error, as in the reference;
/// [`check`] tells why it was passed over.
///
/// ```
/// use compute::schema_version::choose;
/// use hcs_schema::schema2::Version;
///
/// assert_eq!(choose(None, 17763), Version::V21);
/// assert_eq!(choose(Some(&Version::V25), 17763), Version::V21);
/// assert_eq!(choose(Some(&Version::V25), 20348), Version::V25);
/// ```
pub fn choose(wanted: Option<&Version>, host_build: u16) -> Version {
    match wanted {
        Some(wanted) if check(wanted, host_build).is_ok() => wanted.clone(),
        _ if host_build >= build::RS5 => Version::V21,
        _ => Version::V10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_need_their_builds() {
        for (version, since) in [(Version::V21, build::RS5), (Version::V25, build::LTSC2022)] {
            assert_eq!(check(&version, since), Ok(()));
            assert_eq!(check(&version, since - 1), Err(UnsupportedVersion::Build));
        }
        assert_eq!(check(&Version::V10, 0), Ok(()));
    }

    #[test]
    fn a_version_that_does_not_exist_is_named() {
        let error = check(&Version::new(2, 0), build::LTSC2025).unwrap_err();
        assert_eq!(error.to_string(), r#"unknown schema version {"Major":2}"#);
        let error = check(&Version::new(3, 4), build::LTSC2025).unwrap_err();
        assert_eq!(error.to_string(), r#"unknown schema version {"Major":3,"Minor":4}"#);
    }

    #[test]
    fn the_host_decides_where_nothing_it_takes_is_wanted() {
        for (wanted, build, chosen) in [
            (None, build::RS4, Version::V10),
            (None, build::RS5, Version::V21),
            (None, build::LTSC2025, Version::V21),
            (Some(Version::V10), build::LTSC2025, Version::V10),
            (Some(Version::V21), build::RS4, Version::V10),
            (Some(Version::V25), build::LTSC2022 - 1, Version::V21),
            (Some(Version::new(9, 9)), build::LTSC2025, Version::V21),
        ] {
            assert_eq!(choose(wanted.as_ref(), build), chosen, "{wanted:?} on {build}");
        }
    }
}
