//! What can be wrong with a profile.

use oci_spec::runtime::LinuxSeccompAction;

/// Why a profile can't be compiled.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule has an empty name among its names.
    #[error("compile seccomp profile: syscalls[{rule}].names has an empty name: remove it")]
    EmptyName {
        /// Position of the rule in the profile's `syscalls`.
        rule: usize,
    },
    /// A rule tests an argument that no system call has.
    #[error("compile seccomp profile: syscalls[{rule}].args: index {index} is above 5, the last")]
    ArgumentIndex {
        /// Position of the rule in the profile's `syscalls`.
        rule: usize,
        /// The index as the profile has it.
        index: usize,
    },
    /// An error number stands beside an action that returns none.
    #[error("compile seccomp profile: {field} is set, but {action} returns no number: remove it")]
    NumberUnused {
        /// The profile's field.
        field: String,
        /// The action beside it.
        action: LinuxSeccompAction,
    },
    /// An error number is larger than the action can return.
    #[error("compile seccomp profile: {field} is {number}, above {limit}, the most of {action}")]
    NumberTooLarge {
        /// The profile's field.
        field: String,
        /// The number as the profile has it.
        number: u32,
        /// The largest number the action takes.
        limit: u32,
        /// The action beside it.
        action: LinuxSeccompAction,
    },
    /// The default action asks a listener, which then could never be reached.
    #[error(
        "compile seccomp profile: SCMP_ACT_NOTIFY can't be the default action: \
         the container could not hand its listener over"
    )]
    NotifyByDefault,
    /// A rule asks a listener about `write`, with which the listener is handed over.
    #[error(
        "compile seccomp profile: syscalls[{rule}]: SCMP_ACT_NOTIFY can't be the action of write: \
         the container could not hand its listener over"
    )]
    NotifyOnWrite {
        /// Position of the rule in the profile's `syscalls`.
        rule: usize,
    },
    /// A rule asks a listener and the profile names none.
    #[error(
        "compile seccomp profile: syscalls[{rule}] has SCMP_ACT_NOTIFY but listenerPath is not \
         set: set it to the socket of the agent that answers"
    )]
    NoListener {
        /// Position of the rule in the profile's `syscalls`.
        rule: usize,
    },
    /// The program has more instructions than the kernel takes.
    #[error(
        "compile seccomp profile: the program has {instructions} instructions, above the \
         kernel's limit of {}: use fewer rules with arguments",
        crate::MAX_INSTRUCTIONS
    )]
    TooLong {
        /// How many instructions the program would have.
        instructions: usize,
    },
}
