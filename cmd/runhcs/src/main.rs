//! An OCI runtime on the compute service.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(runhcs::main())
}
