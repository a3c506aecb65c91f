//! The states of a compute system and what each call may do in them.
//!
//! Every host asks [`check`] before it acts, so that an invalid call fails with
//! the same code everywhere.

use std::fmt;
use std::str::FromStr;

use crate::Result;
use crate::error::{SystemCode, is_any};

/// The state of a compute system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It is made and nothing runs in it.
    Created,
    /// It runs.
    Running,
    /// All that runs in it is frozen.
    Paused,
    /// It has ended; nothing of it runs any more.
    Stopped,
}

/// A call on a compute system, as far as its state matters for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Start it: [`State::Created`] only.
    Start,
    /// Freeze it: [`State::Running`] only.
    Pause,
    /// Let it go on: [`State::Paused`] only.
    Resume,
    /// Save it: no host does this for a container.
    Save,
    /// Ask it to end: [`State::Running`] only, since what is frozen cannot
    /// answer. It stays in its state until it has ended.
    Shutdown,
    /// End it: in every state but [`State::Stopped`].
    Terminate,
    /// Change it: in every state but [`State::Stopped`].
    Modify,
    /// Ask for its properties: in every state.
    Properties,
    /// Start a process in it: [`State::Running`] only.
    CreateProcess {
        /// It is the first process of a Linux container made from an OCI spec,
        /// which is put into it before its start: [`State::Created`] too.
        init: bool,
    },
}

/// The state after a call, or the service's code for a call that the state
/// forbids: [`SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED`] for a stopped system,
/// [`SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE`] for others,
/// [`SystemCode::ERR_NOT_SUPPORTED`] for [`Operation::Save`].
///
/// ```
/// use compute::error::SystemCode;
/// use compute::state::{Operation, State, check};
///
/// assert_eq!(check(Operation::Start, State::Created), Ok(State::Running));
/// assert_eq!(check(Operation::Resume, State::Running),
///     Err(SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE));
/// ```
pub fn check(operation: Operation, state: State) -> std::result::Result<State, SystemCode> {
    match (operation, state) {
        (Operation::Properties, state) => Ok(state),
        (Operation::Save, _) => Err(SystemCode::ERR_NOT_SUPPORTED),
        (_, State::Stopped) => Err(SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED),
        (Operation::Start, State::Created) => Ok(State::Running),
        (Operation::Pause, State::Running) => Ok(State::Paused),
        (Operation::Resume, State::Paused) => Ok(State::Running),
        (Operation::Shutdown, State::Running) => Ok(State::Running),
        (Operation::Terminate, _) => Ok(State::Stopped),
        (Operation::Modify, state) => Ok(state),
        (Operation::CreateProcess { .. }, State::Running) => Ok(State::Running),
        (Operation::CreateProcess { init: true }, State::Created) => Ok(State::Created),
        _ => Err(SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE),
    }
}

/// The outcome of a shutdown or a terminate as the caller sees it: that the
/// system has stopped, is gone, or is about to stop is what was asked for.
pub fn ignore_ended(outcome: Result<()>) -> Result<()> {
    const ENDED: [SystemCode; 3] = [
        SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED,
        SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST,
        SystemCode::ERR_VMCOMPUTE_OPERATION_PENDING,
    ];
    match outcome {
        Err(error) if is_any(&error, &ENDED) => Ok(()),
        outcome => outcome,
    }
}

impl State {
    /// The name that the documents have: `Created`, `Running`, `Paused`, `Stopped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Stopped => "Stopped",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no state of a compute system: it is Created, Running, Paused or Stopped")]
pub struct UnknownState(String);

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownState> {
        [Self::Created, Self::Running, Self::Paused, Self::Stopped]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    const STATES: [State; 4] = [State::Created, State::Running, State::Paused, State::Stopped];

    /// The whole table: for each call the outcome in each of [`STATES`].
    #[test]
    fn each_call_has_its_outcome_in_each_state() {
        let created = Ok(State::Created);
        let running = Ok(State::Running);
        let paused = Ok(State::Paused);
        let ended = Ok(State::Stopped);
        let invalid = Err(SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE);
        let stopped = Err(SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED);
        let unsupported = Err(SystemCode::ERR_NOT_SUPPORTED);
        let table = [
            (Operation::Start, [running, invalid, invalid, stopped]),
            (Operation::Pause, [invalid, paused, invalid, stopped]),
            (Operation::Resume, [invalid, invalid, running, stopped]),
            (Operation::Save, [unsupported; 4]),
            (Operation::Shutdown, [invalid, running, invalid, stopped]),
            (Operation::Terminate, [ended, ended, ended, stopped]),
            (Operation::Modify, [created, running, paused, stopped]),
            (Operation::Properties, [created, running, paused, ended]),
            (Operation::CreateProcess { init: false }, [invalid, running, invalid, stopped]),
            (Operation::CreateProcess { init: true }, [created, running, invalid, stopped]),
        ];
        for (operation, outcomes) in table {
            for (state, outcome) in STATES.into_iter().zip(outcomes) {
                assert_eq!(check(operation, state), outcome, "{operation:?} in {state}");
            }
        }
    }

    #[test]
    fn a_state_is_read_by_its_name() {
        for state in STATES {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        assert!("running".parse::<State>().is_err());
    }

    #[test]
    fn to_end_what_has_ended_is_no_error() {
        let failed = |code| ignore_ended(Err(Error::system("op", "s", code)));
        assert_eq!(failed(SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED), Ok(()));
        assert_eq!(failed(SystemCode::ERR_VMCOMPUTE_OPERATION_PENDING), Ok(()));
        assert!(failed(SystemCode::ERR_INVALID_DATA).is_err());
    }
}
