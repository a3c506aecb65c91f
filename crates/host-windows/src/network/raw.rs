//! The functions of computenetwork.dll, and vmcompute.dll's older one.

use std::ffi::c_void;

use windows_sys::core::{GUID, HRESULT};

use crate::dll::{DllError, Library, imports};

/// The DLL of the network service.
pub(super) static COMPUTENETWORK: Library = Library::new("computenetwork.dll");

/// A handle of any kind of object.
pub(super) type Object = *mut c_void;

imports! { COMPUTENETWORK {
    fn HcnEnumerateNetworks(query: *const u16, ids: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnCreateNetwork(id: *const GUID, settings: *const u16, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnOpenNetwork(id: *const GUID, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnModifyNetwork(object: Object, settings: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcnQueryNetworkProperties(object: Object, query: *const u16, properties: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnDeleteNetwork(id: *const GUID, result: *mut *mut u16) -> HRESULT;
    fn HcnCloseNetwork(object: Object) -> HRESULT;

    fn HcnEnumerateEndpoints(query: *const u16, ids: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnCreateEndpoint(network: Object, id: *const GUID, settings: *const u16, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnOpenEndpoint(id: *const GUID, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnModifyEndpoint(object: Object, settings: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcnQueryEndpointProperties(object: Object, query: *const u16, properties: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnDeleteEndpoint(id: *const GUID, result: *mut *mut u16) -> HRESULT;
    fn HcnCloseEndpoint(object: Object) -> HRESULT;

    fn HcnEnumerateNamespaces(query: *const u16, ids: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnCreateNamespace(id: *const GUID, settings: *const u16, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnOpenNamespace(id: *const GUID, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnModifyNamespace(object: Object, settings: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcnQueryNamespaceProperties(object: Object, query: *const u16, properties: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnDeleteNamespace(id: *const GUID, result: *mut *mut u16) -> HRESULT;
    fn HcnCloseNamespace(object: Object) -> HRESULT;

    fn HcnEnumerateLoadBalancers(query: *const u16, ids: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnCreateLoadBalancer(id: *const GUID, settings: *const u16, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnOpenLoadBalancer(id: *const GUID, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnModifyLoadBalancer(object: Object, settings: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcnQueryLoadBalancerProperties(object: Object, query: *const u16, properties: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnDeleteLoadBalancer(id: *const GUID, result: *mut *mut u16) -> HRESULT;
    fn HcnCloseLoadBalancer(object: Object) -> HRESULT;

    fn HcnEnumerateSdnRoutes(query: *const u16, ids: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnCreateSdnRoute(id: *const GUID, settings: *const u16, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnOpenSdnRoute(id: *const GUID, object: *mut Object, result: *mut *mut u16) -> HRESULT;
    fn HcnModifySdnRoute(object: Object, settings: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcnQuerySdnRouteProperties(object: Object, query: *const u16, properties: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcnDeleteSdnRoute(id: *const GUID, result: *mut *mut u16) -> HRESULT;
    fn HcnCloseSdnRoute(object: Object) -> HRESULT;
} }

pub(super) type Called = Result<HRESULT, DllError>;

/// How an object of a kind is made.
#[derive(Clone, Copy)]
pub(super) enum Create {
    Alone(unsafe fn(*const GUID, *const u16, *mut Object, *mut *mut u16) -> Called),
    InNetwork(unsafe fn(Object, *const GUID, *const u16, *mut Object, *mut *mut u16) -> Called),
}

/// The functions of one kind of object.
pub(super) struct Functions {
    /// The kind as the reference names its functions.
    pub(super) noun: &'static str,
    pub(super) enumerate: unsafe fn(*const u16, *mut *mut u16, *mut *mut u16) -> Called,
    pub(super) create: Create,
    pub(super) open: unsafe fn(*const GUID, *mut Object, *mut *mut u16) -> Called,
    pub(super) modify: unsafe fn(Object, *const u16, *mut *mut u16) -> Called,
    pub(super) query: unsafe fn(Object, *const u16, *mut *mut u16, *mut *mut u16) -> Called,
    pub(super) delete: unsafe fn(*const GUID, *mut *mut u16) -> Called,
    pub(super) close: unsafe fn(Object) -> Called,
}

pub(super) static NETWORK: Functions = Functions {
    noun: "Network",
    enumerate: HcnEnumerateNetworks,
    create: Create::Alone(HcnCreateNetwork),
    open: HcnOpenNetwork,
    modify: HcnModifyNetwork,
    query: HcnQueryNetworkProperties,
    delete: HcnDeleteNetwork,
    close: HcnCloseNetwork,
};

pub(super) static ENDPOINT: Functions = Functions {
    noun: "Endpoint",
    enumerate: HcnEnumerateEndpoints,
    create: Create::InNetwork(HcnCreateEndpoint),
    open: HcnOpenEndpoint,
    modify: HcnModifyEndpoint,
    query: HcnQueryEndpointProperties,
    delete: HcnDeleteEndpoint,
    close: HcnCloseEndpoint,
};

pub(super) static NAMESPACE: Functions = Functions {
    noun: "Namespace",
    enumerate: HcnEnumerateNamespaces,
    create: Create::Alone(HcnCreateNamespace),
    open: HcnOpenNamespace,
    modify: HcnModifyNamespace,
    query: HcnQueryNamespaceProperties,
    delete: HcnDeleteNamespace,
    close: HcnCloseNamespace,
};

pub(super) static LOAD_BALANCER: Functions = Functions {
    noun: "LoadBalancer",
    enumerate: HcnEnumerateLoadBalancers,
    create: Create::Alone(HcnCreateLoadBalancer),
    open: HcnOpenLoadBalancer,
    modify: HcnModifyLoadBalancer,
    query: HcnQueryLoadBalancerProperties,
    delete: HcnDeleteLoadBalancer,
    close: HcnCloseLoadBalancer,
};

pub(super) static ROUTE: Functions = Functions {
    noun: "Route",
    enumerate: HcnEnumerateSdnRoutes,
    create: Create::Alone(HcnCreateSdnRoute),
    open: HcnOpenSdnRoute,
    modify: HcnModifySdnRoute,
    query: HcnQuerySdnRouteProperties,
    delete: HcnDeleteSdnRoute,
    close: HcnCloseSdnRoute,
};
