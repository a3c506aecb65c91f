//! How long a call may take.

use std::future::Future;
use std::time::Duration;

use crate::Result;
use crate::error::{Error, Named, Object};

/// The time limits of calls.
///
/// Each has an environment variable with a number of seconds. One that is not
/// set, not a whole number, or not above 0 means the default. The names and
/// defaults are the reference's (`internal/timeout`).
///
/// ```
/// use std::time::Duration;
/// use compute::timeouts::Timeouts;
///
/// let timeouts = Timeouts::from(|name| {
///     (name == "HCSSHIM_TIMEOUT_SYSTEMSTART").then(|| "30".to_owned())
/// });
/// assert_eq!(timeouts.system_start, Duration::from_secs(30));
/// assert_eq!(timeouts.system_create, Duration::from_secs(240));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// To create a compute system: `HCSSHIM_TIMEOUT_SYSTEMCREATE`, 240 s.
    pub system_create: Duration,
    /// To start a compute system: `HCSSHIM_TIMEOUT_SYSTEMSTART`, 240 s.
    pub system_start: Duration,
    /// To pause a compute system: `HCSSHIM_TIMEOUT_SYSTEMPAUSE`, 240 s.
    pub system_pause: Duration,
    /// To resume a compute system: `HCSSHIM_TIMEOUT_SYSTEMRESUME`, 240 s.
    pub system_resume: Duration,
    /// To save a compute system: `HCSSHIM_TIMEOUT_SYSTEMSAVE`, 240 s.
    pub system_save: Duration,
    /// Every other call to the platform: `HCSSHIM_TIMEOUT_SYSCALLWATCHER`, 240 s.
    pub syscall_watcher: Duration,
    /// To turn a tar archive into a VHD: `HCSSHIM_TIMEOUT_TAR2VHD`, 240 s.
    pub tar2vhd: Duration,
    /// For an external command to start: `HCSSHIM_TIMEOUT_EXTERNALCOMMANDSTART`, 240 s.
    pub external_command_start: Duration,
    /// For the output of an external command to be copied:
    /// `HCSSHIM_TIMEOUT_EXTERNALCOMMANDCOMPLETE`, 240 s.
    pub external_command_complete: Duration,
    /// For a disk to come online in a Linux utility VM:
    /// `HCSSHIM_TIMEOUT_TESTDRETRYLOOP`, 5 s.
    pub testd_retry_loop: Duration,
    /// For the guest of a utility VM to connect: `HCSSHIM_TIMEOUT_GCSCONNECTION`, 120 s.
    pub gcs_connection: Duration,
}

impl Timeouts {
    /// The limits that the environment of this process says.
    pub fn from_env() -> Self {
        Self::from(|name| std::env::var(name).ok())
    }

    /// The limits that the variables say; `variable` gives the value of one.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let seconds = |name: &str, default| {
            let set = variable(&format!("HCSSHIM_TIMEOUT_{name}"));
            let set = set.and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
            Duration::from_secs(set.unwrap_or(default))
        };
        Self {
            system_create: seconds("SYSTEMCREATE", 240),
            system_start: seconds("SYSTEMSTART", 240),
            system_pause: seconds("SYSTEMPAUSE", 240),
            system_resume: seconds("SYSTEMRESUME", 240),
            system_save: seconds("SYSTEMSAVE", 240),
            syscall_watcher: seconds("SYSCALLWATCHER", 240),
            tar2vhd: seconds("TAR2VHD", 240),
            external_command_start: seconds("EXTERNALCOMMANDSTART", 240),
            external_command_complete: seconds("EXTERNALCOMMANDCOMPLETE", 240),
            testd_retry_loop: seconds("TESTDRETRYLOOP", 5),
            gcs_connection: seconds("GCSCONNECTION", 120),
        }
    }
}

impl Default for Timeouts {
    /// The limits that hold where no variable is set.
    fn default() -> Self {
        Self::from(|_| None)
    }
}

/// Gives `call` up after `limit`: it is dropped, and the error is
/// [`Named::Timeout`] of the operation and the object.
pub async fn with_timeout<T>(
    limit: Duration,
    operation: &'static str,
    object: Object,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(limit, call).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::about(operation, object, Named::Timeout)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::is_timeout;

    #[test]
    fn what_is_not_a_number_above_zero_means_the_default() {
        for text in ["", "0", "-5", "1.5", "2m", " 7", "99999999999999999999"] {
            assert_eq!(Timeouts::from(|_| Some(text.into())), Timeouts::default(), "{text:?}");
        }
    }

    #[test]
    fn each_limit_has_its_own_variable() {
        let timeouts = Timeouts::from(|name| Some(name.len().to_string()));
        let expected =
            |name: &str| Duration::from_secs(("HCSSHIM_TIMEOUT_".len() + name.len()) as u64);
        assert_eq!(timeouts.system_create, expected("SYSTEMCREATE"));
        assert_eq!(timeouts.external_command_complete, expected("EXTERNALCOMMANDCOMPLETE"));
        assert_eq!(timeouts.tar2vhd, expected("TAR2VHD"));
        assert_eq!(timeouts.gcs_connection, expected("GCSCONNECTION"));
        assert_eq!(Timeouts::default().testd_retry_loop, Duration::from_secs(5));
        assert_eq!(Timeouts::default().gcs_connection, Duration::from_secs(120));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_too_long_is_given_up() {
        let limit = Duration::from_secs(1);
        let object = || Object::System("s1".into());
        let error = with_timeout(limit, "op", object(), std::future::pending::<Result<()>>()).await;
        let error = error.expect_err("a timeout");
        assert!(is_timeout(&error));
        assert_eq!(error.to_string(), "op s1: hcsshim: timeout waiting for notification");
        assert_eq!(with_timeout(limit, "op", object(), async { Ok(5) }).await, Ok(5));
    }
}
