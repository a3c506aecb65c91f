//! Which containers a host can run without a virtual machine.

use crate::{OsVersion, build};

/// The releases whose containers later hosts keep running.
const STABLE: [u16; 2] = [build::LTSC2022, build::LTSC2025];

/// Whether a host runs a process-isolated container of another version.
///
/// Major and minor must be the host's. Then the builds decide:
///
/// | host | container |
/// |---|---|
/// | before 20348 (Windows Server 2022) | the host's build |
/// | 20348 | the host's build |
/// | 20349 to 26100 | 20348 up to the host's build |
/// | 26101 and later | 26100 up to the host's build |
///
/// That is: since Windows Server 2022 a host runs what is not newer than itself
/// and not older than the last long-term release before it. The host's own build
/// is no such release: Windows Server 2025 runs containers of 2022.
pub fn check_host_and_container_compat(host: OsVersion, container: OsVersion) -> bool {
    if (host.major, host.minor) != (container.major, container.minor) {
        return false;
    }
    if host.build < build::LTSC2022 {
        return host.build == container.build;
    }
    let before_host = STABLE.into_iter().rev().find(|stable| *stable < host.build);
    let floor = before_host.unwrap_or(build::LTSC2022);
    (floor..=host.build).contains(&container.build)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::build::*;

    fn runs(host: u16, container: u16) -> bool {
        let version = |build| OsVersion::new(10, 0, build);
        check_host_and_container_compat(version(host), version(container))
    }

    #[test]
    fn the_table_holds() {
        for (host, container, expected) in [
            (RS5, RS5, true),
            (RS5, RS1, false),
            (V20H2, V20H1, false),
            (LTSC2022 - 1, LTSC2022 - 1, true),
            (LTSC2022, LTSC2022, true),
            (LTSC2022, LTSC2019, false),
            (LTSC2022, LTSC2022 + 1, false),
            (V21H2_WIN11, LTSC2022, true),
            (V21H2_WIN11, V21H2_WIN11, true),
            (V21H2_WIN11, V22H2_WIN11, false),
            (V22H2_WIN11, V21H2_WIN11, true),
            (V23H2, LTSC2022, true),
            (LTSC2025, LTSC2022, true),
            (LTSC2025, V23H2, true),
            (LTSC2025, LTSC2022 - 1, false),
            (LTSC2025 + 1, LTSC2025, true),
            (LTSC2025 + 1, LTSC2025 - 1, false),
            (LTSC2025 + 1, LTSC2022, false),
            (u16::MAX, LTSC2025, true),
            (u16::MAX, u16::MAX, true),
        ] {
            assert_eq!(runs(host, container), expected, "{container} on {host}");
        }
    }

    #[test]
    fn major_and_minor_must_match() {
        let host = OsVersion::new(10, 0, LTSC2022);
        for (major, minor) in [(11, 0), (10, 1), (6, 3)] {
            let container = OsVersion::new(major, minor, LTSC2022);
            assert!(!check_host_and_container_compat(host, container), "{container}");
            assert!(!check_host_and_container_compat(container, host), "{container}");
        }
    }

    proptest! {
        #[test]
        fn a_host_runs_its_own_version(packed: u32) {
            let version = OsVersion::from_packed(packed);
            prop_assert!(check_host_and_container_compat(version, version));
        }

        #[test]
        fn nothing_newer_runs(host: u16, container: u16) {
            prop_assume!(container > host);
            prop_assert!(!runs(host, container));
        }

        #[test]
        fn what_runs_has_no_gap(host in LTSC2022.., a in LTSC2022.., b in LTSC2022..) {
            let (low, high) = (a.min(b), a.max(b).min(host));
            prop_assert!(low > high || !runs(host, low) || runs(host, high));
        }

        #[test]
        fn an_older_host_runs_one_build(host in ..LTSC2022, container: u16) {
            prop_assert_eq!(runs(host, container), host == container);
        }
    }
}
