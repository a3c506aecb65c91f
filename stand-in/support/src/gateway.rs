//! The way to the gateway.

use hcs_schema::HResult;
use stand_in::Client;
use stand_in::protocol;

use crate::Failure;

/// The connection that the calls of this process share, made at the first one.
///
/// # Errors
/// `HCS_E_SERVICE_NOT_AVAILABLE`: no gateway is there.
pub fn client() -> Result<Client, Failure> {
    crate::thread::stay();
    Client::from_env().map_err(|error| {
        let message = format!(
            "{error}; the stand-in for the Windows service needs hcs-gateway to run, {} to name its address and {} its secret",
            protocol::ADDRESS,
            protocol::SECRET
        );
        Failure::new(HResult::HCS_E_SERVICE_NOT_AVAILABLE, message)
    })
}
