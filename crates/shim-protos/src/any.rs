//! Messages in an envelope that says what they are, as containerd's typeurl makes
//! them: the name alone, where protobuf's own `Any` begins with
//! `type.googleapis.com/`. Both are read.

use protobuf::Message;
pub use protobuf::well_known_types::any::Any;

/// A message that travels in an [`Any`].
pub trait Named: Message {
    /// Its name with its package, which is its type URL.
    const TYPE_URL: &'static str;
}

/// Type URLs of what travels as JSON.
pub mod json {
    /// A container's OCI specification.
    pub const SPEC: &str = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
    /// The process of an exec.
    pub const PROCESS: &str = "types.containerd.io/opencontainers/runtime-spec/1/Process";
    /// An update of a Linux container.
    pub const LINUX_RESOURCES: &str =
        "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";
    /// An update of a Windows container.
    pub const WINDOWS_RESOURCES: &str =
        "types.containerd.io/opencontainers/runtime-spec/1/WindowsResources";
    /// An update that adds a fragment to the security policy.
    pub const POLICY_FRAGMENT: &str = "github.com/Microsoft/hcsshim/pkg/ctrdtaskapi/PolicyFragment";
    /// An update that adds a mount to a running container.
    pub const CONTAINER_MOUNT: &str = "github.com/Microsoft/hcsshim/pkg/ctrdtaskapi/ContainerMount";
}

/// Why an [`Any`] could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnyError {
    /// Another message is in it.
    #[error("failed to unpack a message: it is a {found:?}, not a {wanted:?}")]
    Other {
        /// Its type URL.
        found: String,
        /// The one that was asked for.
        wanted: &'static str,
    },
    /// Its bytes are not such a message.
    #[error("failed to unpack a {wanted:?}")]
    Bytes {
        /// What was asked for.
        wanted: &'static str,
        /// Why.
        #[source]
        source: protobuf::Error,
    },
}

/// Puts a message in its envelope.
///
/// # Errors
/// The message is larger than protobuf allows.
pub fn pack<M: Named>(message: &M) -> protobuf::Result<Any> {
    let value = message.write_to_bytes()?;
    Ok(Any { type_url: M::TYPE_URL.into(), value, ..Any::default() })
}

/// Whether this message is in the envelope.
pub fn is<M: Named>(any: &Any) -> bool {
    any.type_url.rsplit('/').next() == Some(M::TYPE_URL)
}

/// Takes a message out of its envelope.
///
/// # Errors
/// Another message is in it, or what is no message.
pub fn unpack<M: Named>(any: &Any) -> Result<M, AnyError> {
    let wanted = M::TYPE_URL;
    if !is::<M>(any) {
        return Err(AnyError::Other { found: any.type_url.clone(), wanted });
    }
    M::parse_from_bytes(&any.value).map_err(|source| AnyError::Bytes { wanted, source })
}

macro_rules! named {
    ($($message:path = $url:literal,)*) => {
        $(impl Named for $message {
            const TYPE_URL: &'static str = $url;
        })*

        #[cfg(test)]
        mod names {
            #[test]
            fn a_type_url_is_the_name_of_the_message() {
                use protobuf::MessageFull as _;
                $(assert_eq!(<$message>::descriptor().full_name(), $url);)*
            }
        }
    };
}

named! {
    crate::runhcs::Options = "containerd.runhcs.v1.Options",
    crate::runhcs::ProcessDetails = "containerd.runhcs.v1.ProcessDetails",
    crate::runc::ProcessDetails = "containerd.runc.v1.ProcessDetails",
    crate::stats::Statistics = "containerd.runhcs.stats.v1.Statistics",
    crate::cgroups::v1::Metrics = "io.containerd.cgroups.v1.Metrics",
    crate::cgroups::v2::Metrics = "io.containerd.cgroups.v2.Metrics",
    crate::events::task::TaskCreate = "containerd.events.TaskCreate",
    crate::events::task::TaskStart = "containerd.events.TaskStart",
    crate::events::task::TaskDelete = "containerd.events.TaskDelete",
    crate::events::task::TaskExit = "containerd.events.TaskExit",
    crate::events::task::TaskOOM = "containerd.events.TaskOOM",
    crate::events::task::TaskExecAdded = "containerd.events.TaskExecAdded",
    crate::events::task::TaskExecStarted = "containerd.events.TaskExecStarted",
    crate::events::task::TaskPaused = "containerd.events.TaskPaused",
    crate::events::task::TaskResumed = "containerd.events.TaskResumed",
    crate::events::task::TaskCheckpointed = "containerd.events.TaskCheckpointed",
    crate::save::linuxcontainer::Payload = "hcsshim.controller.linuxcontainer.save.v1.Payload",
    crate::save::migration::Payload = "hcsshim.controller.migration.save.v1.Payload",
    crate::save::network::Payload = "hcsshim.controller.network.save.v1.Payload",
    crate::save::pod::Payload = "hcsshim.controller.pod.save.v1.Payload",
    crate::save::process::Payload = "hcsshim.controller.process.save.v1.Payload",
    crate::save::scsi::Payload = "hcsshim.controller.scsi.save.v1.Payload",
    crate::save::vm::Payload = "hcsshim.controller.vm.save.v1.Payload",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::task::{TaskExit, TaskStart};

    #[test]
    fn what_was_packed_is_unpacked() {
        let exit = TaskExit { container_id: "c".into(), exit_status: 3, ..TaskExit::default() };
        let mut any = pack(&exit).expect("pack");
        assert_eq!(any.type_url, "containerd.events.TaskExit");
        assert_eq!(unpack::<TaskExit>(&any).expect("unpack"), exit);
        any.type_url.insert_str(0, "type.googleapis.com/");
        assert_eq!(unpack::<TaskExit>(&any).expect("protobuf's own type URL"), exit);
    }

    #[test]
    fn another_message_is_an_error_with_both_names() {
        let any = pack(&TaskExit::default()).expect("pack");
        let error = unpack::<TaskStart>(&any).expect_err("another").to_string();
        assert!(error.contains("TaskExit") && error.contains("TaskStart"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_message_are_an_error() {
        let mut any = pack(&TaskExit::default()).expect("pack");
        any.value = vec![0x0a, 0x7f];
        assert!(matches!(unpack::<TaskExit>(&any), Err(AnyError::Bytes { .. })));
    }
}
