//! The functions for the service's notifications and for the network services of
//! guests.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in_support::{Failure, Out, Text, exports};
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::HostComputeNetwork::{
    HCN_NOTIFICATION_CALLBACK, HCN_PORT_ACCESS, HCN_PORT_PROTOCOL, HCN_PORT_RANGE_ENTRY,
    HCN_PORT_RANGE_RESERVATION,
};
use windows_sys::core::GUID;

use crate::answer::{by_id, handle_of, settings, unsupported};

exports! {
    fn HcnRegisterServiceCallback(
        callback: HCN_NOTIFICATION_CALLBACK,
        _context: *const c_void,
        handle: Out<*mut c_void>,
    ) -> HResult {
        handle.required()?;
        handle.set(std::ptr::null_mut());
        if callback.is_none() {
            return Err(HResult::E_INVALIDARG);
        }
        Err(Failure::unsupported("HcnRegisterServiceCallback").code)
    }

    fn HcnUnregisterServiceCallback(handle: *const c_void) -> HResult {
        handle_of(handle)
    }

    fn HcnRegisterGuestNetworkServiceCallback(
        service: *const c_void,
        _callback: HCN_NOTIFICATION_CALLBACK,
        _context: *const c_void,
        handle: Out<*mut c_void>,
    ) -> HResult {
        handle.required()?;
        handle.set(std::ptr::null_mut());
        handle_of(service)
    }

    fn HcnUnregisterGuestNetworkServiceCallback(handle: *const c_void) -> HResult {
        handle_of(handle)
    }

    fn HcnCreateGuestNetworkService(
        id: *const GUID,
        settings: Text,
        service: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        service.required()?;
        service.set(std::ptr::null_mut());
        by_id(id)?;
        self::settings("HcnCreateGuestNetworkService", &settings, &result)
    }

    fn HcnCloseGuestNetworkService(service: *const c_void) -> HResult {
        handle_of(service)
    }

    fn HcnModifyGuestNetworkService(
        service: *const c_void,
        _settings: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        result.set(std::ptr::null_mut());
        handle_of(service)
    }

    fn HcnDeleteGuestNetworkService(id: *const GUID, result: Out<*mut u16>) -> HResult {
        by_id(id)?;
        unsupported("HcnDeleteGuestNetworkService", &result)
    }

    fn HcnReserveGuestNetworkServicePort(
        service: *const c_void,
        _protocol: HCN_PORT_PROTOCOL,
        _access: HCN_PORT_ACCESS,
        _port: u16,
        reservation: Out<HANDLE>,
    ) -> HResult {
        reservation.required()?;
        reservation.set(std::ptr::null_mut());
        handle_of(service)
    }

    fn HcnReserveGuestNetworkServicePortRange(
        service: *const c_void,
        _count: u16,
        range: Out<HCN_PORT_RANGE_RESERVATION>,
        reservation: Out<HANDLE>,
    ) -> HResult {
        range.required()?;
        reservation.required()?;
        reservation.set(std::ptr::null_mut());
        handle_of(service)
    }

    fn HcnReleaseGuestNetworkServicePortReservationHandle(reservation: HANDLE) -> HResult {
        handle_of(reservation)
    }

    fn HcnEnumerateGuestNetworkPortReservations(
        count: Out<u32>,
        entries: Out<*mut HCN_PORT_RANGE_ENTRY>,
    ) -> HResult {
        count.required()?;
        entries.required()?;
        count.set(0);
        entries.set(std::ptr::null_mut());
        Err(Failure::unsupported("HcnEnumerateGuestNetworkPortReservations").code)
    }

    /// None are ever given.
    fn HcnFreeGuestNetworkPortReservations(_entries: *mut HCN_PORT_RANGE_ENTRY) -> () {}
}
