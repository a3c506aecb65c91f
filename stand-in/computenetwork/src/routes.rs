//! The functions for routes.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in_support::{Out, Text, exports};
use windows_sys::core::GUID;

use crate::answer::{by_id, handle_of, query, settings, unsupported};

exports! {
    fn HcnEnumerateSdnRoutes(
        _query: Text,
        list: Out<*mut u16>,
        result: Out<*mut u16>,
    ) -> HResult {
        query("HcnEnumerateSdnRoutes", &list, &result)
    }

    fn HcnCreateSdnRoute(
        id: *const GUID,
        settings: Text,
        handle: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        handle.required()?;
        handle.set(std::ptr::null_mut());
        by_id(id)?;
        self::settings("HcnCreateSdnRoute", &settings, &result)
    }

    fn HcnOpenSdnRoute(
        id: *const GUID,
        handle: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        handle.required()?;
        handle.set(std::ptr::null_mut());
        by_id(id)?;
        unsupported("HcnOpenSdnRoute", &result)
    }

    fn HcnModifySdnRoute(
        handle: *const c_void,
        _settings: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        result.set(std::ptr::null_mut());
        handle_of(handle)
    }

    fn HcnQuerySdnRouteProperties(
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

    fn HcnDeleteSdnRoute(id: *const GUID, result: Out<*mut u16>) -> HResult {
        by_id(id)?;
        unsupported("HcnDeleteSdnRoute", &result)
    }

    fn HcnCloseSdnRoute(handle: *const c_void) -> HResult {
        handle_of(handle)
    }
}
