//! The functions for load balancers.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in_support::{Out, Text, exports};
use windows_sys::core::GUID;

use crate::answer::{by_id, handle_of, query, settings, unsupported};

exports! {
    fn HcnEnumerateLoadBalancers(
        _query: Text,
        list: Out<*mut u16>,
        result: Out<*mut u16>,
    ) -> HResult {
        query("HcnEnumerateLoadBalancers", &list, &result)
    }

    fn HcnCreateLoadBalancer(
        id: *const GUID,
        settings: Text,
        handle: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        handle.required()?;
        handle.set(std::ptr::null_mut());
        by_id(id)?;
        self::settings("HcnCreateLoadBalancer", &settings, &result)
    }

    fn HcnOpenLoadBalancer(
        id: *const GUID,
        handle: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        handle.required()?;
        handle.set(std::ptr::null_mut());
        by_id(id)?;
        unsupported("HcnOpenLoadBalancer", &result)
    }

    fn HcnModifyLoadBalancer(
        handle: *const c_void,
        _settings: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        result.set(std::ptr::null_mut());
        handle_of(handle)
    }

    fn HcnQueryLoadBalancerProperties(
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

    fn HcnDeleteLoadBalancer(id: *const GUID, result: Out<*mut u16>) -> HResult {
        by_id(id)?;
        unsupported("HcnDeleteLoadBalancer", &result)
    }

    fn HcnCloseLoadBalancer(handle: *const c_void) -> HResult {
        handle_of(handle)
    }
}
