//! Functions for what a stand-in does not have: virtual machines, and the files and
//! the migration of them.

use hcs_schema::HResult;
use stand_in_support::{Failure, Out, Text, exports};
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_OPERATION, HCS_SYSTEM, HcsOperationTypeNone,
};

use crate::call::{submit_unsupported, system};

exports! {
    fn HcsInitializeLiveMigrationOnSource(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        _options: Text,
    ) -> HResult {
        migration(system, operation)
    }

    fn HcsStartLiveMigrationOnSource(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        _options: Text,
    ) -> HResult {
        migration(system, operation)
    }

    fn HcsStartLiveMigrationTransfer(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        _options: Text,
    ) -> HResult {
        migration(system, operation)
    }

    fn HcsFinalizeLiveMigration(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        _options: Text,
    ) -> HResult {
        migration(system, operation)
    }

    fn HcsCancelLiveMigration(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        _options: Text,
    ) -> HResult {
        migration(system, operation)
    }

    fn HcsGetProcessorCompatibilityFromSavedState(
        file: Text,
        features: Out<*mut u16>,
    ) -> HResult {
        features.set(std::ptr::null_mut());
        of_files(&[file])
    }

    fn HcsSubmitWerReport(settings: Text) -> HResult {
        of_files(&[settings])
    }

    fn HcsCreateEmptyGuestStateFile(file: Text) -> HResult {
        of_files(&[file])
    }

    fn HcsCreateEmptyRuntimeStateFile(file: Text) -> HResult {
        of_files(&[file])
    }

    fn HcsGrantVmAccess(vm: Text, file: Text) -> HResult {
        of_files(&[vm, file])
    }

    fn HcsRevokeVmAccess(vm: Text, file: Text) -> HResult {
        of_files(&[vm, file])
    }

    fn HcsGrantVmGroupAccess(file: Text) -> HResult {
        of_files(&[file])
    }

    fn HcsRevokeVmGroupAccess(file: Text) -> HResult {
        of_files(&[file])
    }
}

fn migration(system: HCS_SYSTEM, operation: HCS_OPERATION) -> Result<(), HResult> {
    let system = self::system(system)?;
    submit_unsupported(system, operation, HcsOperationTypeNone, "live migration")
}

fn of_files(arguments: &[Text]) -> Result<(), HResult> {
    for argument in arguments {
        argument.required()?;
    }
    Err(Failure::unsupported("a file of a virtual machine").code)
}
