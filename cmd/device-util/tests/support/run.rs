//! Programs that a test runs.

use std::process::{Command, Output};

/// Runs a program to its end.
///
/// Wine, about once in a thousand times, cannot start a program and says that with
/// ERROR_INTERNAL_ERROR, before anything of it runs: it is started once more then.
pub(crate) fn output(command: &mut Command) -> Output {
    const ERROR_INTERNAL_ERROR: i32 = 1359;
    let is_wines = |error: &std::io::Error| {
        cfg!(windows) && error.raw_os_error() == Some(ERROR_INTERNAL_ERROR)
    };
    for _ in 0..3 {
        match command.output() {
            Err(error) if is_wines(&error) => eprintln!("once more: {command:?}: {error}"),
            ran => return ran.expect("run"),
        }
    }
    panic!("{command:?} does not start");
}
