//! The functions for endpoints.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in_support::{Out, Text, exports};
use windows_sys::core::GUID;

use crate::answer::{by_id, handle_of, query, settings, unsupported};

exports! {
    fn HcnEnumerateEndpoints(
        _query: Text,
        list: Out<*mut u16>,
        result: Out<*mut u16>,
    ) -> HResult {
        query("HcnEnumerateEndpoints", &list, &result)
    }

    fn HcnCreateEndpoint(
        network: *const c_void,
        id: *const GUID,
        settings: Text,
        handle: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        handle.required()?;
        handle.set(std::ptr::null_mut());
        handle_of(network)?;
        by_id(id)?;
        self::settings("HcnCreateEndpoint", &settings, &result)
    }

    fn HcnOpenEndpoint(
        id: *const GUID,
        handle: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        handle.required()?;
        handle.set(std::ptr::null_mut());
        by_id(id)?;
        unsupported("HcnOpenEndpoint", &result)
    }

    fn HcnModifyEndpoint(
        handle: *const c_void,
        _settings: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        result.set(std::ptr::null_mut());
        handle_of(handle)
    }

    fn HcnQueryEndpointProperties(
        handle: *const c_void,
        _query: Text,
        properties: Out<*mut u16>,
        result: Out<*mut u16>,
    ) -> HResult {
        properties.required()?;
        properties.set(std::ptr::null_mut());
        result.set(std::ptr::null_mut());
        handle_of(handle)
    }

    fn HcnDeleteEndpoint(id: *const GUID, result: Out<*mut u16>) -> HResult {
        by_id(id)?;
        unsupported("HcnDeleteEndpoint", &result)
    }

    fn HcnCloseEndpoint(handle: *const c_void) -> HResult {
        handle_of(handle)
    }
}
